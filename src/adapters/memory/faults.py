"""Failures to script into the WhatsApp in memory."""

from collections import defaultdict, deque
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import PomboError
from domain.ids import SessionId


class Operation(StrEnum):
    """What a scripted failure waits for: one call of the driver's or the page's."""

    OPEN = "open"
    SEND = "send"
    FIND = "find"
    PERFORM = "perform"
    EFFECT = "effect"
    COMMAND = "command"
    RECENT = "recent"
    CHANGES = "changes"
    RESOLVE = "resolve"
    PROBE = "probe"
    RELOAD = "reload"
    REFRESH_QR = "refresh_qr"
    PAIRING_CODE = "pairing_code"
    TAKE_OVER = "take_over"
    LOGOUT = "logout"
    IMAGE = "image"
    STORED = "stored"
    MEDIA = "media"
    PEOPLE = "people"
    """Any call of chats, people, presence and calls."""
    GROUPS = "groups"


@dataclass(frozen=True, slots=True)
class Refuse:
    """The call fails with this error and has no effect."""

    error: PomboError


@dataclass(frozen=True, slots=True)
class Hang:
    """The call doesn't answer until the page is gone; it has no effect."""


@dataclass(frozen=True, slots=True)
class Die:
    """The page dies during the call, before or after its effect."""

    after_effect: bool = False


@dataclass(frozen=True, slots=True)
class LoseOutcome:
    """The call has its effect, and its caller is told that the outcome is unknown. For sends and logouts."""


Fault = Refuse | Hang | Die | LoseOutcome


class FaultScript:
    """The failures to come, in order, per session and operation."""

    def __init__(self) -> None:
        self._coming: dict[tuple[SessionId, Operation], deque[Fault]] = defaultdict(deque)

    def add(self, session_id: SessionId, operation: Operation, fault: Fault) -> None:
        """Lets the next call that has no failure yet fail like this."""
        self._coming[session_id, operation].append(fault)

    def take(self, session_id: SessionId, operation: Operation) -> Fault | None:
        """The failure of the call that begins now."""
        coming = self._coming[session_id, operation]
        return coming.popleft() if coming else None
