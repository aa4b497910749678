"""Why a request with a key isn't done. Every adapter says it in the same words."""

from datetime import timedelta

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


def in_progress() -> ConflictError:
    """The request is being worked on; its answer will be there in a moment."""
    return ConflictError(
        "REQUEST_IN_PROGRESS",
        "A request with this key is being worked on; ask again in a moment.",
        retry_after=timedelta(seconds=1),
    )
