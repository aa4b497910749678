"""Row locks that are held to the end of a transaction."""

import asyncio
from collections.abc import Hashable, Iterable

from domain.errors import UnavailableError


class RowLocks:
    """The locks of all transactions. An owner is any object; it may take a key more than once."""

    def __init__(self) -> None:
        self._owners: dict[Hashable, object] = {}
        self._sharers: dict[Hashable, set[object]] = {}
        self._waiting: dict[object, Hashable] = {}
        self._released = asyncio.Event()

    def is_free(self, owner: object, key: Hashable) -> bool:
        """Whether the owner would get the key at once."""
        return self._owners.get(key, owner) is owner and not self._sharers.get(key, set()) - {owner}

    async def acquire(self, owner: object, key: Hashable) -> None:
        """Takes a key, waiting for whoever has it.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE`` when owners wait for each other in a circle.
        """
        while not self.is_free(owner, key):
            await self._wait(owner, key)
        self._owners[key] = owner

    async def share(self, owner: object, key: Hashable) -> None:
        """Takes a part in a key that others may have a part in, too; waits for who has it alone."""
        while self._owners.get(key, owner) is not owner:
            await self._wait(owner, key)
        self._sharers.setdefault(key, set()).add(owner)

    def release(self, owner: object, keys: Iterable[Hashable]) -> None:
        """Gives keys back, those that the owner has."""
        for key in keys:
            if self._owners.get(key) is owner:
                del self._owners[key]
            sharers = self._sharers.get(key, set())
            sharers.discard(owner)
            if not sharers:
                self._sharers.pop(key, None)
        if self._waiting:
            self._released.set()
            self._released = asyncio.Event()

    async def _wait(self, owner: object, key: Hashable) -> None:
        """Waits until some owner gives keys back."""
        self._refuse_circle(owner, key)
        self._waiting[owner] = key
        try:
            await self._released.wait()
        finally:
            del self._waiting[owner]

    def _refuse_circle(self, owner: object, key: Hashable) -> None:
        seen = self._owners.get(key)
        while seen is not None:
            if seen is owner:
                raise UnavailableError("DATABASE_UNAVAILABLE", "Two transactions wait for each other; try again.")
            seen = self._owners.get(self._waiting[seen]) if seen in self._waiting else None
