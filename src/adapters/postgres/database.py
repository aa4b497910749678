"""Units of work in PostgreSQL."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import override

from adapters.postgres.api_key_repository import PostgresApiKeyRepository
from adapters.postgres.audit_log import PostgresAuditIntents, PostgresAuditLog
from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.event_appender import PostgresEventAppender
from adapters.postgres.idempotency_repository import PostgresIdempotencyRepository
from adapters.postgres.media_repository import PostgresMediaRepository
from adapters.postgres.message_repository import PostgresMessageRepository
from adapters.postgres.message_states import PostgresMessageStates
from adapters.postgres.outbox import PostgresOutbox
from adapters.postgres.pace_repository import PostgresPaceRepository
from adapters.postgres.paced_outbox import PostgresPacedOutbox
from adapters.postgres.person_repository import PostgresPersonRepository
from adapters.postgres.session_leases import PostgresSessionLeases
from adapters.postgres.session_repository import PostgresSessionRepository
from adapters.postgres.suppression_repository import PostgresSuppressionRepository
from adapters.postgres.survey import PostgresSurvey
from adapters.postgres.transaction import Transaction
from adapters.postgres.user_repository import PostgresUserRepository
from adapters.postgres.webhook_log import PostgresWebhookLog
from adapters.postgres.webhook_queue import PostgresWebhookQueue
from adapters.postgres.webhook_repository import PostgresWebhookRepository
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.event import NewEvent
from domain.lease import Lease


class PostgresUnitOfWork(UnitOfWork):
    """The repositories of one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @property
    @override
    def sessions(self) -> PostgresSessionRepository:
        return PostgresSessionRepository(self._transaction)

    @property
    @override
    def leases(self) -> PostgresSessionLeases:
        return PostgresSessionLeases(self._transaction)

    @property
    @override
    def messages(self) -> PostgresMessageRepository:
        return PostgresMessageRepository(self._transaction)

    @property
    @override
    def states(self) -> PostgresMessageStates:
        return PostgresMessageStates(self._transaction)

    @property
    @override
    def media(self) -> PostgresMediaRepository:
        return PostgresMediaRepository(self._transaction)

    @property
    @override
    def outbox(self) -> PostgresOutbox:
        return PostgresOutbox(self._transaction)

    @property
    @override
    def paced_outbox(self) -> PostgresPacedOutbox:
        return PostgresPacedOutbox(self._transaction)

    @property
    @override
    def paces(self) -> PostgresPaceRepository:
        return PostgresPaceRepository(self._transaction)

    @property
    @override
    def suppressions(self) -> PostgresSuppressionRepository:
        return PostgresSuppressionRepository(self._transaction)

    @property
    @override
    def events(self) -> PostgresEventAppender:
        return PostgresEventAppender(self._transaction)

    @property
    @override
    def users(self) -> PostgresUserRepository:
        return PostgresUserRepository(self._transaction)

    @property
    @override
    def api_keys(self) -> PostgresApiKeyRepository:
        return PostgresApiKeyRepository(self._transaction)

    @property
    @override
    def audit(self) -> PostgresAuditLog:
        return PostgresAuditLog(self._transaction)

    @property
    @override
    def audit_intents(self) -> PostgresAuditIntents:
        return PostgresAuditIntents(self._transaction)

    @property
    @override
    def idempotency(self) -> PostgresIdempotencyRepository:
        return PostgresIdempotencyRepository(self._transaction)

    @property
    @override
    def people(self) -> PostgresPersonRepository:
        return PostgresPersonRepository(self._transaction)

    @property
    @override
    def webhooks(self) -> PostgresWebhookRepository:
        return PostgresWebhookRepository(self._transaction)

    @property
    @override
    def webhook_queue(self) -> PostgresWebhookQueue:
        return PostgresWebhookQueue(self._transaction)

    @property
    @override
    def webhook_log(self) -> PostgresWebhookLog:
        return PostgresWebhookLog(self._transaction)

    @property
    @override
    def survey(self) -> PostgresSurvey:
        return PostgresSurvey(self._transaction)


class PostgresDatabase(UnitOfWorkFactory):
    """Begins transactions on a pool's connections, at READ COMMITTED.

    Args:
        pool: the connections.
        on_committed: called after each commit that appended events.
        on_events: called with those events, before that.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        on_committed: Callable[[], None] = lambda: None,
        on_events: Callable[[Sequence[NewEvent]], None] = lambda _: None,
    ) -> None:
        self._pool = pool
        self._on_committed = on_committed
        self._on_events = on_events

    @override
    def begin(self, fence: Lease | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._begin(fence)

    @asynccontextmanager
    async def _begin(self, fence: Lease | None) -> AsyncIterator[UnitOfWork]:
        async with self._pool.lend() as connection:
            transaction = Transaction(connection, fence)
            try:
                yield PostgresUnitOfWork(transaction)
                has_events = await transaction.commit()
            except BaseException:
                await transaction.roll_back()
                raise
        if has_events:
            self._on_events(transaction.events)
            self._on_committed()
