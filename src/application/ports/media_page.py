"""A page's part in messages' files."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Final, Protocol

from domain.errors import InvalidArgumentError
from domain.ids import WhatsAppMessageId

PIECE: Final = 1024 * 1024
"""The most bytes that leave a page at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMedia:
    """A file that a page has fetched from WhatsApp and decrypted.

    Attributes:
        token: by which it is read. It ends with the page's document, and when nobody reads on for five minutes.
        size: bytes.
        mime_type: as the page has it.
    """

    token: str
    size: int
    mime_type: str


class MediaPage(Protocol):
    """Fetches messages' files and gives them in pieces, so that no file is in memory whole on its way."""

    @abstractmethod
    async def open(self, whatsapp_id: WhatsAppMessageId) -> PageMedia:
        """Has WhatsApp give a message's file. Follow with ``close`` once it is read.

        Raises:
            NotFoundError: ``MEDIA_NOT_IN_PAGE``: the page knows no such message, or it holds no file.
            GoneError: ``MEDIA_EXPIRED``: WhatsApp has it no longer.
            UnprocessableError: ``MEDIA_UNREADABLE``: what WhatsApp has isn't what the message says.
            CapabilityUnavailableError: the page lacks the function.
            DeadlineExceededError: ``MEDIA_DOWNLOAD_TIMEOUT``.
            UnavailableError: ``PAGE_UNAVAILABLE``.
        """

    @abstractmethod
    async def read(self, token: str, *, start: int, length: int) -> bytes:
        """A piece of an open file: ``length`` bytes (at most ``PIECE``) from ``start`` on, fewer at the file's end.

        Raises:
            InvalidArgumentError: ``INVALID_PIECE``.
            NotFoundError: ``MEDIA_NOT_OPEN``: it isn't open, or no longer; open it again.
            UnavailableError: ``PAGE_UNAVAILABLE``.
        """

    @abstractmethod
    async def close(self, token: str) -> None:
        """Lets the page forget a file; one that isn't open is forgotten already.

        Raises:
            UnavailableError: ``PAGE_UNAVAILABLE``.
        """


def check_range(start: int, length: int) -> None:
    """Refuses what no piece of a file can be.

    Raises:
        InvalidArgumentError: ``INVALID_PIECE``.
    """
    if start < 0 or not 0 < length <= PIECE:
        raise InvalidArgumentError("INVALID_PIECE", f"A piece has 1 to {PIECE} bytes and a place in the file.")
