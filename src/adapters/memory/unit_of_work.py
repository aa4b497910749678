"""One transaction of the database in memory, as those who use it have it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import override

from adapters.memory.api_key_repository import MemoryApiKeyRepository
from adapters.memory.audit_log import MemoryAuditIntents, MemoryAuditLog
from adapters.memory.event_appender import MemoryEventAppender
from adapters.memory.idempotency_repository import MemoryIdempotencyRepository
from adapters.memory.media_repository import MemoryMediaRepository
from adapters.memory.message_repository import MemoryMessageRepository
from adapters.memory.message_states import MemoryMessageStates
from adapters.memory.outbox import MemoryOutbox
from adapters.memory.pace_repository import MemoryPaceRepository
from adapters.memory.paced_outbox import MemoryPacedOutbox
from adapters.memory.person_repository import MemoryPersonRepository
from adapters.memory.row_locks import RowLocks
from adapters.memory.session_leases import MemorySessionLeases
from adapters.memory.session_repository import MemorySessionRepository
from adapters.memory.state import State
from adapters.memory.suppression_repository import MemorySuppressionRepository
from adapters.memory.survey import MemorySurvey
from adapters.memory.transaction import Transaction
from adapters.memory.user_repository import MemoryUserRepository
from adapters.memory.webhook_log import MemoryWebhookLog
from adapters.memory.webhook_queue import MemoryWebhookQueue
from adapters.memory.webhook_repository import MemoryWebhookRepository
from application.ports.unit_of_work import UnitOfWork
from domain.event import NewEvent
from domain.lease import Lease, stale_lease


class MemoryUnitOfWork(UnitOfWork):
    """The repositories of one transaction. Each is made when it is asked for: few transactions need more than two."""

    def __init__(self, transaction: Transaction, now: Callable[[], datetime]) -> None:
        self._transaction = transaction
        self._now = now

    @cached_property
    @override
    def sessions(self) -> MemorySessionRepository:
        return MemorySessionRepository(self._transaction)

    @cached_property
    @override
    def leases(self) -> MemorySessionLeases:
        return MemorySessionLeases(self._transaction, self._now)

    @cached_property
    @override
    def messages(self) -> MemoryMessageRepository:
        return MemoryMessageRepository(self._transaction)

    @cached_property
    @override
    def states(self) -> MemoryMessageStates:
        return MemoryMessageStates(self._transaction)

    @cached_property
    @override
    def media(self) -> MemoryMediaRepository:
        return MemoryMediaRepository(self._transaction)

    @cached_property
    @override
    def paced_outbox(self) -> MemoryPacedOutbox:
        return MemoryPacedOutbox(self._transaction)

    @cached_property
    @override
    def paces(self) -> MemoryPaceRepository:
        return MemoryPaceRepository(self._transaction)

    @cached_property
    @override
    def suppressions(self) -> MemorySuppressionRepository:
        return MemorySuppressionRepository(self._transaction)

    @cached_property
    @override
    def outbox(self) -> MemoryOutbox:
        return MemoryOutbox(self._transaction)

    @cached_property
    @override
    def events(self) -> MemoryEventAppender:
        return MemoryEventAppender(self._transaction)

    @cached_property
    @override
    def users(self) -> MemoryUserRepository:
        return MemoryUserRepository(self._transaction)

    @cached_property
    @override
    def api_keys(self) -> MemoryApiKeyRepository:
        return MemoryApiKeyRepository(self._transaction)

    @cached_property
    @override
    def audit(self) -> MemoryAuditLog:
        return MemoryAuditLog(self._transaction)

    @cached_property
    @override
    def audit_intents(self) -> MemoryAuditIntents:
        return MemoryAuditIntents(self._transaction)

    @cached_property
    @override
    def idempotency(self) -> MemoryIdempotencyRepository:
        return MemoryIdempotencyRepository(self._transaction)

    @cached_property
    @override
    def people(self) -> MemoryPersonRepository:
        return MemoryPersonRepository(self._transaction)

    @cached_property
    @override
    def webhooks(self) -> MemoryWebhookRepository:
        return MemoryWebhookRepository(self._transaction)

    @cached_property
    @override
    def webhook_queue(self) -> MemoryWebhookQueue:
        return MemoryWebhookQueue(self._transaction)

    @cached_property
    @override
    def webhook_log(self) -> MemoryWebhookLog:
        return MemoryWebhookLog(self._transaction)

    @cached_property
    @override
    def survey(self) -> MemorySurvey:
        return MemorySurvey(self._transaction, self._now)


class OpenedTransaction(AbstractAsyncContextManager[UnitOfWork]):
    """A transaction from its beginning to its commit, or to its being taken back.

    Args:
        on_committed: called after the commit, if events were in it.
        on_events: called with these, before that.
    """

    def __init__(
        self,
        state: State,
        locks: RowLocks,
        now: Callable[[], datetime],
        on_committed: Callable[[], None],
        fence: Lease | None,
        on_events: Callable[[Sequence[NewEvent]], None] = lambda _: None,
    ) -> None:
        self._on_events = on_events
        self._transaction = Transaction(state, locks)
        self._now = now
        self._on_committed = on_committed
        self._fence = fence

    @override
    async def __aenter__(self) -> UnitOfWork:
        # Like a real database's round trips, the pauses let other tasks run: races show in simulations too.
        await asyncio.sleep(0)
        return MemoryUnitOfWork(self._transaction, self._now)

    @override
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        has_events = False
        try:
            if error is None:
                await asyncio.sleep(0)
                if self._fence is not None and not self._transaction.holds(self._fence, self._now()):
                    raise stale_lease(self._fence)
                has_events = self._transaction.commit()
        finally:
            self._transaction.end()
        if has_events:
            self._on_events(self._transaction.events)
            self._on_committed()
