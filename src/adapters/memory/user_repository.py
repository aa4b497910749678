"""Users in memory."""

from collections.abc import Sequence
from typing import override

from adapters.memory.transaction import Transaction
from application.ports.user_repository import UserRepository
from domain.access import User
from domain.access_errors import user_not_found
from domain.ids import UserId


class MemoryUserRepository(UserRepository):
    """Users within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._rows = transaction.users

    @override
    async def add(self, user: User) -> bool:
        await self._transaction.lock(user.id)
        if self._rows.get(user.id) is not None:
            return False
        self._rows.put(user.id, user)
        return True

    @override
    async def get(self, user_id: UserId, *, lock: bool = False) -> User:
        if lock:
            await self._transaction.lock(user_id)
        user = self._rows.get(user_id)
        if user is None:
            raise user_not_found(user_id)
        return user

    @override
    async def list(self, *, after: UserId | None = None, limit: int) -> Sequence[User]:
        found = sorted((user for key, user in self._rows.items() if key > (after or "")), key=lambda user: user.id)
        return tuple(found[:limit])

    @override
    async def save(self, user: User) -> None:
        await self.get(user.id, lock=True)
        self._rows.put(user.id, user)
