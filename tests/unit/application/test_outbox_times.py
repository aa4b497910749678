import asyncio
from datetime import UTC, datetime, timedelta
from typing import override

import pytest

from adapters.memory.driver import Hang, LoseOutcome, MemoryWhatsApp, Operation
from application.idempotency.request_key import RequestKey
from application.messages.cancel_message import CancelMessage
from application.messages.expire_messages import ExpireMessages
from application.messages.send_message import SendMessageCommand
from application.workers.housekeeper import KEPT_ANSWERS, Housekeeper
from domain.content import Text
from domain.errors import ConflictError, InvalidArgumentError
from domain.jid import Jid
from domain.message import Message, MessageStatus
from domain.session import SessionStatus

from .world import BEN, CARLA, SESSION, HastyClock, World, running, until

LEFT = {MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ}


class SettableClock(HastyClock):
    """Runs, and can be set forward and back."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    @override
    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


def expire(world: World) -> ExpireMessages:
    return ExpireMessages(world.database, world.clock, world.ids, world.waiters)


def cancel(world: World) -> CancelMessage:
    return CancelMessage(world.database, world.clock, world.ids, world.supervisor, world.waiters)


async def send(
    world: World,
    body: str,
    *,
    to: str = BEN,
    not_before: timedelta | None = None,
    deadline: timedelta | None = None,
    wait: float = 0,
) -> Message:
    now = world.clock.now()
    return await world.send.execute(
        SendMessageCommand(
            session_id=SESSION,
            to=Jid.from_phone(to),
            content=Text(body=body),
            not_before=None if not_before is None else now + not_before,
            deadline=None if deadline is None else now + deadline,
            wait=timedelta(seconds=wait),
        )
    )


async def test_a_scheduled_send_asked_for_again_is_answered_at_once(world: World) -> None:
    await world.linked()
    command = SendMessageCommand(
        session_id=SESSION,
        to=Jid.from_phone(BEN),
        content=Text(body="later"),
        not_before=world.clock.now() + timedelta(hours=1),
        wait=timedelta(seconds=60),
        request=RequestKey(scope="key:1", key="1"),
    )
    async with asyncio.timeout(5):
        first, again = [await world.send.execute(command) for _ in range(2)]
    assert (again.id, again.status) == (first.id, MessageStatus.QUEUED)


async def test_a_scheduled_message_leaves_at_its_time_and_holds_nobody_up(world: World, clock: SettableClock) -> None:
    await world.linked()
    later = await send(world, "later", not_before=timedelta(hours=1), wait=60)
    assert (later.status, later.not_before is not None) == (MessageStatus.QUEUED, True)
    await send(world, "now", wait=5)
    assert world.phone_bodies() == ["now"]
    clock.ahead = timedelta(hours=2)
    await world.message(later.id, lambda now: now.status in LEFT)
    assert world.phone_bodies() == ["now", "later"]


async def test_a_time_that_has_passed_means_now(world: World) -> None:
    await world.linked()
    message = await send(world, "now", not_before=timedelta(hours=-1), wait=5)
    assert (message.status in LEFT, message.not_before) == (True, None)


async def test_a_message_is_given_up_at_its_deadline(world: World, clock: SettableClock) -> None:
    await world.linked()
    world.whatsapp.script(SESSION, Operation.SEND, Hang())
    await send(world, "holds the chat")
    waiting = asyncio.create_task(send(world, "in vain", deadline=timedelta(minutes=1), wait=30))

    async def both_queued() -> bool | None:
        return (await world.event_types()).count("message.queued") == 2 or None

    await until(both_queued)
    assert await expire(world).execute() == 0
    clock.ahead = timedelta(minutes=2)
    assert await expire(world).execute() == 1
    expired = await waiting
    assert expired.status is MessageStatus.EXPIRED
    assert (await world.event_types())[-1] == "message.expired"
    assert await expire(world).execute() == 0


async def test_a_session_that_stands_still_lets_its_messages_expire(world: World, clock: SettableClock) -> None:
    await world.linked()
    message = await send(world, "x", not_before=timedelta(hours=1), deadline=timedelta(hours=2))
    await world.stop.execute(SESSION)
    clock.ahead = timedelta(hours=3)
    assert await expire(world).execute() == 1
    await world.message(message.id, lambda now: now.status is MessageStatus.EXPIRED)


async def test_what_left_with_its_outcome_unknown_is_told_as_sent_after_its_deadline(
    world: World, clock: SettableClock
) -> None:
    await world.linked()
    world.whatsapp.script(SESSION, Operation.SEND, LoseOutcome())
    message = await send(world, "left", deadline=timedelta(minutes=1))

    async def left() -> bool | None:
        return world.phone_bodies() == ["left"] or None

    await until(left)  # a dispatcher that has just begun takes it from the queue
    clock.ahead = timedelta(minutes=2)
    await world.message(message.id, lambda now: now.status in LEFT)
    assert world.phone_bodies() == ["left"]


async def test_what_the_page_never_had_is_not_sent_after_its_deadline(
    clock: SettableClock, whatsapp: MemoryWhatsApp
) -> None:
    async with running(World(clock, whatsapp)) as first:
        await first.linked()
        whatsapp.script(SESSION, Operation.SEND, Hang())
        message = await send(first, "too late", deadline=timedelta(minutes=1))
        await first.message(message.id, lambda now: now.status is MessageStatus.SENDING)
    clock.ahead = timedelta(minutes=2)
    async with running(World(clock, whatsapp, first.database)) as second:
        await second.message(message.id, lambda now: now.status is MessageStatus.EXPIRED)
        assert (await send(second, "next", wait=5)).status in LEFT
    assert second.phone_bodies() == ["next"]


@pytest.mark.parametrize(
    ("not_before", "deadline", "reason", "field"),
    [
        (None, timedelta(0), "INVALID_DEADLINE", "deadline"),
        (None, timedelta(days=-1), "INVALID_DEADLINE", "deadline"),
        (timedelta(hours=2), timedelta(hours=1), "INVALID_DEADLINE", "deadline"),
        (timedelta(days=367), None, "INVALID_NOT_BEFORE", "not_before"),
    ],
)
async def test_times_that_make_no_sense(
    world: World, not_before: timedelta | None, deadline: timedelta | None, reason: str, field: str
) -> None:
    await world.linked()
    with pytest.raises(InvalidArgumentError) as caught:
        await send(world, "x", not_before=not_before, deadline=deadline)
    assert (caught.value.reason, caught.value.field) == (reason, field)
    assert "message.queued" not in await world.event_types()


async def test_what_is_queued_can_be_taken_back(world: World) -> None:
    await world.linked()
    world.whatsapp.script(SESSION, Operation.SEND, Hang())
    first = await send(world, "with the page")
    second = await send(world, "behind it")
    assert (await cancel(world).execute(second.id)).status is MessageStatus.CANCELED
    assert (await cancel(world).execute(second.id)).status is MessageStatus.CANCELED
    await world.message(first.id, lambda now: now.status is MessageStatus.SENDING)
    with pytest.raises(ConflictError) as caught:
        await cancel(world).execute(first.id)
    assert (caught.value.reason, caught.value.metadata["status"]) == ("MESSAGE_NOT_CANCELABLE", "SENDING")
    assert (await world.event_types()).count("message.canceled") == 1
    await world.restart.execute(SESSION)
    await world.message(first.id, lambda now: now.status in LEFT)
    assert world.phone_bodies() == ["with the page"]


async def test_canceling_races_with_the_dispatcher(world: World) -> None:
    await world.linked()
    messages = [await send(world, str(number), to=to) for number in range(20) for to in (BEN, CARLA)]

    async def take_back(message: Message) -> bool:
        try:
            await cancel(world).execute(message.id)
        except ConflictError:
            return False
        return True

    taken = await asyncio.gather(*(take_back(message) for message in reversed(messages)))
    kept = [message for message, back in zip(reversed(messages), taken, strict=True) if not back]
    for message in kept:
        await world.message(message.id, lambda now: now.status in LEFT)
    assert len(world.phone_bodies(BEN) + world.phone_bodies(CARLA)) == len(kept)


async def test_a_session_on_its_way_back_takes_messages(world: World) -> None:
    await world.linked()
    world.whatsapp.drop_connection(SESSION)
    await world.status(SessionStatus.DEGRADED)
    message = await send(world, "when you are back")
    assert message.status is MessageStatus.QUEUED
    world.whatsapp.restore_connection(SESSION)
    await world.message(message.id, lambda now: now.status in LEFT)
    assert world.phone_bodies() == ["when you are back"]


async def test_the_housekeeper_expires_and_forgets(world: World, clock: SettableClock) -> None:
    await world.linked()
    await send(world, "x", not_before=timedelta(hours=1), deadline=timedelta(hours=2))
    request = RequestKey(scope="key:1", key="old").of("x", {})
    then = clock.now() - KEPT_ANSWERS - timedelta(minutes=1)
    async with world.database.begin() as uow:
        await uow.idempotency.claim(request, now=then, busy_until=then)
        await uow.idempotency.answer(request, {})

    async def expired() -> bool | None:
        return "message.expired" in await world.event_types() or None

    keeper = asyncio.create_task(Housekeeper(world.database, clock, expire(world)).run())
    try:
        async with asyncio.timeout(5):
            while True:
                async with world.database.begin() as uow:
                    if await uow.idempotency.find(request) is None:
                        break
            clock.ahead = timedelta(hours=3)
            await until(expired)
    finally:
        keeper.cancel()
