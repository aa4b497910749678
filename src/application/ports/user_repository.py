"""Users at rest."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from domain.access import User
from domain.ids import UserId


class UserRepository(Protocol):
    """Users. Part of a unit of work. They are never removed: what they did is told of them later, too."""

    @abstractmethod
    async def add(self, user: User) -> bool:
        """Adds a user. Tells whether that is new: one with this id stays as it is."""

    @abstractmethod
    async def get(self, user_id: UserId, *, lock: bool = False) -> User:
        """One user; with ``lock`` nobody else changes it before this unit of work ends.

        Raises:
            NotFoundError: ``USER_NOT_FOUND``.
        """

    @abstractmethod
    async def list(self, *, after: UserId | None = None, limit: int) -> Sequence[User]:
        """Users in the order of their ids, those after the given one."""

    @abstractmethod
    async def save(self, user: User) -> None:
        """Stores a user that exists.

        Raises:
            NotFoundError: ``USER_NOT_FOUND``.
        """
