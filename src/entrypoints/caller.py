"""Who makes the call that is being served."""

from contextvars import ContextVar
from typing import Final

from application.access.authenticate import Principal
from application.idempotency.request_key import RequestKey

CALLER: Final[ContextVar[Principal]] = ContextVar("caller")
"""Set by each transport once it has authenticated a call."""


def request_key(key: str | None, field: str) -> RequestKey | None:
    """The caller's key of this request; None when it gave none.

    Raises:
        InvalidArgumentError: ``INVALID_IDEMPOTENCY_KEY``.
    """
    return None if key is None else RequestKey.parse(key, scope=CALLER.get().scope, field=field)
