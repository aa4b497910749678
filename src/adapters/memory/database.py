"""The database in memory."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import override

from adapters.memory.row_locks import RowLocks
from adapters.memory.state import State
from adapters.memory.unit_of_work import OpenedTransaction
from application.events.cursors import check_kept
from application.ports.event_log import EventBatch, EventLog
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.event import Event, NewEvent
from domain.ids import EventId, SessionId
from domain.lease import Lease


class MemoryDatabase(UnitOfWorkFactory, EventLog):
    """Transactions and the event log over one state in memory, isolated as READ COMMITTED is.

    Args:
        on_committed: called after each commit that appended events.
        now: the database's own clock.
        on_events: called with a commit's events, before ``on_committed``.
    """

    def __init__(
        self,
        on_committed: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_events: Callable[[Sequence[NewEvent]], None] = lambda _: None,
    ) -> None:
        self._on_events = on_events
        self._state = State()
        self._now = now
        self._locks = RowLocks()
        self._on_committed = on_committed

    @override
    def begin(self, fence: Lease | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        return OpenedTransaction(self._state, self._locks, self._now, self._on_committed, fence, self._on_events)

    @override
    async def settle(self) -> int:
        for event in self._state.unsettled:
            self._state.log.append(
                Event(
                    id=event.id,
                    session_id=event.session_id,
                    time=event.time,
                    sequence=self._state.head + 1,
                    payload=event.payload,
                )
            )
        self._state.unsettled.clear()
        return self._state.head

    @override
    async def head(self) -> int:
        return self._state.head

    @override
    async def oldest(self) -> int:
        return self._state.pruned

    @override
    async def scan(
        self,
        *,
        after: int | None,
        limit: int,
        session_id: SessionId | None = None,
        types: Collection[str] = (),
        among: Collection[SessionId] | None = None,
    ) -> EventBatch:
        state = self._state
        after = state.pruned if after is None else max(after, 0)
        check_kept(after, state.pruned)
        found: list[Event] = []
        for event in islice(state.log, after - state.pruned, None):
            if len(found) == limit:
                break
            seen = among is None or event.session_id in among
            if seen and session_id in {None, event.session_id} and (not types or event.type in types):
                found.append(event)
        cursor = found[-1].sequence if len(found) == limit else max(state.head, after)
        return EventBatch(events=tuple(found), cursor=cursor, head=state.head)

    @override
    async def prune(self, *, now: datetime, keep: timedelta, needed_from: int | None, limit: int) -> int:
        state, removed = self._state, 0
        while removed < min(limit, len(state.log)):
            event = state.log[removed]
            if event.time >= now - keep or (needed_from is not None and event.sequence >= needed_from):
                break
            removed += 1
        del state.log[:removed]
        state.pruned += removed
        return removed

    @override
    async def find(self, event_id: EventId) -> Event | None:
        return next((event for event in self._state.log if event.id == event_id), None)

    @override
    async def before(self, time: datetime) -> int:
        first = next((event.sequence for event in self._state.log if event.time >= time), None)
        return await self.head() if first is None else first - 1
