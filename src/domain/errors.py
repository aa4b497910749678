"""The one family of errors. A kind says what sort of failure it is; each transport maps kinds to its own status."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final


class ErrorKind(StrEnum):
    """What sort of failure an error is, without any transport's words."""

    INVALID_ARGUMENT = "invalid_argument"
    UNAUTHENTICATED = "unauthenticated"
    PERMISSION_DENIED = "permission_denied"
    NOT_FOUND = "not_found"
    ALREADY_EXISTS = "already_exists"
    CONFLICT = "conflict"
    """The resource's present state doesn't allow it: a send to a session that isn't ``WORKING``, an expired QR."""
    GONE = "gone"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA = "unsupported_media"
    UNPROCESSABLE = "unprocessable"
    """Well formed, but WhatsApp or the state of the world refuses it: a number without an account."""
    RATE_LIMITED = "rate_limited"
    CAPABILITY_UNAVAILABLE = "capability_unavailable"
    UNAVAILABLE = "unavailable"
    """A part that is needed doesn't answer at present; the same call may succeed later."""
    DEADLINE_EXCEEDED = "deadline_exceeded"
    INTERNAL = "internal"


TRANSIENT: Final = frozenset({ErrorKind.UNAVAILABLE, ErrorKind.DEADLINE_EXCEEDED})
"""Kinds that pass by themselves: doing the same again later is right."""


class PomboError(Exception):
    """A failure with a public reason.

    Attributes:
        kind: the sort of failure; ``entrypoints/status.py`` maps it to HTTP and gRPC.
        reason: public, stable UPPER_SNAKE name of the failure.
        message: a sentence for people that says what to do; never holds secrets, bodies or whole phone numbers.
        field: the request's field at fault, where there is one.
        metadata: public details, strings only.
        retry_after: how long to wait before trying again, where that is known.
    """

    kind: ErrorKind = ErrorKind.INTERNAL

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        field: str | None = None,
        metadata: Mapping[str, str] | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.field = field
        self.metadata: Mapping[str, str] = dict(metadata or {})
        self.retry_after = retry_after


class InvalidArgumentError(PomboError):
    """The request itself is wrong, whatever the state of the world."""

    kind = ErrorKind.INVALID_ARGUMENT


class UnauthenticatedError(PomboError):
    """No API key, or a wrong one."""

    kind = ErrorKind.UNAUTHENTICATED


class PermissionDeniedError(PomboError):
    """The caller is known, and may not do this."""

    kind = ErrorKind.PERMISSION_DENIED


class NotFoundError(PomboError):
    """The named resource doesn't exist."""

    kind = ErrorKind.NOT_FOUND


class AlreadyExistsError(PomboError):
    """A resource of that name exists."""

    kind = ErrorKind.ALREADY_EXISTS


class ConflictError(PomboError):
    """The resource's present state doesn't allow the call."""

    kind = ErrorKind.CONFLICT


class GoneError(PomboError):
    """What was asked for existed and is past: an expired QR, a cursor before retention."""

    kind = ErrorKind.GONE


class TooLargeError(PomboError):
    """The request is larger than the limit."""

    kind = ErrorKind.TOO_LARGE


class UnsupportedMediaError(PomboError):
    """A file isn't of a type that can be taken, or isn't what it is said to be."""

    kind = ErrorKind.UNSUPPORTED_MEDIA


class UnprocessableError(PomboError):
    """Well formed, and refused by WhatsApp: the number has no account, the account is restricted."""

    kind = ErrorKind.UNPROCESSABLE


class RateLimitedError(PomboError):
    """Too many calls; ``retry_after`` says when to come back."""

    kind = ErrorKind.RATE_LIMITED


class CapabilityUnavailableError(PomboError):
    """The session's page lacks the function that carries this call."""

    kind = ErrorKind.CAPABILITY_UNAVAILABLE

    def __init__(self, capability: str) -> None:
        super().__init__(
            "CAPABILITY_UNAVAILABLE",
            f"This session's page can't do '{capability}' at present; its status lists what works.",
            metadata={"capability": capability},
        )


class UnavailableError(PomboError):
    """A part that is needed doesn't answer at present."""

    kind = ErrorKind.UNAVAILABLE


class DeadlineExceededError(PomboError):
    """The call took longer than its deadline; its effect may still come."""

    kind = ErrorKind.DEADLINE_EXCEEDED


class InternalError(PomboError):
    """A fault of the gateway's own."""

    kind = ErrorKind.INTERNAL


def error_of(
    kind: str, reason: str, message: str, *, field: str | None = None, metadata: Mapping[str, str] | None = None
) -> PomboError:
    """An error of a kind that is only known by its name, as of one that was stored, or told by another gateway."""
    of_kind = next((each for each in PomboError.__subclasses__() if each.kind == kind), PomboError)
    error = of_kind.__new__(of_kind)
    PomboError.__init__(error, reason, message, field=field, metadata=metadata)
    error.kind = ErrorKind(kind)
    return error
