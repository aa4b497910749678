"""API keys in PostgreSQL."""

from typing import override

from adapters.postgres.transaction import Transaction
from application.ports.api_key_repository import ApiKeyRepository


class PostgresApiKeyRepository(ApiKeyRepository):
    """Hashes of API keys within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def add(self, key_hash: bytes, *, label: str) -> None:
        await self._transaction.write(
            "INSERT INTO pombo.api_keys (hash, label) VALUES ($1, $2) ON CONFLICT DO NOTHING", key_hash, label
        )

    @override
    async def exists(self, key_hash: bytes) -> bool:
        return bool(await self._transaction.read("SELECT 1 FROM pombo.api_keys WHERE hash = $1", key_hash))

    @override
    async def is_empty(self) -> bool:
        return not await self._transaction.read("SELECT 1 FROM pombo.api_keys LIMIT 1")
