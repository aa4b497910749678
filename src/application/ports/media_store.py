"""Files' contents at rest, each once, by its digest."""

from abc import abstractmethod
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from application.ports.media_spool import SpooledFile
from domain.media import Sha256


class MediaStore(Protocol):
    """Holds contents of any size, of which a piece at a time is in memory. What may go, ``MediaRepository`` knows."""

    @abstractmethod
    async def put(self, file: SpooledFile) -> None:
        """Stores a content durably, whole or not at all. One that is there already is left alone.

        Raises:
            UnavailableError: ``DISK_FULL``, ``MEDIA_STORE_UNAVAILABLE``.
        """

    @abstractmethod
    async def size(self, sha256: Sha256) -> int | None:
        """How many bytes a content has; None when it isn't there.

        Raises:
            UnavailableError: ``MEDIA_STORE_UNAVAILABLE``.
        """

    @abstractmethod
    def read(self, sha256: Sha256, *, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes]:
        """The bytes from ``start`` up to but not including ``end``, or to the content's end, in pieces.

        Raises:
            NotFoundError: ``MEDIA_MISSING``: it isn't there. Before the first piece.
            UnavailableError: ``MEDIA_STORE_UNAVAILABLE``: at any time; what came before is good.
        """

    @abstractmethod
    def local(self, sha256: Sha256) -> AbstractAsyncContextManager[Path]:
        """The content as a file of this machine, to be read only, for the time of the context.

        Raises:
            NotFoundError: ``MEDIA_MISSING``.
            UnavailableError: ``DISK_FULL``, ``MEDIA_STORE_UNAVAILABLE``.
        """

    @abstractmethod
    async def delete(self, sha256: Sha256) -> None:
        """Removes a content; one that isn't there is gone already.

        Raises:
            UnavailableError: ``MEDIA_STORE_UNAVAILABLE``.
        """
