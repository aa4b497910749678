"""API keys at rest: their hashes only."""

from abc import abstractmethod
from typing import Protocol


class ApiKeyRepository(Protocol):
    """Hashes of API keys. Part of a unit of work. A key itself is never stored."""

    @abstractmethod
    async def add(self, key_hash: bytes, *, label: str) -> None:
        """Adds a key's 32-byte hash; adding it again changes nothing."""

    @abstractmethod
    async def exists(self, key_hash: bytes) -> bool:
        """Whether a key with this hash may call."""

    @abstractmethod
    async def is_empty(self) -> bool:
        """Whether there is no key at all."""
