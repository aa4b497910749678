"""How everything is, at one look."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.ids import SessionId
from domain.lease import Lease
from domain.pacing import RestrictionReason
from domain.session import SessionStatus, StatusReason, Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionState:
    """One session.

    Attributes:
        status_at: since when it has had its status.
        waiting: outbound messages that are due and not with the page yet.
        put_off: outbound messages whose time hasn't come.
        sending: outbound messages with the page, or of unknown fate.
        oldest_due_at: since when the first of the waiting ones has been due; None where none waits.
        epoch: of its newest lease; 0 where it never had one.
        lease: the valid one, whoever has it.
        paused_by: the restriction of WhatsApp's by which its messages to strangers wait.
    """

    session_id: SessionId
    wanted: Wanted
    status: SessionStatus
    reason: StatusReason
    status_at: datetime
    waiting: int
    put_off: int
    sending: int
    oldest_due_at: datetime | None
    epoch: int
    lease: Lease | None
    paused_by: RestrictionReason | None = None

    @property
    def is_ailing(self) -> bool:
        """Whether it is wanted to run and doesn't work."""
        return self.wanted is Wanted.RUNNING and self.status is not SessionStatus.WORKING


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookState:
    """All webhook endpoints together.

    Attributes:
        enabled: how many get events.
        failing: how many of those have had nothing but failures of late.
        disabled: how many get none.
        backlog: events that wait for the enabled ones, of each at most ``MAX_BACKLOG``.
        dead_letters: deliveries that were given up and are kept.
    """

    enabled: int
    failing: int
    disabled: int
    backlog: int
    dead_letters: int


class Survey(Protocol):
    """Looks at everything. Part of a unit of work."""

    @abstractmethod
    async def sessions(self, *, now: datetime) -> Sequence[SessionState]:
        """All sessions, in the order of their ids."""

    @abstractmethod
    async def webhooks(self) -> WebhookState:
        """All webhook endpoints."""
