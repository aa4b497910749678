"""The stores as the present caller sees them.

Every use case that a transport calls works on these. What a caller doesn't see isn't there: it is left out of lists,
and to name it answers as if it didn't exist. So no use case has to think of it, and none can forget to.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import override

from application.access.principal import CALLER, Principal
from application.access.seen_media import SeenMedia
from application.access.seen_messages import SeenMessages
from application.access.seen_sessions import SeenSessions
from application.access.seen_survey import SeenSurvey
from application.access.seen_webhook_log import SeenWebhookLog
from application.access.seen_webhooks import SeenWebhooks
from application.ports.api_key_repository import ApiKeyRepository
from application.ports.audit_log import AuditIntents, AuditLog
from application.ports.event_log import EventAppender, EventBatch, EventLog
from application.ports.idempotency_repository import IdempotencyRepository
from application.ports.message_states import MessageStates
from application.ports.outbox import Outbox
from application.ports.pace_repository import PaceRepository
from application.ports.paced_outbox import PacedOutbox
from application.ports.person_repository import PersonRepository
from application.ports.session_leases import SessionLeases
from application.ports.suppression_repository import SuppressionRepository
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.ports.user_repository import UserRepository
from application.ports.webhook_queue import WebhookQueue
from domain.event import Event
from domain.ids import EventId, SessionId
from domain.lease import Lease


class CallerStorage(UnitOfWorkFactory):
    """Units of work that show what the present caller sees; all of it to who sees all, and to the gateway itself."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    @override
    def begin(self, fence: Lease | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        caller = CALLER.get(None)
        if caller is None or caller.session_ids is None:
            return self._uow.begin(fence)
        return self._begin(fence, caller, caller.session_ids)

    @asynccontextmanager
    async def _begin(
        self, fence: Lease | None, caller: Principal, session_ids: frozenset[SessionId]
    ) -> AsyncIterator[UnitOfWork]:
        async with self._uow.begin(fence) as uow:
            yield _SeenUnitOfWork(uow, caller, session_ids)


class _SeenUnitOfWork(UnitOfWork):
    """What is reached by a session, a message, a webhook or a file is reached through these; the rest is as it is."""

    def __init__(self, uow: UnitOfWork, caller: Principal, session_ids: frozenset[SessionId]) -> None:
        self._uow = uow
        self._caller = caller
        self._session_ids = session_ids

    @property
    @override
    def sessions(self) -> SeenSessions:
        return SeenSessions(self._uow.sessions, self._session_ids)

    @property
    @override
    def messages(self) -> SeenMessages:
        return SeenMessages(self._uow.messages, self._session_ids)

    @property
    @override
    def media(self) -> SeenMedia:
        return SeenMedia(self._uow.media, owner=self._caller.scope, session_ids=self._session_ids)

    @property
    @override
    def webhooks(self) -> SeenWebhooks:
        return SeenWebhooks(self._uow.webhooks, self._session_ids)

    @property
    @override
    def survey(self) -> SeenSurvey:
        return SeenSurvey(self._uow.survey, self._session_ids)

    @property
    @override
    def leases(self) -> SessionLeases:
        return self._uow.leases

    @property
    @override
    def states(self) -> MessageStates:
        return self._uow.states

    @property
    @override
    def outbox(self) -> Outbox:
        return self._uow.outbox

    @property
    @override
    def paced_outbox(self) -> PacedOutbox:
        return self._uow.paced_outbox

    @property
    @override
    def paces(self) -> PaceRepository:
        return self._uow.paces

    @property
    @override
    def suppressions(self) -> SuppressionRepository:
        return self._uow.suppressions

    @property
    @override
    def events(self) -> EventAppender:
        return self._uow.events

    @property
    @override
    def users(self) -> UserRepository:
        return self._uow.users

    @property
    @override
    def api_keys(self) -> ApiKeyRepository:
        return self._uow.api_keys

    @property
    @override
    def audit(self) -> AuditLog:
        return self._uow.audit

    @property
    @override
    def audit_intents(self) -> AuditIntents:
        return self._uow.audit_intents

    @property
    @override
    def idempotency(self) -> IdempotencyRepository:
        return self._uow.idempotency

    @property
    @override
    def people(self) -> PersonRepository:
        return self._uow.people

    @property
    @override
    def webhook_queue(self) -> WebhookQueue:
        return self._uow.webhook_queue

    @property
    @override
    def webhook_log(self) -> SeenWebhookLog:
        return SeenWebhookLog(self._uow.webhook_log, self._session_ids)


class CallerEventLog(EventLog):
    """The event log, with the events that the present caller sees. Places and cursors are everybody's."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    @override
    async def settle(self) -> int:
        return await self._log.settle()

    @override
    async def head(self) -> int:
        return await self._log.head()

    @override
    async def oldest(self) -> int:
        return await self._log.oldest()

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
        caller = CALLER.get(None)
        if caller is not None and caller.session_ids is not None:
            among = caller.session_ids if among is None else caller.session_ids & set(among)
        return await self._log.scan(after=after, limit=limit, session_id=session_id, types=types, among=among)

    @override
    async def prune(self, *, now: datetime, keep: timedelta, needed_from: int | None, limit: int) -> int:
        return await self._log.prune(now=now, keep=keep, needed_from=needed_from, limit=limit)

    @override
    async def find(self, event_id: EventId) -> Event | None:
        event, caller = await self._log.find(event_id), CALLER.get(None)
        return event if event is None or caller is None or caller.sees(event.session_id) else None

    @override
    async def before(self, time: datetime) -> int:
        return await self._log.before(time)
