"""What happens to a session's pace, and who opts out."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.ids import MessageId
from domain.jid import Jid
from domain.pacing import RestrictionReason
from domain.suppression import SuppressionSource


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRestricted:
    """Emitted when WhatsApp has refused a message for what the account does, and the session pauses."""

    TYPE: ClassVar[str] = "session.restricted"
    reason: RestrictionReason
    strikes: int
    resumes_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionResumed:
    """Emitted when the pause after a restriction is over. ``reason`` is the restriction's."""

    TYPE: ClassVar[str] = "session.resumed"
    reason: RestrictionReason


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionQuotaWarned:
    """Emitted when four fifths of the chats that may be begun in 24 hours are begun, and when all are.

    Attributes:
        next_at: when the next one may be begun, where all are.
    """

    TYPE: ClassVar[str] = "session.quota"
    used: int
    limit: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionAdded:
    """Emitted when a person has opted out.

    Attributes:
        message_id: the message that asked for it, where one did.
    """

    TYPE: ClassVar[str] = "suppression.added"
    address: Jid
    source: SuppressionSource
    message_id: MessageId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionRemoved:
    """Emitted when a person may be written to again."""

    TYPE: ClassVar[str] = "suppression.removed"
    address: Jid
