"""Sealed logins, copied without being opened."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.ids import SessionId


class LoginBackup(Protocol):
    """The snapshots of a ``SessionStore`` as they are stored: neither a key nor a cipher is needed."""

    @abstractmethod
    async def sessions(self) -> Sequence[SessionId]:
        """Those that have something stored, in order.

        Raises:
            UnavailableError: ``CACHE_UNAVAILABLE``.
        """

    @abstractmethod
    async def read(self, session_id: SessionId) -> Mapping[str, bytes]:
        """All that is stored of a session, as it was at one moment; empty when there is nothing.

        Raises:
            UnavailableError: ``CACHE_UNAVAILABLE``.
        """

    @abstractmethod
    async def write(self, session_id: SessionId, fields: Mapping[str, bytes]) -> None:
        """Stores what ``read`` gave, in place of what was there.

        Raises:
            UnavailableError: ``CACHE_UNAVAILABLE``.
        """

    @abstractmethod
    async def remove(self, session_id: SessionId) -> None:
        """Removes what is stored of a session.

        Raises:
            UnavailableError: ``CACHE_UNAVAILABLE``.
        """
