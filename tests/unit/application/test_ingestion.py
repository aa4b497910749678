"""What comes in is told exactly once, however it is told: live, twice, late, out of order, or not at all."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import override

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory.database import MemoryDatabase
from adapters.memory.driver import MemoryWhatsApp, MemoryWhatsAppDriver, Operation, Refuse
from adapters.system.ulid_generator import UlidGenerator
from application.media.outgoing_files import OutgoingFiles
from application.messages.record_page_news import RecordPageNews
from application.messages.waiters import MessageWaiters
from application.ports.clock import Clock
from application.ports.page_events import Connected, MessagesSeen, ReceiptsSeen, SeenMessage, SeenReceipt
from application.workers.dispatcher import OutboxDispatcher
from application.workers.governor import Governor
from application.workers.keeper_settings import KeeperSettings
from application.workers.page_life import PageLife
from application.workers.session_record import SessionRecord
from domain.content import Text
from domain.errors import UnavailableError
from domain.event import Event, MessageAcked, MessageReceived, MessageSent
from domain.ids import WhatsAppMessageId
from domain.jid import Jid
from domain.message import RECEIPTS, Message, MessageStatus, advances
from domain.pacing import Pace
from domain.session import SessionStatus, StatusReason
from tests.contracts.samples import NOON, SALES

from .world import ANA, BEN, CARLA, SESSION, HastyClock, World, running, until


class FastClock(Clock):
    """Time that runs faster than ours, and jumps when it is told to."""

    def __init__(self, speed: float = 300) -> None:
        self._speed = speed
        self._start = time.monotonic()
        self.ahead = timedelta(0)

    @override
    def now(self) -> datetime:
        return NOON + self.ahead + timedelta(seconds=(time.monotonic() - self._start) * self._speed)

    @override
    def elapsed(self) -> timedelta:
        return timedelta(seconds=asyncio.get_running_loop().time())

    @override
    async def sleep(self, span: timedelta) -> None:
        await asyncio.sleep(span.total_seconds() / self._speed)


@pytest.fixture
def clock() -> FastClock:
    return FastClock()


def received(events: Sequence[Event]) -> list[Message]:
    return [event.payload.message for event in events if isinstance(event.payload, MessageReceived)]


def bodies(messages: Sequence[Message]) -> list[str]:
    return [message.content.body for message in messages if isinstance(message.content, Text)]


async def until_received(world: World, count: int) -> list[Message]:
    async def all_there() -> list[Message] | None:
        messages = received(await world.events())
        return messages if len(messages) >= count else None

    return await until(all_there, 15)


async def test_a_message_that_the_page_missed_to_tell_is_found(world: World) -> None:
    await world.linked()
    world.whatsapp.mute(SESSION)
    world.whatsapp.phone_sends(BEN, ANA, "untold")
    world.whatsapp.mute(SESSION, muted=False)
    (message,) = await until_received(world, 1)
    assert (bodies([message]), message.backfilled) == (["untold"], True)


async def test_a_receipt_that_the_page_missed_to_tell_is_found(world: World) -> None:
    await world.linked()
    sent = await world.text("hello")
    world.whatsapp.mute(SESSION)
    world.whatsapp.phone_reads(BEN, ANA)
    world.whatsapp.mute(SESSION, muted=False)
    await world.message(sent.id, lambda now: now.status is MessageStatus.READ)
    told = [event.payload.status for event in await world.events() if isinstance(event.payload, MessageAcked)]
    assert told == sorted(set(told), key=[MessageStatus.DELIVERED, MessageStatus.READ].index)


async def test_a_message_told_twice_and_on_two_pages_is_received_once(world: World) -> None:
    await world.linked()
    world.whatsapp.phone_sends(BEN, ANA, "once")
    await until_received(world, 1)
    (seen,) = world.whatsapp.profile(SESSION).messages.values()
    world.whatsapp.page(SESSION).tell(MessagesSeen(messages=(seen, seen)))
    world.whatsapp.kill_page(SESSION)

    async def another_page() -> bool | None:
        page = world.whatsapp.profile(SESSION).page
        return True if page is not None and page.connected else None

    await until(another_page)
    world.whatsapp.page(SESSION).tell(MessagesSeen(messages=(seen,)))
    world.whatsapp.page(SESSION).tell(MessagesSeen(messages=(seen,), backfilled=True))
    world.whatsapp.phone_sends(BEN, ANA, "then")
    assert bodies(await until_received(world, 2)) == ["once", "then"]


async def test_each_reconnect_takes_what_was_missed_oldest_first_and_marked(world: World) -> None:
    await world.linked()
    expected: list[str] = []
    for reconnect in range(3):
        world.whatsapp.mute(SESSION)
        for number in range(4):
            expected.append(f"{reconnect}.{number}")
            world.whatsapp.phone_sends((BEN, CARLA)[number % 2], ANA, expected[-1])
        world.whatsapp.mute(SESSION, muted=False)
        world.whatsapp.drop_connection(SESSION)
        world.whatsapp.restore_connection(SESSION)
        await until_received(world, len(expected))
    messages = received(await world.events())
    assert bodies(messages) == expected
    assert {message.backfilled for message in messages} == {True}


async def test_more_than_one_look_gives_is_taken_whole(world: World) -> None:
    await world.linked()
    world.whatsapp.mute(SESSION)
    for number in range(2_300):
        world.whatsapp.phone_sends(BEN, ANA, str(number))
    world.whatsapp.mute(SESSION, muted=False)
    world.whatsapp.drop_connection(SESSION)
    world.whatsapp.restore_connection(SESSION)
    assert bodies(await until_received(world, 2_300)) == [str(number) for number in range(2_300)]


async def test_an_absence_longer_than_a_look_back_loses_nothing(clock: FastClock, whatsapp: MemoryWhatsApp) -> None:
    database = MemoryDatabase()
    async with running(World(clock, whatsapp, database)) as world:
        await world.linked()
        world.whatsapp.phone_sends(BEN, ANA, "before")
        await until_received(world, 1)
    # The page's storage gets a message that no gateway hears of.
    whatsapp.profile(SESSION).messages[WhatsAppMessageId(f"false_{BEN}@c.us_3EB0FF")] = seen("3EB0FF", clock.now())
    clock.ahead += timedelta(days=30)
    async with running(World(clock, whatsapp, database)) as world:
        messages = await until_received(world, 2)
    assert bodies(messages) == ["before", "3EB0FF"]
    assert [message.backfilled for message in messages] == [False, True]


async def test_what_a_page_tells_before_it_is_connected_doesnt_shorten_the_look_back(
    clock: FastClock, whatsapp: MemoryWhatsApp
) -> None:
    world = World(clock, whatsapp)
    async with running(world):
        await world.linked()
    whatsapp.profile(SESSION).messages[WhatsAppMessageId(f"false_{BEN}@c.us_3EB0FF")] = seen("3EB0FF", clock.now())
    clock.ahead += timedelta(days=30)
    page = await MemoryWhatsAppDriver(whatsapp).open(SESSION, 1)
    async with aclosing(page.events()) as signing_in:
        while not isinstance(await anext(signing_in), Connected):
            pass
    # What waited at WhatsApp's servers is told while the page signs in.
    whatsapp.page(SESSION).tell(MessagesSeen(messages=(seen("3EB0AA", clock.now()),)))
    whatsapp.page(SESSION).connect()
    record = SessionRecord(SESSION, world.database, world.codes, world.bus, clock, world.ids)
    await record.observe(SessionStatus.STARTING, StatusReason.SYNCING)
    news = RecordPageNews(world.database, clock, world.ids, world.waiters)
    governor = Governor(SESSION, Pace(), clock, world.ids, lambda: 0.5)
    dispatcher = OutboxDispatcher(
        SESSION, world.database, clock, world.ids, world.waiters, OutgoingFiles(world.media_store), governor
    )
    session, settings = await world.session(), KeeperSettings()
    life = asyncio.create_task(
        PageLife(
            *(session, page, record, news, dispatcher, clock, settings),
            jitter=lambda: 0.5,
            on_up=lambda: None,
            may_recycle=lambda: False,
            may_restore=lambda: False,
        ).run()
    )
    assert bodies(await until_received(world, 2)) == ["3EB0AA", "3EB0FF"]
    whatsapp.kill_page(SESSION)
    await life


async def test_looks_go_on_until_the_page_answers(world: World) -> None:
    away = Refuse(UnavailableError("PAGE_UNAVAILABLE", "It is busy."))
    for _ in range(7):
        world.whatsapp.script(SESSION, Operation.RECENT, away)
    await world.linked()
    world.whatsapp.profile(SESSION).messages[WhatsAppMessageId(f"false_{BEN}@c.us_3EB0FF")] = seen(
        "3EB0FF", world.clock.now()
    )
    assert "3EB0FF" in bodies(await until_received(world, 1))


# What follows calls the use case itself.


def seen(name: str, at: datetime = NOON, **changes: object) -> SeenMessage:
    fields: dict[str, object] = {
        "whatsapp_id": WhatsAppMessageId(f"false_{BEN}@c.us_{name}"),
        "chat": Jid.from_phone(BEN),
        "sender": Jid.from_phone(BEN),
        "recipient": Jid.from_phone(ANA),
        "from_me": False,
        "content": Text(body=name),
        "timestamp": at,
        "status": MessageStatus.DELIVERED,
    }
    return SeenMessage(**(fields | changes))  # type: ignore[arg-type]  # a test's short cut


def recorder(database: MemoryDatabase) -> RecordPageNews:
    clock = HastyClock()
    return RecordPageNews(database, clock, UlidGenerator(clock), MessageWaiters())


async def log_of(database: MemoryDatabase) -> list[Event]:
    await database.settle()
    return list(await database.read(after=0, limit=10_000))


tellings = st.lists(
    st.tuples(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6), st.booleans()), min_size=1, max_size=8
)


@given(tellings)
@settings(max_examples=100)
def test_whatever_is_told_at_once_is_stored_once(told: list[tuple[list[str], bool]]) -> None:
    async def scenario() -> None:
        database = MemoryDatabase()
        news = recorder(database)
        added = await asyncio.gather(
            *(news.messages(SALES, [seen(name) for name in names], backfilled=backfilled) for names, backfilled in told)
        )
        names = {name for mine, _ in told for name in mine}
        assert sorted(bodies(received(await log_of(database)))) == sorted(names)
        assert sum(added) == len(names)

    asyncio.run(scenario())


receipts = st.lists(
    st.tuples(st.sampled_from(sorted(RECEIPTS)), st.sampled_from(["receipt", "look", "news"])), min_size=1, max_size=12
)


@given(receipts, st.booleans())
@settings(max_examples=200)
def test_receipts_move_forward_only(told: list[tuple[MessageStatus, str]], at_once: bool) -> None:
    """In whatever order, how often and by which way they are told."""

    async def scenario() -> None:
        database = MemoryDatabase()
        news = recorder(database)
        own = seen("own", from_me=True, sender=Jid.from_phone(ANA), status=MessageStatus.SENT)
        await news.messages(SALES, [own], backfilled=False)

        async def tell(status: MessageStatus, way: str) -> None:
            if way == "receipt":
                await news.receipts(SALES, [SeenReceipt(whatsapp_id=own.whatsapp_id, status=status, at=NOON)])
            else:
                again = seen("own", from_me=True, sender=Jid.from_phone(ANA), status=status)
                await news.messages(SALES, [again], backfilled=way == "look")

        if at_once:
            await asyncio.gather(*(tell(status, way) for status, way in told))
        else:
            for status, way in told:
                await tell(status, way)
        async with database.begin() as uow:
            (message,) = (await uow.messages.look_up(SALES, [own.whatsapp_id])).values()
        assert not any(advances(message.status, status) for status, _ in told)
        events = [event.payload for event in await log_of(database)]
        assert sum(isinstance(payload, MessageSent) for payload in events) == 1
        acks = [payload.status for payload in events if isinstance(payload, MessageAcked)]
        assert all(advances(before, after) for before, after in pairwise(acks))
        assert not acks or acks[-1] is message.status

    asyncio.run(scenario())


async def test_a_look_that_finds_nothing_new_waits_for_nobody_and_writes_nothing() -> None:
    commits: list[None] = []
    database = MemoryDatabase(lambda: commits.append(None))
    news = recorder(database)
    known = [seen("a"), seen("b", status=MessageStatus.READ)]
    await news.messages(SALES, known, backfilled=False)
    commits.clear()
    async with asyncio.timeout(5), database.begin() as holder:
        await holder.messages.lock(SALES, [message.whatsapp_id for message in known])
        assert await news.messages(SALES, [*known, seen("b", status=MessageStatus.SENT)], backfilled=True) == 0
    assert commits == []


async def test_the_page_tells_receipts_before_its_message(world: World) -> None:
    await world.linked()
    unknown = SeenReceipt(whatsapp_id=WhatsAppMessageId("true_x_1"), status=MessageStatus.READ, at=datetime.now(UTC))
    world.whatsapp.page(SESSION).tell(ReceiptsSeen(receipts=(unknown,)))
    world.whatsapp.phone_sends(BEN, ANA, "and life goes on")
    assert bodies(await until_received(world, 1)) == ["and life goes on"]
