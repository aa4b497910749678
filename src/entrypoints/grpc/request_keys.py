"""The caller's own name of a call."""

from typing import Protocol

from application.idempotency.request_key import RequestKey
from entrypoints.caller import request_key


class Named(Protocol):
    """A request that changes something."""

    @property
    def request_id(self) -> str:
        """The name; empty when there is none."""


def key_of(request: Named) -> RequestKey | None:
    """The key of a request.

    Raises:
        InvalidArgumentError: ``INVALID_IDEMPOTENCY_KEY``.
    """
    return request_key(request.request_id or None, "request_id")
