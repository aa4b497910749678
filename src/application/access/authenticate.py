"""Check an API key."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import UnauthenticatedError

_PREFIX: Final = "pombo_"
_PERSONALISATION: Final = b"pombo-api-key"


def hash_key(key: str) -> bytes:
    """A key's 32-byte BLAKE2b hash. Keys are random, so that no slow hash is needed."""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=32, person=_PERSONALISATION).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who calls.

    Attributes:
        name: for the logs; doesn't give the key away.
        scope: what tells callers apart for certain: the key's whole hash.
    """

    name: str
    scope: str


class Authenticate:
    """Tells a good API key from a wrong one."""

    def __init__(self, uow: UnitOfWorkFactory, configured_key: str | None) -> None:
        self._uow = uow
        self._configured = None if configured_key is None else hash_key(configured_key)
        self._known: set[bytes] = set()

    async def execute(self, key: str | None) -> Principal:
        """Checks.

        Raises:
            UnauthenticatedError: ``API_KEY_MISSING`` or ``API_KEY_INVALID``.
        """
        if not key:
            raise UnauthenticatedError("API_KEY_MISSING", "Give the API key as X-API-Key, or as Authorization: Bearer.")
        digest = hash_key(key)
        if digest not in self._known:
            if not await self._is_good(digest):
                raise UnauthenticatedError("API_KEY_INVALID", "This API key isn't known here.")
            self._known.add(digest)
        return Principal(name=f"key:{digest.hex()[:8]}", scope=f"key:{digest.hex()}")

    async def _is_good(self, digest: bytes) -> bool:
        if self._configured is not None and secrets.compare_digest(digest, self._configured):
            return True
        async with self._uow.begin() as uow:
            return await uow.api_keys.exists(digest)


class EnsureApiKey:
    """Makes the first key of an installation that has none."""

    def __init__(self, uow: UnitOfWorkFactory, configured_key: str | None) -> None:
        self._uow = uow
        self._configured = configured_key

    async def execute(self) -> str | None:
        """The new key, to be shown this once, or None when there is a key already."""
        if self._configured is not None:
            return None
        async with self._uow.begin() as uow:
            if not await uow.api_keys.is_empty():
                return None
            key = _PREFIX + secrets.token_urlsafe(32)
            await uow.api_keys.add(hash_key(key), label="made at the first start")
        return key
