"""Check an API key."""

import secrets
from typing import Final

from application.access.key_hashes import plain_hash
from application.access.key_ring import KeyRing
from application.access.principal import Principal
from domain.access import BOOTSTRAP_USER, KeyStatus, OwnedKey, Role
from domain.errors import UnauthenticatedError

_CONFIGURED: Final = "key:configured"


class RefusedKeyError(UnauthenticatedError):
    """A key that is known, and isn't good any more.

    Attributes:
        owned: which.
    """

    def __init__(self, reason: str, message: str, owned: OwnedKey) -> None:
        super().__init__(reason, message)
        self.owned = owned


class Authenticate:
    """Tells a good API key from a wrong one, and whose it is.

    Args:
        ring: the keys on record.
        configured_key: the key of the settings, which is an administrator's as long as it stands there.
    """

    def __init__(self, ring: KeyRing, configured_key: str | None) -> None:
        self._ring = ring
        self._configured = None if configured_key is None else plain_hash(configured_key)

    async def execute(self, key: str | None) -> Principal:
        """Checks.

        Raises:
            UnauthenticatedError: ``API_KEY_MISSING``, ``API_KEY_INVALID``, ``API_KEY_EXPIRED``, ``API_KEY_REVOKED``,
                ``USER_DISABLED``.
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """
        if not key:
            raise UnauthenticatedError("API_KEY_MISSING", "Give the API key as X-API-Key, or as Authorization: Bearer.")
        digest = plain_hash(key)
        if self._configured is not None and secrets.compare_digest(digest, self._configured):
            # The scope is stored, and must tell nothing of a key that people choose. Who changes it stays who they are.
            return Principal(
                name=_CONFIGURED,
                scope=_CONFIGURED,
                role=Role.ADMIN,
                user_id=BOOTSTRAP_USER,
                key_name="API_KEY",
            )
        return self._principal(await self._ring.find(key))

    async def again(self, principal: Principal) -> Principal:
        """The same caller as it may go on.

        Raises:
            UnauthenticatedError: as ``execute``.
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """
        if principal.key_id is None:
            return principal
        return self._principal(await self._ring.get(principal.key_id))

    def _principal(self, owned: OwnedKey | None) -> Principal:
        if owned is None:
            raise UnauthenticatedError("API_KEY_INVALID", "This API key isn't known here.")
        self._check(owned)
        return Principal(
            name=owned.key.id,
            scope=owned.key.request_scope,
            role=owned.role,
            user_id=owned.user.id,
            session_ids=frozenset(owned.key.session_ids) or None,
            key_id=owned.key.id,
            expires_at=owned.key.expires_at,
            key_name=owned.key.name,
        )

    def _check(self, owned: OwnedKey) -> None:
        match owned.key.status(self._ring.now()):
            case KeyStatus.REVOKED:
                raise RefusedKeyError("API_KEY_REVOKED", "This API key was revoked; ask for another one.", owned)
            case KeyStatus.EXPIRED:
                raise RefusedKeyError("API_KEY_EXPIRED", "This API key's time is over; use its successor.", owned)
            case KeyStatus.ACTIVE:
                pass
        if owned.user.is_disabled:
            raise RefusedKeyError("USER_DISABLED", "The user that this API key belongs to is disabled.", owned)
