"""The log's promises on a real PostgreSQL, under whatever writers, settlers, pruning and readers come together."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from adapters.memory.event_bus import MemoryEventBus
from adapters.postgres.connection_pool import ConnectionPool, PoolSettings
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.event_log import PostgresEventLog
from application.events.feed import EventFeed
from application.events.list_events import ListEvents, ListEventsQuery
from application.events.selection import EventSelection
from application.events.stream_events import StreamEvents, StreamEventsQuery
from domain.errors import GoneError
from domain.event import Event
from domain.ids import EventId, SessionId
from tests.contracts.samples import NOON, SALES, SUPPORT, event
from tests.integration.stores.conftest import empty

PROCESSES = 3


@dataclass(frozen=True)
class Unit:
    """One transaction: how many events, how long it stays open after some of them, and whether it is taken back."""

    sessions: Sequence[SessionId]
    pause: int
    taken_back: bool


@dataclass(frozen=True)
class Plan:
    """What each reader does: by which way, how much at once, whose events."""

    way: str
    size: int
    session_id: SessionId | None
    careful: bool
    """Whether pruning waits for it."""


@dataclass
class Reader:
    plan: Plan
    cursor: int = 0
    seen: list[Event] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    """What it was told to have missed: behind the first, up to the second."""

    @property
    def selection(self) -> EventSelection:
        return EventSelection(session_id=self.plan.session_id)


units = st.builds(
    Unit,
    sessions=st.lists(st.sampled_from([SALES, SUPPORT]), min_size=1, max_size=3),
    pause=st.sampled_from([0, 0, 0, 1, 3, 12]),
    taken_back=st.sampled_from([False, False, False, True]),
)
writers = st.lists(st.lists(units, min_size=1, max_size=6), min_size=2, max_size=8)
plans = st.lists(
    st.builds(
        Plan,
        way=st.sampled_from(["list", "stream"]),
        size=st.integers(1, 9),
        session_id=st.sampled_from([None, None, SALES]),
        careful=st.booleans(),
    ),
    min_size=1,
    max_size=4,
)
prunings = st.lists(st.tuples(st.integers(0, 8), st.integers(1, 5)), max_size=12)


class Process:
    """A gateway's own pool, log and feed, on the database of all."""

    def __init__(self, pool: ConnectionPool) -> None:
        self.database = PostgresDatabase(pool, self._hint)
        self.log = PostgresEventLog(pool)
        self.feed = EventFeed(self.log, MemoryEventBus())
        self.listing = ListEvents(self.log)
        self.streams = StreamEvents(self.log, self.feed)

    def _hint(self) -> None:
        self.feed.hint()

    async def write(self, todo: Sequence[Unit]) -> list[list[EventId]]:
        """Gives the ids of each unit that was committed."""
        written = []
        for unit in todo:
            events = [event(session_id) for session_id in unit.sessions]
            with suppress(ZeroDivisionError):
                async with self.database.begin() as uow:
                    # A lock begins the transaction, so that the events wait for its end with their numbers taken.
                    await uow.messages.lock(SALES, ["true_x_1"])  # type: ignore[list-item]  # a test's short cut
                    await self._insert(uow, events[:1])
                    await asyncio.sleep(unit.pause / 1_000)
                    await uow.events.append(events[1:])
                    if unit.taken_back:
                        raise ZeroDivisionError
                written.append([each.id for each in events])
        return written

    @staticmethod
    async def _insert(uow: Any, events: Sequence[Any]) -> None:
        """Inserts now, not at the commit: the numbers are taken early, as in a long transaction."""
        await uow.events.append(events)
        transaction = uow._transaction
        kept, transaction._at_commit = transaction._at_commit, {}
        for (_, row_query), rows in kept.items():
            for row in rows:
                await transaction.write(row_query, *row)

    async def settle(self, ended: asyncio.Event) -> None:
        while not ended.is_set():
            await self.log.settle()
            await asyncio.sleep(0)

    async def read(self, reader: Reader, ended: asyncio.Event) -> None:
        """Reads, and goes on with the cursor, until nothing is left."""
        while True:
            last = ended.is_set()
            before = reader.cursor
            if not reader.plan.careful:
                await asyncio.sleep(reader.plan.size / 500)  # slow enough for pruning to overtake it
            try:
                await (self._list(reader) if reader.plan.way == "list" else self._stream(reader))
                if last and reader.cursor == before and await self._has_read_all(reader):
                    return
            except GoneError as told:
                assert not reader.plan.careful
                oldest = int(told.metadata["oldest_cursor"])
                assert oldest > reader.cursor
                reader.gaps.append((reader.cursor, oldest))
                reader.cursor = oldest

    async def _has_read_all(self, reader: Reader) -> bool:
        """A stream that gave nothing in its time may just have been slow."""
        behind = await self.log.scan(after=reader.cursor or None, limit=1, session_id=reader.plan.session_id)
        return not behind.events

    async def _list(self, reader: Reader) -> None:
        page = await self.listing.execute(
            ListEventsQuery(selection=reader.selection, after=reader.cursor, limit=reader.plan.size)
        )
        if reader.cursor == 0 and not reader.plan.careful:
            # 0 asks for what is kept: for one that pruning doesn't wait for, that may begin anywhere.
            reader.gaps.append((0, page.items[0].sequence - 1 if page.items else page.cursor))
        reader.seen += page.items
        reader.cursor = page.cursor

    async def _stream(self, reader: Reader) -> None:
        """Takes some, and leaves in the middle of a batch."""
        stream = await self.streams.execute(StreamEventsQuery(selection=reader.selection, after=reader.cursor))
        with suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                for _ in range(reader.plan.size):
                    item = await anext(stream)
                    assert isinstance(item, Event)
                    if reader.cursor == 0 and not reader.plan.careful:
                        reader.gaps.append((0, item.sequence - 1))
                    reader.seen.append(item)
                    reader.cursor = item.sequence
        await stream.aclose()  # type: ignore[attr-defined]  # it is a generator


async def prune(log: PostgresEventLog, readers: Sequence[Reader], todo: Sequence[tuple[int, int]]) -> None:
    for pause, limit in todo:
        await asyncio.sleep(pause / 1_000)
        cursors = [reader.cursor for reader in readers if reader.plan.careful]
        await log.prune(
            now=NOON + timedelta(days=1),
            keep=timedelta(0),
            needed_from=min(cursors) + 1 if cursors else None,
            limit=limit,
        )


@asynccontextmanager
async def processes(url: str) -> AsyncIterator[list[Process]]:
    async with AsyncExitStack() as stack:
        pools = [
            await stack.enter_async_context(ConnectionPool.open(url, PoolSettings(connections=6)))
            for _ in range(PROCESSES)
        ]
        await empty(pools[0])
        started = [Process(pool) for pool in pools]
        feeds = [asyncio.create_task(process.feed.run()) for process in started]
        try:
            yield started
        finally:
            for feed in feeds:
                feed.cancel()
            await asyncio.wait(feeds)


@example(
    todo=[[Unit([SALES, SUPPORT], pause=3, taken_back=False)] * 8] * 4,
    plans=[Plan("list", 1, None, careful=False), Plan("stream", 3, None, careful=False)],
    pruning=[(4, 4)] * 16,
)
@given(todo=writers, plans=plans, pruning=prunings)
@settings(
    max_examples=15,
    derandomize=True,
    # What fails here fails by chance of timing: shrinking would take minutes and find nothing.
    phases=[Phase.explicit, Phase.generate],
)
def test_nothing_is_skipped_and_nothing_repeated(
    contracts_database_url: str,
    todo: list[list[Unit]],
    plans: list[Plan],
    pruning: list[tuple[int, int]],
) -> None:
    async def scenario() -> None:
        readers = [Reader(plan) for plan in plans]
        async with asyncio.timeout(30), processes(contracts_database_url) as all_of_them:
            ended = asyncio.Event()
            async with asyncio.TaskGroup() as tasks:
                for place, reader in enumerate(readers):
                    tasks.create_task(all_of_them[place % PROCESSES].read(reader, ended))
                for process in all_of_them:
                    tasks.create_task(process.settle(ended))
                tasks.create_task(prune(all_of_them[0].log, readers, pruning))
                writing = [
                    tasks.create_task(all_of_them[place % PROCESSES].write(mine)) for place, mine in enumerate(todo)
                ]
                await asyncio.wait(writing)
                head = await all_of_them[0].log.settle()
                ended.set()
        check([each.result() for each in writing], readers, head)

    asyncio.run(scenario())


def check(written: Sequence[Sequence[Sequence[EventId]]], readers: Sequence[Reader], head: int) -> None:
    committed = [event_id for mine in written for unit in mine for event_id in unit]
    # Places are dense: as many as there are events that were committed.
    assert head == len(committed)
    place: dict[EventId, int] = {}
    for reader in readers:
        sequences = [each.sequence for each in reader.seen]
        assert sequences == sorted(set(sequences))
        for each in reader.seen:
            assert place.setdefault(each.id, each.sequence) == each.sequence
            assert reader.plan.session_id in {None, each.session_id}
        if reader.cursor == 0 and not reader.plan.careful:
            reader.gaps.append((0, head))  # all was gone before it read any
        missed = {number for after, up_to in reader.gaps for number in range(after + 1, up_to + 1)}
        assert missed.isdisjoint(sequences)
        if reader.plan.careful:
            assert reader.gaps == []
        if reader.plan.session_id is None:
            assert sequences == [number for number in range(1, head + 1) if number not in missed]
    assert place.keys() <= set(committed)
    assert len(set(place.values())) == len(place)
    for mine in written:
        order = [place[event_id] for unit in mine for event_id in unit if event_id in place]
        assert order == sorted(order)
