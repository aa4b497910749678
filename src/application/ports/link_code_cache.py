"""The QR that a session shows at present."""

from abc import abstractmethod
from typing import Protocol

from domain.ids import SessionId
from domain.session import QrCode


class LinkCodeCache(Protocol):
    """Keeps a session's present QR until it expires, for whichever process is asked for it."""

    @abstractmethod
    async def put(self, session_id: SessionId, qr: QrCode) -> None:
        """Replaces the session's QR.

        Raises:
            UnavailableError: ``CACHE_UNAVAILABLE``.
        """

    @abstractmethod
    async def get(self, session_id: SessionId) -> QrCode | None:
        """The session's QR, or None when it has none or it has expired.

        Raises:
            UnavailableError: ``CACHE_UNAVAILABLE``.
        """

    @abstractmethod
    async def clear(self, session_id: SessionId) -> None:
        """Forgets the session's QR.

        Raises:
            UnavailableError: ``CACHE_UNAVAILABLE``.
        """
