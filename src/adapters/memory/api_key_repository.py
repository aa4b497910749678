"""API keys in memory."""

from typing import override

from adapters.memory.transaction import Transaction
from application.ports.api_key_repository import ApiKeyRepository


class MemoryApiKeyRepository(ApiKeyRepository):
    """Hashes of API keys within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def add(self, key_hash: bytes, *, label: str) -> None:
        await self._transaction.lock(key_hash)
        if not self._transaction.has_api_key(key_hash):
            self._transaction.put_api_key(key_hash, label)

    @override
    async def exists(self, key_hash: bytes) -> bool:
        return self._transaction.has_api_key(key_hash)

    @override
    async def is_empty(self) -> bool:
        return not self._transaction.has_any_api_key()
