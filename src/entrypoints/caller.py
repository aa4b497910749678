"""Who makes the call that is being served."""

from contextvars import ContextVar
from typing import Final

from application.access.principal import CALLER
from application.idempotency.request_key import RequestKey

__all__ = ["ADDRESS", "CALLER", "request_key"]

ADDRESS: Final[ContextVar[str]] = ContextVar("address")
"""Where the call comes from; set by each transport before anything else."""


def request_key(key: str | None, field: str) -> RequestKey | None:
    """The caller's key of this request; None when it gave none.

    Raises:
        InvalidArgumentError: ``INVALID_IDEMPOTENCY_KEY``.
    """
    return None if key is None else RequestKey.parse(key, scope=CALLER.get().scope, field=field)
