"""API keys in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, override

from adapters.postgres.transaction import Transaction
from adapters.postgres.user_repository import to_user
from application.ports.api_key_repository import ApiKeyRepository
from domain.access import ApiKey, KeyHash, OwnedKey, Role
from domain.access_errors import api_key_not_found, user_not_found
from domain.ids import ApiKeyId, SessionId, UserId

_COLUMNS: Final = """id, user_id, name, role, session_ids, hint, request_scope, created_at, expires_at, revoked_at,
    last_used_at, replaced_by"""
# Also of a user that is being changed: the row alone is kept.
_KEEP_USER: Final = "SELECT id FROM pombo.users WHERE id = $1 FOR KEY SHARE"
_ADD: Final = f"""
INSERT INTO pombo.api_keys ({_COLUMNS}, hash, secret_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (hash) DO NOTHING
"""  # noqa: S608 - of constants
_OWNED: Final = """
SELECT k.id, k.name, k.role, k.session_ids, k.hint, k.request_scope, k.created_at, k.expires_at,
    k.revoked_at, k.last_used_at, k.replaced_by,
    u.id AS user_id, u.name AS user_name, u.role AS user_role, u.disabled_at AS user_disabled_at,
    u.created_at AS user_created_at, u.updated_at AS user_updated_at
FROM pombo.api_keys AS k JOIN pombo.users AS u ON u.id = k.user_id
"""
_FIND: Final = f"{_OWNED} WHERE k.hash = ANY($1::bytea[]) LIMIT 1"
_GET: Final = f"{_OWNED} WHERE k.id = $1"
_LIST: Final = f"""
SELECT {_COLUMNS} FROM pombo.api_keys
WHERE id > $1 AND ($2::text IS NULL OR user_id = $2) ORDER BY id LIMIT $3
"""  # noqa: S608 - of constants
_SAVE: Final = """
UPDATE pombo.api_keys SET expires_at = $2, revoked_at = $3, replaced_by = $4 WHERE id = $1 RETURNING id
"""
_TOUCH: Final = "UPDATE pombo.api_keys SET last_used_at = greatest(last_used_at, $2) WHERE id = $1"
_COUNT_UNDER_OTHERS: Final = """
SELECT count(*) FROM pombo.api_keys
WHERE secret_id IS NOT NULL AND secret_id <> ALL($1::text[])
    AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
"""


class PostgresApiKeyRepository(ApiKeyRepository):
    """API keys within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def add(self, key: ApiKey, key_hash: KeyHash) -> None:
        if not await self._transaction.write(_KEEP_USER, key.user_id):
            raise user_not_found(key.user_id)
        await self._transaction.write(
            _ADD,
            *(key.id, key.user_id, key.name, key.role.value, list(key.session_ids), key.hint, key.request_scope),
            *(key.created_at, key.expires_at, key.revoked_at, key.last_used_at, key.replaced_by),
            *(key_hash.digest, key_hash.secret_id),
        )

    @override
    async def find(self, hashes: Sequence[bytes]) -> OwnedKey | None:
        rows = await self._transaction.read(_FIND, list(hashes))
        return _owned(rows[0]) if rows else None

    @override
    async def get(self, key_id: ApiKeyId, *, lock: bool = False) -> OwnedKey:
        if lock:
            rows = await self._transaction.write(f"{_GET} FOR NO KEY UPDATE OF k", key_id)
        else:
            rows = await self._transaction.read(_GET, key_id)
        if not rows:
            raise api_key_not_found(key_id)
        return _owned(rows[0])

    @override
    async def list(
        self, *, user_id: UserId | None = None, after: ApiKeyId | None = None, limit: int
    ) -> Sequence[ApiKey]:
        return tuple(map(_key, await self._transaction.read(_LIST, after or "", user_id, limit)))

    @override
    async def save(self, key: ApiKey) -> None:
        if not await self._transaction.write(_SAVE, key.id, key.expires_at, key.revoked_at, key.replaced_by):
            raise api_key_not_found(key.id)

    @override
    async def touch(self, key_id: ApiKeyId, at: datetime) -> None:
        await self._transaction.write(_TOUCH, key_id, at)

    @override
    async def count_under_others(self, secret_ids: Collection[str], now: datetime) -> int:
        (row,) = await self._transaction.read(_COUNT_UNDER_OTHERS, list(secret_ids), now)
        return int(row["count"])

    @override
    async def is_empty(self) -> bool:
        return not await self._transaction.read("SELECT 1 FROM pombo.api_keys LIMIT 1")


def _owned(row: Mapping[str, Any]) -> OwnedKey:
    return OwnedKey(key=_key(row), user=to_user(row, "user_"))


def _key(row: Mapping[str, Any]) -> ApiKey:
    return ApiKey(
        id=ApiKeyId(row["id"]),
        user_id=UserId(row["user_id"]),
        name=row["name"],
        role=Role(row["role"]),
        session_ids=tuple(SessionId(each) for each in row["session_ids"]),
        hint=row["hint"],
        request_scope=row["request_scope"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
        replaced_by=None if row["replaced_by"] is None else ApiKeyId(row["replaced_by"]),
    )
