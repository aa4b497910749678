"""API keys at rest: what is known of them, and their hashes."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from domain.access import ApiKey, KeyHash, OwnedKey
from domain.ids import ApiKeyId, UserId


class ApiKeyRepository(Protocol):
    """API keys. Part of a unit of work. A key itself is never stored, and a hash is never given out."""

    @abstractmethod
    async def add(self, key: ApiKey, key_hash: KeyHash) -> None:
        """Adds a key under its hash; one whose hash is there stays as it is.

        Raises:
            NotFoundError: ``USER_NOT_FOUND``.
        """

    @abstractmethod
    async def find(self, hashes: Sequence[bytes]) -> OwnedKey | None:
        """The key that has one of these hashes, in whatever state it is."""

    @abstractmethod
    async def get(self, key_id: ApiKeyId, *, lock: bool = False) -> OwnedKey:
        """One key; with ``lock`` nobody else changes it before this unit of work ends.

        Raises:
            NotFoundError: ``API_KEY_NOT_FOUND``.
        """

    @abstractmethod
    async def list(
        self, *, user_id: UserId | None = None, after: ApiKeyId | None = None, limit: int
    ) -> Sequence[ApiKey]:
        """Keys in the order of their ids, those after the given one; of one user, or of all."""

    @abstractmethod
    async def save(self, key: ApiKey) -> None:
        """Stores what can change of a key that exists: its end, and its successor.

        Raises:
            NotFoundError: ``API_KEY_NOT_FOUND``.
        """

    @abstractmethod
    async def touch(self, key_id: ApiKeyId, at: datetime) -> None:
        """Notes that a key was used; an earlier time than the one on record changes nothing."""

    @abstractmethod
    async def count_under_others(self, secret_ids: Collection[str], now: datetime) -> int:
        """How many keys work, and have a hash that was made under a secret which is none of these."""

    @abstractmethod
    async def is_empty(self) -> bool:
        """Whether there is no key at all."""
