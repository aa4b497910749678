"""API keys in memory."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import override

from adapters.memory.state import KeyRow
from adapters.memory.transaction import Transaction
from application.ports.api_key_repository import ApiKeyRepository
from domain.access import ApiKey, KeyHash, KeyStatus, OwnedKey
from domain.access_errors import api_key_not_found, user_not_found
from domain.ids import ApiKeyId, UserId


class MemoryApiKeyRepository(ApiKeyRepository):
    """API keys within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._rows = transaction.api_keys

    @override
    async def add(self, key: ApiKey, key_hash: KeyHash) -> None:
        if self._transaction.users.get(key.user_id) is None:
            raise user_not_found(key.user_id)
        await self._transaction.lock(key_hash.digest)
        if all(row.hash.digest != key_hash.digest for _, row in self._rows.items()):
            self._rows.put(key.id, KeyRow(key, key_hash))

    @override
    async def find(self, hashes: Sequence[bytes]) -> OwnedKey | None:
        found = next((row.key for _, row in self._rows.items() if row.hash.digest in hashes), None)
        return None if found is None else self._owned(found)

    @override
    async def get(self, key_id: ApiKeyId, *, lock: bool = False) -> OwnedKey:
        if lock:
            await self._transaction.lock(key_id)
        return self._owned(self._row(key_id).key)

    @override
    async def list(
        self, *, user_id: UserId | None = None, after: ApiKeyId | None = None, limit: int
    ) -> Sequence[ApiKey]:
        found = [row.key for _, row in self._rows.items() if user_id in {None, row.key.user_id}]
        behind = sorted((key for key in found if key.id > (after or "")), key=lambda key: key.id)
        return tuple(behind[:limit])

    @override
    async def save(self, key: ApiKey) -> None:
        await self._transaction.lock(key.id)
        row = self._row(key.id)
        changed = replace(row.key, expires_at=key.expires_at, revoked_at=key.revoked_at, replaced_by=key.replaced_by)
        self._rows.put(key.id, replace(row, key=changed))

    @override
    async def touch(self, key_id: ApiKeyId, at: datetime) -> None:
        await self._transaction.lock(key_id)
        row = self._rows.get(key_id)
        if row is not None and (row.key.last_used_at is None or row.key.last_used_at < at):
            self._rows.put(key_id, replace(row, key=replace(row.key, last_used_at=at)))

    @override
    async def count_under_others(self, secret_ids: Collection[str], now: datetime) -> int:
        known = {None, *secret_ids}
        working = (row for _, row in self._rows.items() if row.key.status(now) is KeyStatus.ACTIVE)
        return sum(row.hash.secret_id not in known for row in working)

    @override
    async def is_empty(self) -> bool:
        return next(iter(self._rows.items()), None) is None

    def _row(self, key_id: ApiKeyId) -> KeyRow:
        row = self._rows.get(key_id)
        if row is None:
            raise api_key_not_found(key_id)
        return row

    def _owned(self, key: ApiKey) -> OwnedKey:
        user = self._transaction.users.get(key.user_id)
        if user is None:
            raise user_not_found(key.user_id)
        return OwnedKey(key=key, user=user)
