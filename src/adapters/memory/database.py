"""The database in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import override

from adapters.memory.api_key_repository import MemoryApiKeyRepository
from adapters.memory.event_appender import MemoryEventAppender
from adapters.memory.idempotency_repository import MemoryIdempotencyRepository
from adapters.memory.media_repository import MemoryMediaRepository
from adapters.memory.message_repository import MemoryMessageRepository
from adapters.memory.message_states import MemoryMessageStates
from adapters.memory.outbox import MemoryOutbox
from adapters.memory.person_repository import MemoryPersonRepository
from adapters.memory.row_locks import RowLocks
from adapters.memory.session_leases import MemorySessionLeases
from adapters.memory.session_repository import MemorySessionRepository
from adapters.memory.state import State
from adapters.memory.transaction import Transaction
from adapters.memory.webhook_log import MemoryWebhookLog
from adapters.memory.webhook_queue import MemoryWebhookQueue
from adapters.memory.webhook_repository import MemoryWebhookRepository
from application.events.cursors import check_kept
from application.ports.event_log import EventBatch, EventLog
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.event import Event
from domain.ids import EventId, SessionId
from domain.lease import Lease, stale_lease


@dataclass(frozen=True, slots=True)
class MemoryUnitOfWork(UnitOfWork):
    """The repositories of one transaction."""

    _sessions: MemorySessionRepository
    _leases: MemorySessionLeases
    _messages: MemoryMessageRepository
    _states: MemoryMessageStates
    _media: MemoryMediaRepository
    _outbox: MemoryOutbox
    _events: MemoryEventAppender
    _api_keys: MemoryApiKeyRepository
    _idempotency: MemoryIdempotencyRepository
    _webhooks: MemoryWebhookRepository
    _webhook_queue: MemoryWebhookQueue
    _webhook_log: MemoryWebhookLog
    _people: MemoryPersonRepository

    @property
    @override
    def sessions(self) -> MemorySessionRepository:
        return self._sessions

    @property
    @override
    def leases(self) -> MemorySessionLeases:
        return self._leases

    @property
    @override
    def messages(self) -> MemoryMessageRepository:
        return self._messages

    @property
    @override
    def states(self) -> MemoryMessageStates:
        return self._states

    @property
    @override
    def media(self) -> MemoryMediaRepository:
        return self._media

    @property
    @override
    def outbox(self) -> MemoryOutbox:
        return self._outbox

    @property
    @override
    def events(self) -> MemoryEventAppender:
        return self._events

    @property
    @override
    def api_keys(self) -> MemoryApiKeyRepository:
        return self._api_keys

    @property
    @override
    def idempotency(self) -> MemoryIdempotencyRepository:
        return self._idempotency

    @property
    @override
    def people(self) -> MemoryPersonRepository:
        return self._people

    @property
    @override
    def webhooks(self) -> MemoryWebhookRepository:
        return self._webhooks

    @property
    @override
    def webhook_queue(self) -> MemoryWebhookQueue:
        return self._webhook_queue

    @property
    @override
    def webhook_log(self) -> MemoryWebhookLog:
        return self._webhook_log


class MemoryDatabase(UnitOfWorkFactory, EventLog):
    """Transactions and the event log over one state in memory, isolated as READ COMMITTED is.

    Args:
        on_committed: called after each commit that appended events.
        now: the database's own clock.
    """

    def __init__(
        self,
        on_committed: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._state = State()
        self._now = now
        self._locks = RowLocks()
        self._on_committed = on_committed

    @override
    def begin(self, fence: Lease | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._begin(fence)

    @asynccontextmanager
    async def _begin(self, fence: Lease | None) -> AsyncIterator[UnitOfWork]:
        # Like a real database's round trips, the pauses let other tasks run: races show in simulations too.
        await asyncio.sleep(0)
        transaction = Transaction(self._state, self._locks)
        try:
            yield MemoryUnitOfWork(
                MemorySessionRepository(transaction),
                MemorySessionLeases(transaction, self._now),
                MemoryMessageRepository(transaction),
                MemoryMessageStates(transaction),
                MemoryMediaRepository(transaction),
                MemoryOutbox(transaction),
                MemoryEventAppender(transaction),
                MemoryApiKeyRepository(transaction),
                MemoryIdempotencyRepository(transaction),
                MemoryWebhookRepository(transaction),
                MemoryWebhookQueue(transaction),
                MemoryWebhookLog(transaction),
                MemoryPersonRepository(transaction),
            )
            await asyncio.sleep(0)
            if fence is not None and not transaction.holds(fence, self._now()):
                raise stale_lease(fence)
            has_events = transaction.commit()
        finally:
            transaction.end()
        if has_events:
            self._on_committed()

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
        self, *, after: int | None, limit: int, session_id: SessionId | None = None, types: Collection[str] = ()
    ) -> EventBatch:
        state = self._state
        after = state.pruned if after is None else max(after, 0)
        check_kept(after, state.pruned)
        found: list[Event] = []
        for event in islice(state.log, after - state.pruned, None):
            if len(found) == limit:
                break
            if session_id in {None, event.session_id} and (not types or event.type in types):
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
