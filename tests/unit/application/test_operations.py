"""What is done to messages: in order behind them, once, and told once."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.memory.driver import Die, Hang, LoseOutcome, Operation, Refuse
from application.idempotency.request_key import RequestKey
from application.messages.forward_message import ForwardCommand, ForwardMessage
from application.messages.operate import OperateCommand, Operated, OperateOnMessage
from application.messages.read_messages import ListMessages, ListMessagesQuery
from application.messages.read_states import ReadMessageState
from application.messages.record_page_news import RecordPageNews
from application.messages.send_message import SendMessageCommand
from application.pacing.expected_times import ExpectedTimes
from application.ports.message_repository import MessageFilter
from application.ports.page_events import SeenReceipt
from domain.changes import AnyChange, Edited, Reacted, Revoked, Voted
from domain.content import Content, Text
from domain.errors import ConflictError, GoneError, InvalidArgumentError, UnprocessableError
from domain.event import MessageAcked, MessageReacted
from domain.ids import WhatsAppMessageId
from domain.jid import Jid
from domain.message import Message, MessageStatus
from domain.operations import Edit, Pin, PollVote, Reaction, Revoke
from domain.operations import Operation as MessageOperation
from domain.pacing import Pace
from domain.poll_content import Poll
from domain.session import SessionStatus
from tests.contracts.samples import GROUP, outbound

from .world import ANA, BEN, CARLA, SESSION, World, until


def operate(world: World) -> OperateOnMessage:
    return OperateOnMessage(world.database, world.send)


async def do(world: World, operation: MessageOperation, **more: Any) -> Operated:
    command = OperateCommand(operation=operation, **{"wait": timedelta(seconds=5), **more})
    return await operate(world).execute(command)


async def send(world: World, content: Content, **more: Any) -> Message:
    command = SendMessageCommand(session_id=SESSION, to=Jid.from_phone(BEN), content=content, **more)
    return await world.send.execute(command)


def target(message: Message) -> WhatsAppMessageId:
    return WhatsAppMessageId(message.id)


def done_at(world: World, phone: str = BEN) -> list[AnyChange]:
    return world.whatsapp.account(phone).done


async def told(world: World) -> list[str]:
    """The events of changes, in order."""
    kinds = {"message.edited", "message.revoked", "message.reaction", "poll.vote", "message.pinned"}
    return [kind for kind in await world.event_types() if kind in kinds]


async def received(world: World) -> Message:
    async def there() -> Message | None:
        async with world.database.begin() as uow:
            found = await uow.messages.list(MessageFilter(session_id=SESSION), after=None, limit=100)
        return next((message for message in found if not message.from_api), None)

    return await until(there)


async def test_an_edit_shows_on_the_message_at_both_ends_and_is_told_once(world: World) -> None:
    await world.linked()
    message = await world.text("helo")
    done = await do(world, Edit.compose(target(message), "hello"))
    assert done.operation.status is MessageStatus.SENT
    assert (done.operation.chat, done.operation.content) == (
        message.chat,
        Edit(target=message.whatsapp_id, body="hello"),
    )
    assert done.message.shown_content == Text(body="hello")
    assert done.message.state.edited is not None
    (change,) = done_at(world)
    assert isinstance(change, Edited)
    assert (change.body, change.from_me) == ("hello", False)
    # The page tells of it as well.
    await world.text("afterwards")
    assert await told(world) == ["message.edited"]


async def test_operations_follow_the_message_that_is_still_on_its_way(world: World) -> None:
    """An edit of a queued message goes behind it, and what comes after the edit goes behind that."""
    await world.linked()
    world.whatsapp.script(SESSION, Operation.SEND, Hang())
    first = await world.text("first", wait=0)
    edit = await do(world, Edit.compose(target(first), "first, mended"), wait=timedelta(0))
    reaction = await do(world, Reaction.compose(target(first), "👍"), wait=timedelta(0))
    revoke = await do(world, Revoke(target=target(first)), wait=timedelta(0))
    assert [each.operation.status for each in (edit, reaction, revoke)] == [MessageStatus.QUEUED] * 3
    assert done_at(world) == []
    await world.restart.execute(SESSION)  # the page hangs
    await world.message(revoke.operation.id, lambda now: now.status is MessageStatus.SENT)
    assert [type(change) for change in done_at(world)] == [Edited, Reacted, Revoked]
    assert world.phone_bodies() == ["first"]
    assert await told(world) == ["message.edited", "message.reaction", "message.revoked"]


@pytest.mark.parametrize("fault", [Die(after_effect=True), Die(after_effect=False), LoseOutcome()])
async def test_an_operation_whose_outcome_is_lost_is_done_once(world: World, fault: Any) -> None:
    await world.linked()
    message = await world.text("hi")
    world.whatsapp.script(SESSION, Operation.PERFORM, fault)
    done = await do(world, Reaction.compose(target(message), "👍"), wait=timedelta(seconds=8))
    sent = await world.message(done.operation.id, lambda now: now.status is MessageStatus.SENT)
    assert [type(change) for change in done_at(world)] == [Reacted]
    assert await told(world) == ["message.reaction"]
    events = [event.payload for event in await world.events() if event.type == "message.sent"]
    assert [payload.message.id for payload in events].count(sent.id) == 1  # type: ignore[union-attr] # it is of a message


async def test_a_reaction_that_is_done_while_the_connection_is_lost_leaves_with_it(world: World) -> None:
    await world.linked()
    message = await world.text("hi")
    world.whatsapp.miss(SESSION)
    done = await do(world, Reaction.compose(target(message), "👍"), wait=timedelta(0))
    await asyncio.sleep(0.05)
    assert done_at(world) == []
    world.whatsapp.restore_connection(SESSION)
    await world.message(done.operation.id, lambda now: now.status is MessageStatus.SENT)
    assert [type(change) for change in done_at(world)] == [Reacted]


async def test_reactions_replace_each_other_and_are_taken_back(world: World) -> None:
    await world.linked()
    message = await world.text("hi")
    for emoji in ("👍", "❤️", "❤️", "", "👍"):
        done = await do(world, Reaction.compose(target(message), emoji))
        assert done.operation.status is MessageStatus.SENT
        assert [each.emoji for each in done.message.state.present_reactions] == ([emoji] if emoji else [])
    assert [change.emoji for change in done_at(world) if isinstance(change, Reacted)] == ["👍", "❤️", "", "👍"]
    assert await told(world) == ["message.reaction"] * 4


async def test_what_others_do_is_told_and_shown(world: World) -> None:
    await world.linked()
    poll = await send(world, Poll.compose("lunch?", ["yes", "no"]))
    at_ben = WhatsAppMessageId(f"false_{ANA}@c.us_{poll.whatsapp_id.split('_')[2]}")
    world.whatsapp.phone_does(BEN, PollVote(target=at_ben, options=("no",)))
    world.whatsapp.phone_does(BEN, PollVote(target=at_ben, options=("yes",)))
    world.whatsapp.phone_does(BEN, Reaction(target=at_ben, emoji="🍝"))
    await do(world, PollVote(target=target(poll), options=("yes",)))
    voted = await world.message(poll.id, lambda now: len(now.state.present_votes) == 2 and bool(now.state.reactions))
    assert [(result.option, len(result.voters)) for result in voted.state.results(["yes", "no"])] == [
        ("yes", 2),
        ("no", 0),
    ]
    votes = await ReadMessageState(world.database).votes(poll.id)
    assert {(str(vote.by), vote.from_me) for vote in votes.votes} == {(f"{BEN}@c.us", False), (f"{ANA}@c.us", True)}
    assert await told(world) == ["poll.vote", "poll.vote", "message.reaction", "poll.vote"]


async def test_a_message_that_is_edited_and_deleted_by_its_writer_stays_on_record(world: World) -> None:
    await world.linked()
    sent = world.whatsapp.phone_sends(BEN, ANA, "helo")
    message = await received(world)
    world.whatsapp.phone_does(BEN, Edit(target=sent, body="hello"))
    world.whatsapp.phone_does(BEN, Revoke(target=sent))
    shown = await world.message(message.id, lambda now: now.state.revoked is not None)
    assert shown.shown_content == Text(body="hello")
    assert str(shown.state.revoked.by) == f"{BEN}@c.us"  # type: ignore[union-attr] # it was waited for
    assert await told(world) == ["message.edited", "message.revoked"]
    with pytest.raises(GoneError) as caught:
        await do(world, Reaction.compose(target(message), "😢"))
    assert caught.value.reason == "MESSAGE_REVOKED"


async def test_changes_that_came_while_nobody_listened_are_found_and_told_once(world: World) -> None:
    await world.linked()
    mine = await world.text("hi")
    at_ben = WhatsAppMessageId(f"false_{ANA}@c.us_{mine.whatsapp_id.split('_')[2]}")
    await world.stop.execute(SESSION)
    sent = world.whatsapp.phone_sends(BEN, ANA, "while you were out")
    world.whatsapp.phone_does(BEN, Edit(target=sent, body="while you were away"))
    world.whatsapp.phone_does(BEN, Reaction(target=at_ben, emoji="👍"))
    world.whatsapp.mute(SESSION)  # the page has it and doesn't tell: only the look back finds it
    await world.start.execute(SESSION)
    message = await received(world)
    await world.message(message.id, lambda now: now.shown_content == Text(body="while you were away"))
    await world.message(mine.id, lambda now: len(now.state.present_reactions) == 1)
    await world.restart.execute(SESSION)
    await world.status(SessionStatus.WORKING)
    await world.text("after another look")
    assert sorted(await told(world)) == ["message.edited", "message.reaction"]
    arrivals = [event.payload for event in await world.events() if event.type == "message.received"]
    assert len(arrivals) == 1


async def test_a_reaction_that_is_told_before_its_message_is_shown_with_it(world: World) -> None:
    news = RecordPageNews(world.database, world.clock, world.ids, world.waiters)
    message = outbound(session_id=SESSION)
    reaction = Reacted(
        target=message.whatsapp_id,
        chat=message.chat,
        by=message.chat,
        from_me=False,
        at=world.clock.now(),
        emoji="👍",
    )
    await news.changes(SESSION, [reaction])
    await news.changes(SESSION, [reaction, reaction])
    payloads = [event.payload for event in await world.events()]
    assert payloads == [MessageReacted(message_id=None, change=reaction)]
    async with world.database.begin() as uow:
        await uow.messages.add_absent([message])
        assert (await uow.messages.get(message.id)).state.present_reactions == (reaction,)


async def test_a_members_receipt_moves_the_message_on_with_that_member_alone(world: World) -> None:
    news = RecordPageNews(world.database, world.clock, world.ids, world.waiters)
    message = outbound(GROUP, SESSION, status=MessageStatus.SENDING)
    async with world.database.begin() as uow:
        await uow.messages.add_absent([message])
    members = [Jid.from_phone(phone) for phone in (ANA, BEN)]

    def receipt(status: MessageStatus, member: Jid | None = None) -> SeenReceipt:
        return SeenReceipt(whatsapp_id=message.whatsapp_id, status=status, at=world.clock.now(), participant=member)

    await news.receipts(SESSION, [receipt(MessageStatus.READ, members[0])])
    async with world.database.begin() as uow:
        assert (await uow.messages.get(message.id)).status is MessageStatus.SENT
    told_before = await world.event_types()
    assert told_before == ["message.sent", "message.ack"]
    await news.receipts(
        SESSION, [receipt(MessageStatus.READ, members[0]), receipt(MessageStatus.DELIVERED, members[1])]
    )
    await news.receipts(SESSION, [receipt(MessageStatus.DELIVERED)])
    async with world.database.begin() as uow:
        assert (await uow.messages.get(message.id)).status is MessageStatus.DELIVERED
    acks = [event.payload for event in await world.events() if isinstance(event.payload, MessageAcked)]
    assert [(ack.participant, ack.status) for ack in acks] == [
        (members[0], MessageStatus.READ),
        (members[1], MessageStatus.DELIVERED),
        (None, MessageStatus.DELIVERED),
    ]
    receipts = await ReadMessageState(world.database).receipts(message.id)
    assert [(each.participant, each.status) for each in receipts] == [
        (members[0], MessageStatus.READ),
        (members[1], MessageStatus.DELIVERED),
    ]


async def test_what_cant_be_done_is_refused_before_it_is_accepted(world: World) -> None:
    await world.linked()
    mine = await world.text("hi")
    world.whatsapp.phone_sends(BEN, ANA, "yours")
    yours = await received(world)
    poll = await send(world, Poll.compose("?", ["a", "b"]))
    later = await send(world, Text(body="later"), not_before=world.clock.now() + timedelta(hours=1))
    reaction = await do(world, Reaction.compose(target(mine), "👍"))
    refused: list[tuple[MessageOperation, type[Exception], str]] = [
        (Edit.compose(target(yours), "mine"), UnprocessableError, "NOT_AN_OWN_MESSAGE"),
        (Revoke(target=target(yours)), UnprocessableError, "NOT_AN_OWN_MESSAGE"),
        (Edit.compose(target(poll), "no text"), UnprocessableError, "NOT_EDITABLE"),
        (PollVote(target=target(mine), options=("a",)), UnprocessableError, "NOT_A_POLL"),
        (PollVote(target=target(poll), options=("c",)), InvalidArgumentError, "UNKNOWN_POLL_OPTION"),
        (PollVote(target=target(poll), options=("a", "b")), InvalidArgumentError, "TOO_MANY_POLL_OPTIONS"),
        (Edit.compose(target(later), "sooner"), ConflictError, "TARGET_NOT_SENT"),
        (Reaction.compose(target(reaction.operation), "👍"), InvalidArgumentError, "INVALID_TARGET"),
        (Reaction.compose(WhatsAppMessageId("nonsense"), "👍"), InvalidArgumentError, "INVALID_MESSAGE_ID"),
    ]
    for operation, kind, reason in refused:
        with pytest.raises(kind) as caught:
            await do(world, operation)
        assert caught.value.reason == reason, operation  # type: ignore[attr-defined] # they have a reason
    assert [type(change) for change in done_at(world)] == [Reacted]


async def test_what_is_too_old_is_refused(world: World) -> None:
    await world.linked()
    for age, make, reason in (
        (timedelta(minutes=16), lambda old: Edit.compose(old, "x"), "EDIT_TOO_LATE"),
        (timedelta(hours=61), lambda old: Revoke(target=old), "REVOKE_TOO_LATE"),
    ):
        sent_at = world.clock.now() - age
        old = outbound(Jid.from_phone(BEN), SESSION, status=MessageStatus.READ, sent_at=sent_at, created_at=sent_at)
        async with world.database.begin() as uow:
            await uow.messages.add_absent([old])
        with pytest.raises(UnprocessableError) as caught:
            await do(world, make(target(old)))
        assert caught.value.reason == reason


async def test_a_reaction_by_message_goes_to_the_chat_of_its_message(world: World) -> None:
    """As Meta's Cloud API sends them: a message of the type reaction."""
    await world.linked()
    mine = await world.text("hi")
    sent = await send(world, Reaction.compose(mine.whatsapp_id, "👍"))
    assert sent.status is MessageStatus.SENT
    lid = world.whatsapp.account(BEN).lid
    for to in (lid, Jid.parse("15550109999@c.us")):
        command = SendMessageCommand(session_id=SESSION, to=to, content=Reaction.compose(mine.whatsapp_id, "❤️"))
        with pytest.raises(InvalidArgumentError) as caught:
            await world.send.execute(command)
        assert caught.value.reason == "INVALID_TARGET"


async def test_an_operation_with_a_key_is_done_once_and_answered_alike(world: World) -> None:
    await world.linked()
    mine = await world.text("hi")
    key = RequestKey(scope="tests", key="react once")
    first = await do(world, Reaction.compose(target(mine), "👍"), request=key)
    await do(world, Reaction.compose(target(mine), ""))
    again = await do(world, Reaction.compose(target(mine), "👍"), request=key)
    assert again.operation.id == first.operation.id
    assert again.message.state.present_reactions == ()
    with pytest.raises(UnprocessableError) as caught:
        await do(world, Reaction.compose(target(mine), "❤️"), request=key)
    assert caught.value.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_lists_leave_operations_out(world: World) -> None:
    await world.linked()
    mine = await world.text("hi")
    await do(world, Pin.compose(target(mine), timedelta(days=7)))

    async def listed(*types: str) -> list[type]:
        query = ListMessagesQuery(criteria=MessageFilter(types=frozenset(types)))
        listing = ListMessages(world.database, ExpectedTimes(world.clock, Pace()))
        return [type(message.content) for message in (await listing.execute(query)).items]

    assert await listed() == [Text]
    assert await listed("pin") == [Pin]


async def test_a_message_is_forwarded_as_it_shows_now(world: World) -> None:
    await world.linked()
    mine = await world.text("helo")
    await do(world, Edit.compose(target(mine), "hello"))
    forward = ForwardMessage(world.database, world.send)
    sent = await forward.execute(ForwardCommand(message_id=mine.id, to=Jid.from_phone(BEN)))
    assert (sent.forwarded, sent.content) == (True, Text(body="hello"))
    assert world.phone_bodies() == ["helo", "hello"]
    reaction = await do(world, Reaction.compose(target(mine), "👍"))
    with pytest.raises(UnprocessableError) as caught:
        await forward.execute(ForwardCommand(message_id=reaction.operation.id, to=Jid.from_phone(BEN)))
    assert caught.value.reason == "NOT_FORWARDABLE"


async def test_a_key_forwards_once_whatever_became_of_the_message_since(world: World) -> None:
    await world.linked()
    mine = await world.text("helo")
    forward = ForwardMessage(world.database, world.send)
    command = ForwardCommand(
        message_id=mine.id, to=Jid.from_phone(BEN), request=RequestKey(scope="tests", key="forward once")
    )
    sent = await forward.execute(command)
    await do(world, Edit.compose(target(mine), "hello"))
    assert (await forward.execute(command)).id == sent.id
    await do(world, Revoke(target=target(mine)))
    assert (await forward.execute(command)).id == sent.id
    with pytest.raises(UnprocessableError) as caught:
        await forward.execute(replace(command, to=Jid.from_phone(CARLA)))
    assert caught.value.reason == "IDEMPOTENCY_KEY_REUSED"
    with pytest.raises(GoneError):
        await forward.execute(replace(command, request=None))


async def test_an_operation_on_what_whatsapp_doesnt_have_fails_with_its_reason(world: World) -> None:
    await world.linked()
    await world.text("hi")
    unknown = WhatsAppMessageId(f"false_{BEN}@c.us_3EB0FFFFFFFFFFFFFFFFFF")
    with pytest.raises(UnprocessableError) as caught:
        await send(world, Reaction.compose(unknown, "👍"))
    assert caught.value.reason == "TARGET_UNKNOWN"


@pytest.mark.parametrize("lacks_the_message", [True, False])
async def test_where_the_answer_was_lost_and_the_next_try_is_refused_nothing_is_claimed(
    world: World, lacks_the_message: bool
) -> None:
    """The next page came up from an older snapshot, or what the first try did hasn't come to it yet: it can't tell."""
    await world.linked()
    message = await world.text("hi")
    world.whatsapp.script(SESSION, Operation.PERFORM, LoseOutcome())
    if not lacks_the_message:
        refused = UnprocessableError("SEND_REFUSED", "No.")
        world.whatsapp.script(SESSION, Operation.PERFORM, Refuse(refused))
    done = await do(world, Reaction.compose(target(message), "👍"), wait=timedelta(0))

    async def has_come() -> list[AnyChange] | None:
        return done_at(world) or None

    await until(has_come)
    profile = world.whatsapp.profile(SESSION)
    if lacks_the_message:
        profile.messages.clear()
    profile.states.clear()
    failed = await world.message(done.operation.id, lambda now: now.status is MessageStatus.FAILED)
    assert failed.failure is not None
    assert failed.failure.reason == "OUTCOME_UNKNOWN"
    assert [type(change) for change in done_at(world)] == [Reacted]


async def test_votes_are_changes_of_their_own_whoever_tells_them(world: World) -> None:
    news = RecordPageNews(world.database, world.clock, world.ids, world.waiters)
    ben = Jid.from_phone(BEN)
    at = world.clock.now()

    def vote(option: str, seconds: int) -> Voted:
        return Voted(
            target=WhatsAppMessageId("true_x"),
            chat=ben,
            by=ben,
            from_me=False,
            at=at + timedelta(seconds=seconds),
            options=(option,),
        )

    told_in_a_muddle = [vote("b", 2), vote("a", 1), vote("b", 2), vote("b", 3)]
    await asyncio.gather(*[news.changes(SESSION, told_in_a_muddle) for _ in range(3)])
    assert await told(world) == ["poll.vote"]
