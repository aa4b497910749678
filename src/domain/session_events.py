"""What happens to sessions."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.session import Me, SessionStatus, StatusReason


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStatusChanged:
    """Emitted when a session's observed status or its reason changes."""

    TYPE: ClassVar[str] = "session.status"
    status: SessionStatus
    reason: StatusReason
    detail: str | None
    me: Me | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QrIssued:
    """Emitted when the page shows a new QR. The QR itself is a credential: ask the session for it."""

    TYPE: ClassVar[str] = "session.qr"
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingCodeIssued:
    """Emitted when a pairing code was made. The code itself was the answer to who asked."""

    TYPE: ClassVar[str] = "session.pairing_code"
    expires_at: datetime
