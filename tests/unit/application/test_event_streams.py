"""Streams, lists and retention over the log in memory."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import combinations
from typing import Any, override

import pytest

from adapters.memory.database import MemoryDatabase
from adapters.memory.event_bus import MemoryEventBus
from application.access.caller_storage import CallerEventLog
from application.access.principal import CALLER, Principal
from application.events.feed import EventFeed
from application.events.list_events import ListEvents, ListEventsQuery
from application.events.retention import EventRetention
from application.events.selection import EventSelection
from application.events.shared_scans import SharedScans
from application.events.stream_events import LagPolicy, StreamEvents, StreamEventsQuery, StreamItem, StreamLag
from application.ports.event_log import EventBatch
from domain.access import Role
from domain.errors import ErrorKind, GoneError, InvalidArgumentError, PomboError, UnavailableError
from domain.event import PAYLOAD_TYPES
from domain.ids import SessionId, UserId
from tests.contracts.event_log import append
from tests.contracts.samples import NOON, SALES, SUPPORT, event

from .world import HastyClock

ALL = EventSelection()


@pytest.fixture
async def feed(database: MemoryDatabase) -> AsyncIterator[EventFeed]:
    feed = EventFeed(database, MemoryEventBus())
    database._on_committed = feed.hint
    running = asyncio.create_task(feed.run())
    yield feed
    running.cancel()
    await asyncio.wait({running})


class CountingDatabase(MemoryDatabase):
    """Notes how many scans there were, and how many went on at once."""

    now = most = scans = 0

    @override
    async def scan(self, **query: Any) -> EventBatch:  # type: ignore[override]  # a test's short cut
        self.now += 1
        self.scans += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        return await super().scan(**query)


@pytest.fixture
def database() -> CountingDatabase:
    return CountingDatabase()


async def write(database: MemoryDatabase, count: int, *, days: float = 0, session: str = SALES) -> None:
    await append(database, *(event(session, time=NOON - timedelta(days=days)) for _ in range(count)))  # type: ignore[arg-type]
    await database.settle()


def numbers(items: list[StreamItem]) -> list[int]:
    return [item.sequence for item in items if not isinstance(item, StreamLag)]


async def take(stream: AsyncIterator[StreamItem], count: int) -> list[StreamItem]:
    return [await asyncio.wait_for(anext(stream), 5) for _ in range(count)]


async def test_a_reader_is_told_once_as_it_falls_behind(database: MemoryDatabase, feed: EventFeed) -> None:
    streams = StreamEvents(database, feed, LagPolicy(events=3, every=timedelta(hours=1)))
    stream = await streams.execute(StreamEventsQuery(selection=ALL))
    await write(database, 3)
    assert numbers(await take(stream, 3)) == [1, 2, 3]
    await write(database, 450)
    items = await take(stream, 451)
    assert items[0] == StreamLag(behind=450, head=453)
    assert numbers(items) == list(range(4, 454))
    # It has caught up: falling behind again is news again.
    await write(database, 2)
    assert numbers(await take(stream, 2)) == [454, 455]
    await write(database, 4)
    assert (await take(stream, 1))[0] == StreamLag(behind=4, head=459)


async def test_a_reader_that_stays_behind_is_told_again(database: MemoryDatabase, feed: EventFeed) -> None:
    streams = StreamEvents(database, feed, LagPolicy(events=3, every=timedelta(0)))
    await write(database, 600)
    stream = await streams.execute(StreamEventsQuery(selection=ALL, after=0))
    items = await take(stream, 602)
    assert [item for item in items if isinstance(item, StreamLag)] == [
        StreamLag(behind=400, head=600),
        StreamLag(behind=200, head=600),
    ]
    assert numbers(items) == list(range(1, 601))


async def test_a_slow_reader_holds_up_nobody(database: MemoryDatabase, feed: EventFeed) -> None:
    streams = StreamEvents(database, feed)
    slow, quick = [await streams.execute(StreamEventsQuery(selection=ALL)) for _ in range(2)]
    await write(database, 1)
    assert numbers(await take(slow, 1)) == [1]
    for _ in range(5):
        await write(database, 300)
    assert numbers(await take(quick, 1_502)) == list(range(1, 1_502))
    assert numbers(await take(slow, 1_501)) == list(range(2, 1_502))


async def test_many_readers_dont_take_all_connections(feed: EventFeed, database: CountingDatabase) -> None:
    streams = StreamEvents(SharedScans(database), feed)
    others = sorted(set(PAYLOAD_TYPES) - {"message.ack"})
    kinds = [frozenset({"message.ack", *pair}) for pair in combinations(others, 2)][:50]
    readers = [await streams.execute(StreamEventsQuery(selection=EventSelection(types=types))) for types in kinds]
    taking = [asyncio.create_task(take(reader, 1)) for reader in readers]
    await write(database, 1)
    assert [numbers(await each) for each in taking] == [[1]] * 50
    assert 1 < database.most <= 4


async def test_what_many_readers_ask_at_once_is_looked_up_once(feed: EventFeed, database: CountingDatabase) -> None:
    streams = StreamEvents(SharedScans(database), feed)
    readers = [await streams.execute(StreamEventsQuery(selection=ALL)) for _ in range(50)]
    for number in range(1, 4):
        before = database.scans
        taking = [asyncio.create_task(take(reader, 1)) for reader in readers]
        await write(database, 1)
        assert [numbers(await each) for each in taking] == [[number]] * 50
        assert database.scans - before <= 2


async def test_who_sees_less_shares_no_look_with_who_sees_all(database: CountingDatabase) -> None:
    await write(database, 1)
    await write(database, 1, session=SUPPORT)
    log = CallerEventLog(SharedScans(database))

    async def seen(*session_ids: SessionId) -> list[int]:
        scope = frozenset(session_ids) or None
        CALLER.set(Principal(name="a", scope="a", role=Role.READER, user_id=UserId("usr_1"), session_ids=scope))
        return [each.sequence for each in (await log.scan(after=0, limit=9)).events]

    found = await asyncio.gather(seen(), seen(SALES), seen(SUPPORT), seen(), seen(SALES, SUPPORT))
    assert found == [[1, 2], [1], [2], [1, 2], [1, 2]]
    assert database.scans == 4


async def test_a_reader_that_leaves_in_its_look_keeps_no_other_from_an_answer(database: CountingDatabase) -> None:
    await write(database, 1)
    log = SharedScans(database)
    leaving, first, second = [asyncio.create_task(log.scan(after=0, limit=9)) for _ in range(3)]
    await asyncio.sleep(0)
    leaving.cancel()
    answers = await asyncio.wait_for(asyncio.gather(first, second), 5)
    assert [len(answer.events) for answer in answers] == [1, 1]
    assert leaving.cancelled()
    assert database.scans == 2


async def test_a_failed_look_fails_for_all_who_shared_it_and_for_nobody_later(database: CountingDatabase) -> None:
    await write(database, 2)
    log, failures = SharedScans(database), [UnavailableError("DATABASE_UNAVAILABLE", "Away.")]
    scan = database.scan

    async def failing(**query: Any) -> EventBatch:
        batch = await scan(**query)
        if failures:
            raise failures.pop()
        return batch

    database.scan = failing  # type: ignore[method-assign]  # a database that is away once
    looks = await asyncio.gather(*(log.scan(after=0, limit=9) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in looks] == [UnavailableError] * 3
    assert len((await log.scan(after=0, limit=9)).events) == 2


async def test_a_reader_that_retention_overtakes_learns_of_it(database: MemoryDatabase, feed: EventFeed) -> None:
    streams = StreamEvents(database, feed)
    await write(database, 500, days=40)
    stream = await streams.execute(StreamEventsQuery(selection=ALL, after=0))
    await take(stream, 100)
    await EventRetention(database, HastyClock(), timedelta(days=30)).prune()
    # The batch it had in hand is whole; what would have come behind it is gone, and that is said.
    assert numbers(await take(stream, 100)) == list(range(101, 201))
    with pytest.raises(GoneError) as ended:
        await anext(stream)
    assert (ended.value.reason, ended.value.metadata) == ("CURSOR_EXPIRED", {"oldest_cursor": "500"})


async def test_cursors_after_pruning(database: MemoryDatabase, feed: EventFeed) -> None:
    await write(database, 5, days=40)
    await write(database, 2)
    assert await EventRetention(database, HastyClock(), timedelta(days=3_000)).prune() == 0
    await database.prune(now=NOON, keep=timedelta(days=30), needed_from=None, limit=10)
    listing, streams = ListEvents(database), StreamEvents(database, feed)
    for cursor in (1, 4):
        with pytest.raises(GoneError, match="oldest cursor that works is 5"):
            await listing.execute(ListEventsQuery(selection=ALL, after=cursor))
        with pytest.raises(GoneError):
            await streams.execute(StreamEventsQuery(selection=ALL, after=cursor))
    for cursor in (0, 5):
        page = await listing.execute(ListEventsQuery(selection=ALL, after=cursor))
        assert ([each.sequence for each in page.items], page.cursor) == ([6, 7], 7)
        stream = await streams.execute(StreamEventsQuery(selection=ALL, after=cursor))
        assert numbers(await take(stream, 2)) == [6, 7]
    with pytest.raises(InvalidArgumentError):
        await listing.execute(ListEventsQuery(selection=ALL, after=8))


async def test_a_filter_that_rarely_matches_moves_on(database: MemoryDatabase) -> None:
    await write(database, 50)
    listing = ListEvents(database)
    of_support = EventSelection(session_id=SUPPORT)
    page = await listing.execute(ListEventsQuery(selection=of_support))
    assert (page.items, page.cursor) == ((), 50)
    await write(database, 1, session=SUPPORT)
    page = await listing.execute(ListEventsQuery(selection=of_support, after=page.cursor, limit=1))
    assert ([each.sequence for each in page.items], page.cursor) == ([51], 51)


async def test_retention_keeps_what_is_needed(database: MemoryDatabase) -> None:
    await write(database, 2_500, days=40)
    needed: list[int | None] = [2_101, None]

    async def needed_from() -> int | None:
        return needed[0]

    retention = EventRetention(database, HastyClock(), timedelta(days=30), needed_from)
    assert (await retention.prune(), await database.oldest()) == (2_100, 2_100)
    needed.pop(0)
    assert (await retention.prune(), await database.oldest(), await database.head()) == (400, 2_500, 2_500)


@pytest.mark.parametrize("kind", [ErrorKind.UNAVAILABLE, ErrorKind.INTERNAL])
async def test_retention_outlives_a_database_that_is_away(database: MemoryDatabase, kind: ErrorKind) -> None:
    await write(database, 1, days=40)
    failures = [PomboError("DATABASE_FAULT", "No.") if kind is ErrorKind.INTERNAL else UnavailableError("X", "Away.")]

    async def needed_from() -> int | None:
        if failures:
            raise failures.pop()
        return None

    running = asyncio.create_task(EventRetention(database, _Instant(), timedelta(days=30), needed_from).run())
    async with asyncio.timeout(5):
        while not running.done() and await database.oldest() == 0:  # noqa: ASYNC110 - a store tells nobody
            await asyncio.sleep(0)
    assert running.done() is (kind is ErrorKind.INTERNAL)
    running.cancel()
    await asyncio.wait({running})


class _Instant(HastyClock):
    @override
    async def sleep(self, _span: timedelta) -> None:
        await asyncio.sleep(0)
