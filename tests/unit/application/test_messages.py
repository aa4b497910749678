import asyncio
from datetime import timedelta

import pytest

from adapters.memory.driver import Die, Hang, LoseOutcome, MemoryWhatsApp, Operation, Refuse
from application.events.list_events import ListEvents, ListEventsQuery
from application.events.selection import EventSelection
from application.events.stream_events import StreamEvents, StreamEventsQuery
from application.messages.read_messages import ListMessages, ListMessagesQuery
from application.messages.send_message import SendMessageCommand
from application.pacing.expected_times import ExpectedTimes
from application.ports.message_repository import MessageFilter
from domain.content import Text
from domain.errors import ConflictError, InvalidArgumentError, RateLimitedError, UnprocessableError
from domain.event import MessageReceived
from domain.message import Direction, MessageStatus
from domain.pacing import Pace
from domain.session import SessionStatus

from .world import ANA, BEN, CARLA, SESSION, HastyClock, World, running, until

LEFT = {MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ}


async def test_a_text_goes_out_and_its_receipts_come_back(world: World) -> None:
    world.whatsapp.account(BEN).reads = True
    await world.linked()
    message = await world.text("hello")
    assert message.status in LEFT
    await world.message(message.id, lambda now: now.status is MessageStatus.READ)
    assert world.phone_bodies() == ["hello"]
    told = [kind for kind in await world.event_types() if kind.startswith("message.")]
    assert told[:2] == ["message.queued", "message.sent"]
    assert told.count("message.sent") == 1
    assert told[2:] == ["message.ack"] * len(told[2:])


async def test_an_answer_comes_in_once(world: World) -> None:
    await world.linked()
    world.whatsapp.phone_sends(BEN, ANA, "pong")

    async def received() -> MessageReceived | None:
        payloads = [event.payload for event in await world.events()]
        found = [payload for payload in payloads if isinstance(payload, MessageReceived)]
        return found[0] if found else None

    message = (await until(received)).message
    assert (message.direction, message.sender.phone, message.from_api) == (Direction.INBOUND, BEN, False)
    await world.restart.execute(SESSION)
    await world.status(SessionStatus.WORKING)
    await world.text("after the restart, when the page was read again")
    assert (await world.event_types()).count("message.received") == 1


async def test_a_message_written_on_the_phone_is_told_as_sent(world: World) -> None:
    await world.linked()
    world.whatsapp.phone_sends(ANA, BEN, "from my phone")

    async def sent() -> bool | None:
        return "message.sent" in await world.event_types() or None

    await until(sent)


async def test_what_came_while_the_session_was_stopped_is_ingested(world: World) -> None:
    await world.linked()
    await world.stop.execute(SESSION)
    for number in range(3):
        world.whatsapp.phone_sends(BEN, ANA, str(number))
    await world.start.execute(SESSION)

    async def all_there() -> list[str] | None:
        bodies = [
            event.payload.message.content.body  # type: ignore[union-attr]  # only texts were sent
            for event in await world.events()
            if isinstance(event.payload, MessageReceived)
        ]
        return bodies if len(bodies) >= 3 else None

    assert await until(all_there) == ["0", "1", "2"]


async def test_a_missed_page_event_is_found_at_the_next_connect(world: World) -> None:
    await world.linked()
    world.whatsapp.mute(SESSION)
    world.whatsapp.phone_sends(BEN, ANA, "missed")
    world.whatsapp.mute(SESSION, muted=False)
    world.whatsapp.drop_connection(SESSION)
    world.whatsapp.restore_connection(SESSION)

    async def found() -> MessageReceived | None:
        payloads = [event.payload for event in await world.events()]
        return next((payload for payload in payloads if isinstance(payload, MessageReceived)), None)

    assert (await until(found)).message.backfilled


async def test_an_unknown_number_is_refused_and_nothing_is_accepted(world: World) -> None:
    await world.linked()
    with pytest.raises(UnprocessableError) as caught:
        await world.text("hello", to="15559999999")
    assert caught.value.reason == "NUMBER_NOT_ON_WHATSAPP"
    assert "message.queued" not in await world.event_types()


async def test_a_session_that_does_not_work_accepts_nothing(world: World) -> None:
    await world.linked()
    await world.stop.execute(SESSION)
    with pytest.raises(ConflictError) as caught:
        await world.text("hello")
    assert (caught.value.reason, caught.value.metadata["status"]) == ("SESSION_NOT_WORKING", "STOPPED")


async def test_a_refusal_by_whatsapp_is_told_with_its_reason(world: World) -> None:
    await world.linked()
    refusal = RateLimitedError("REACHOUT_TIMELOCK", "WhatsApp restricts new chats.")
    world.whatsapp.script(SESSION, Operation.SEND, Refuse(refusal))
    with pytest.raises(RateLimitedError) as caught:
        await world.text("hello")
    assert caught.value.reason == "REACHOUT_TIMELOCK"
    failed = await world.message(caught.value.metadata["message_id"], lambda now: now.failure is not None)
    assert failed.status is MessageStatus.FAILED
    assert (await world.event_types())[-2:] == ["message.failed", "session.restricted"]


@pytest.mark.parametrize("fault", [LoseOutcome(), Die(after_effect=True), Die(after_effect=False)])
async def test_a_send_of_unknown_outcome_arrives_exactly_once(world: World, fault: LoseOutcome | Die) -> None:
    await world.linked()
    world.whatsapp.script(SESSION, Operation.SEND, fault)
    message = await world.text("once")
    await world.message(message.id, lambda now: now.status in LEFT)
    assert world.phone_bodies() == ["once"]
    assert (await world.event_types()).count("message.sent") == 1


async def test_what_was_in_flight_when_the_gateway_stopped_leaves_with_the_next(
    clock: HastyClock, whatsapp: MemoryWhatsApp
) -> None:
    async with running(World(clock, whatsapp)) as first:
        await first.linked()
        whatsapp.script(SESSION, Operation.SEND, Die(after_effect=True))
        message = await first.text("once", wait=0)
    async with running(World(clock, whatsapp, first.database)) as second:
        await second.message(message.id, lambda now: now.status in LEFT)
    assert second.phone_bodies() == ["once"]


async def test_messages_of_a_chat_leave_in_the_order_of_their_acceptance(world: World) -> None:
    await world.linked()
    messages = [await world.text(str(number), to=phone, wait=0) for number in range(10) for phone in (BEN, CARLA)]
    await asyncio.gather(*(world.message(message.id, lambda now: now.status in LEFT) for message in messages))
    assert world.phone_bodies(BEN) == world.phone_bodies(CARLA) == [str(number) for number in range(10)]


async def test_a_reply_names_a_message_of_this_session(world: World) -> None:
    await world.linked()
    first = await world.text("question")
    command = SendMessageCommand(session_id=SESSION, to=first.chat, content=Text(body="more"), reply_to=first.id)
    assert (await world.send.execute(command)).reply_to == first.whatsapp_id
    with pytest.raises(InvalidArgumentError) as caught:
        await world.send.execute(
            SendMessageCommand(session_id=SESSION, to=first.chat, content=Text(body="x"), reply_to="\n")
        )
    assert caught.value.reason == "INVALID_REPLY"


async def test_messages_are_listed_in_pages_newest_first(world: World) -> None:
    await world.linked()
    sent = [await world.text(str(number)) for number in range(5)]
    listing, token, seen = ListMessages(world.database, ExpectedTimes(world.clock, Pace())), None, []
    while True:
        query = ListMessagesQuery(criteria=MessageFilter(session_id=SESSION), page_token=token, limit=2)
        page = await listing.execute(query)
        seen += [message.id for message in page.items]
        token = page.next_page_token
        if token is None:
            break
    assert seen == [message.id for message in reversed(sent)]
    with pytest.raises(InvalidArgumentError) as caught:
        await listing.execute(ListMessagesQuery(criteria=MessageFilter(), page_token="nonsense"))
    assert caught.value.reason == "INVALID_PAGE_TOKEN"


async def test_a_stream_resumes_where_its_cursor_stands(world: World) -> None:
    await world.linked()
    before = await ListEvents(world.database).execute(ListEventsQuery(selection=EventSelection()))
    selection = EventSelection.parse(session_id=SESSION, types="message.received,message.sent")
    stream = await StreamEvents(world.database, world.feed).execute(
        StreamEventsQuery(selection=selection, after=before.cursor)
    )
    await world.text("one")
    world.whatsapp.phone_sends(BEN, ANA, "two")
    async with asyncio.timeout(5):
        types = [(await anext(stream)).type for _ in range(2)]
    assert types == ["message.sent", "message.received"]
    with pytest.raises(InvalidArgumentError) as caught:
        await StreamEvents(world.database, world.feed).execute(
            StreamEventsQuery(selection=EventSelection(), after=10**9)
        )
    assert caught.value.reason == "INVALID_CURSOR"
    with pytest.raises(InvalidArgumentError, match=r"message\.ack"):
        EventSelection.parse(types="message.unheard_of")


async def test_an_impatient_sender_gets_the_message_as_it_stands(world: World) -> None:
    await world.linked()
    message = await world.text("later", wait=0)
    assert message.status in {MessageStatus.QUEUED, MessageStatus.SENDING}
    done = await world.message(message.id, lambda now: now.sent_at is not None)
    assert done.sent_at is not None
    assert done.sent_at - message.created_at < timedelta(seconds=5)


async def test_a_session_made_again_does_not_send_what_the_deleted_one_was_asked_to(world: World) -> None:
    await world.linked()
    world.whatsapp.script(SESSION, Operation.SEND, Hang())
    unsent = [await world.text(body, wait=0) for body in ("with the page", "behind it")]
    await world.message(unsent[0].id, lambda now: now.status is MessageStatus.SENDING)
    await world.delete.execute(SESSION)
    for message in unsent:
        failed = await world.message(message.id, lambda now: now.failure is not None)
        assert failed.failure is not None
        assert failed.failure.reason == "SESSION_DELETED"
    await world.linked()
    await world.text("in time")
    assert world.phone_bodies() == ["in time"]
