"""The key by which a caller names its request."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from application.ports.idempotency_repository import KeyedRequest
from domain.errors import InvalidArgumentError

MAX_KEY: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    """A caller's name of a request. ``scope`` tells callers apart: equal keys of two of them are two keys."""

    scope: str
    key: str

    @classmethod
    def parse(cls, key: str, *, scope: str, field: str) -> "RequestKey":
        """Reads what a caller gave.

        Raises:
            InvalidArgumentError: ``INVALID_IDEMPOTENCY_KEY``.
        """
        if not 1 <= len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
            raise InvalidArgumentError(
                "INVALID_IDEMPOTENCY_KEY",
                f"A key has 1 to {MAX_KEY} printable ASCII characters; a random UUID is a good one.",
                field=field,
            )
        return cls(scope=scope, key=key)

    def of(self, operation: str, asked: Mapping[str, Any]) -> KeyedRequest:
        """The request, with the fingerprint of what is asked. JSON values only; their order says nothing."""
        text = json.dumps([operation, asked], sort_keys=True, separators=(",", ":"))
        return KeyedRequest(scope=self.scope, key=self.key, fingerprint=hashlib.sha256(text.encode()).digest())
