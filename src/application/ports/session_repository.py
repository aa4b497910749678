"""Sessions at rest."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Final, Protocol

from domain.ids import SessionId
from domain.session import Session, StatusChange

KEPT_CHANGES: Final = 500
"""Of each session, so many changes of status are kept."""


class SessionRepository(Protocol):
    """Sessions and their status history. Part of a unit of work."""

    @abstractmethod
    async def add(self, session: Session) -> None:
        """Adds a session.

        Raises:
            AlreadyExistsError: ``SESSION_EXISTS``.
        """

    @abstractmethod
    async def get(self, session_id: SessionId, *, lock: bool = False) -> Session:
        """One session; with ``lock`` nobody else changes it before this unit of work ends.

        Raises:
            NotFoundError: ``SESSION_NOT_FOUND``.
        """

    @abstractmethod
    async def keep(self, session_id: SessionId) -> Session:
        """One session that nobody deletes before this unit of work ends.

        Any number may keep it at once, and it may change meanwhile.

        Raises:
            NotFoundError: ``SESSION_NOT_FOUND``.
        """

    @abstractmethod
    async def list(
        self, *, after: SessionId | None = None, limit: int | None = None, among: Collection[SessionId] | None = None
    ) -> Sequence[Session]:
        """Sessions in the order of their ids, those after the given one; with ``among`` only these."""

    @abstractmethod
    async def save(self, session: Session) -> None:
        """Stores a session that exists. A change of status is added to its history, of which the newest 500 are kept.

        Raises:
            NotFoundError: ``SESSION_NOT_FOUND``.
        """

    @abstractmethod
    async def history(self, session_id: SessionId, *, limit: int) -> Sequence[StatusChange]:
        """The newest status changes, newest first."""

    @abstractmethod
    async def delete(self, session_id: SessionId) -> None:
        """Removes a session and its history; its messages and events stay.

        Raises:
            NotFoundError: ``SESSION_NOT_FOUND``.
        """
