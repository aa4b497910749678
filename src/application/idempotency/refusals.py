"""Why a request with a key isn't done. Every adapter says it in the same words."""

from datetime import datetime, timedelta

from application.ports.idempotency_repository import KeyedRequest
from domain.errors import ConflictError, UnprocessableError


def check_same(request: KeyedRequest, fingerprint: bytes) -> None:
    """Refuses a key that its caller has used for something else.

    Raises:
        UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
    """
    if request.fingerprint != fingerprint:
        raise UnprocessableError(
            "IDEMPOTENCY_KEY_REUSED",
            "This key came with another request before; a new request needs a new key.",
        )


def is_busy(until: datetime, *, now: datetime, busy_until: datetime) -> bool:
    """Whether somebody may still be at a request.

    Args:
        until: how long whoever is at it has.
        now: the time.
        busy_until: how long who asks would have. Nobody takes much more for themselves: what lies more than twice as
            far ahead was written when a clock was wrong, and would keep the key for as long as that was.
    """
    own = busy_until - now
    return until > now and (own <= timedelta(0) or until - now <= 2 * own)


def in_progress() -> ConflictError:
    """The request is being worked on; its answer will be there in a moment."""
    return ConflictError(
        "REQUEST_IN_PROGRESS",
        "A request with this key is being worked on; ask again in a moment.",
        retry_after=timedelta(seconds=1),
    )
