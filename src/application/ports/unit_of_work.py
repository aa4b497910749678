"""Several writes that belong together."""

from abc import abstractmethod
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from application.ports.api_key_repository import ApiKeyRepository
from application.ports.audit_log import AuditIntents, AuditLog
from application.ports.event_log import EventAppender
from application.ports.idempotency_repository import IdempotencyRepository
from application.ports.media_repository import MediaRepository
from application.ports.message_repository import MessageRepository
from application.ports.message_states import MessageStates
from application.ports.outbox import Outbox
from application.ports.pace_repository import PaceRepository
from application.ports.paced_outbox import PacedOutbox
from application.ports.person_repository import PersonRepository
from application.ports.session_leases import SessionLeases
from application.ports.session_repository import SessionRepository
from application.ports.suppression_repository import SuppressionRepository
from application.ports.survey import Survey
from application.ports.user_repository import UserRepository
from application.ports.webhook_log import WebhookLog
from application.ports.webhook_queue import WebhookQueue
from application.ports.webhook_repository import WebhookRepository
from domain.lease import Lease


class UnitOfWork(Protocol):
    """One transaction. Its repositories see its own writes; others see them when it has committed."""

    @property
    @abstractmethod
    def sessions(self) -> SessionRepository:
        """The sessions."""

    @property
    @abstractmethod
    def leases(self) -> SessionLeases:
        """Who runs which session."""

    @property
    @abstractmethod
    def messages(self) -> MessageRepository:
        """The messages."""

    @property
    @abstractmethod
    def states(self) -> MessageStates:
        """What was done to messages."""

    @property
    @abstractmethod
    def media(self) -> MediaRepository:
        """The files."""

    @property
    @abstractmethod
    def outbox(self) -> Outbox:
        """The messages that wait to be sent."""

    @property
    @abstractmethod
    def paced_outbox(self) -> PacedOutbox:
        """The same of sessions whose messages don't leave as soon as they can."""

    @property
    @abstractmethod
    def paces(self) -> PaceRepository:
        """Where the pace of each session stands."""

    @property
    @abstractmethod
    def suppressions(self) -> SuppressionRepository:
        """Who isn't to be written to."""

    @property
    @abstractmethod
    def events(self) -> EventAppender:
        """The event log's writing side."""

    @property
    @abstractmethod
    def users(self) -> UserRepository:
        """The users."""

    @property
    @abstractmethod
    def api_keys(self) -> ApiKeyRepository:
        """The API keys."""

    @property
    @abstractmethod
    def audit(self) -> AuditLog:
        """The audit log."""

    @property
    @abstractmethod
    def audit_intents(self) -> AuditIntents:
        """What was begun and isn't in it yet."""

    @property
    @abstractmethod
    def idempotency(self) -> IdempotencyRepository:
        """The answers by request key."""

    @property
    @abstractmethod
    def people(self) -> PersonRepository:
        """Which addresses are one person's."""

    @property
    @abstractmethod
    def webhooks(self) -> WebhookRepository:
        """The webhook endpoints."""

    @property
    @abstractmethod
    def webhook_queue(self) -> WebhookQueue:
        """What waits to be posted to them."""

    @property
    @abstractmethod
    def webhook_log(self) -> WebhookLog:
        """What became of it."""

    @property
    @abstractmethod
    def survey(self) -> Survey:
        """How everything is."""


class UnitOfWorkFactory(Protocol):
    """Begins units of work.

    Leaving the context normally commits, and returns only when the commit is durable; leaving it with an
    exception takes everything back. After a commit that appended events, the hook given to the adapter is called.

    Raises:
        UnavailableError: ``DATABASE_UNAVAILABLE``, from ``begin`` and from anything inside.
    """

    @abstractmethod
    def begin(self, fence: Lease | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        """A new unit of work.

        Args:
            fence: whatever is written is committed only under this lease, if it is valid at the commit. Nothing that
                was written under it is committed after another has claimed the session.

        Raises:
            ConflictError: ``STALE_LEASE``, when the context is left; nothing was stored.
        """
