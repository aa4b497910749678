"""Files on their way: private ones on this machine, for as long as they are worked with."""

from abc import abstractmethod
from collections.abc import AsyncIterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from domain.media import Sha256

CHUNK: Final = 256 * 1024
"""The most bytes that a piece of a file has when it is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledFile:
    """A whole file on this machine's disk, which nobody else reads or writes."""

    path: Path
    size: int
    sha256: Sha256


class MediaSpool(Protocol):
    """Gives files room while they come in and are converted. What a crash leaves is gone at the next start."""

    @abstractmethod
    def receive(self, chunks: AsyncIterable[bytes], *, max_bytes: int) -> AbstractAsyncContextManager[SpooledFile]:
        """Writes what comes to a file; the context begins when all of it is on the disk, and removes it at its end.

        Nothing more is taken once there is too much.

        Raises:
            TooLargeError: ``MEDIA_TOO_LARGE``.
            InvalidArgumentError: ``MEDIA_EMPTY``.
            UnavailableError: ``DISK_FULL``, ``MEDIA_STORE_UNAVAILABLE``.
        """

    @abstractmethod
    def room(self) -> AbstractAsyncContextManager[Path]:
        """A path for a file that is made, in a directory of its own; whatever is there at the end is removed.

        Raises:
            UnavailableError: ``DISK_FULL``, ``MEDIA_STORE_UNAVAILABLE``.
        """

    @abstractmethod
    async def measure(self, path: Path) -> SpooledFile:
        """A file that was made in a ``room``, brought to the disk.

        Raises:
            InvalidArgumentError: ``MEDIA_EMPTY``.
            UnavailableError: ``DISK_FULL``, ``MEDIA_STORE_UNAVAILABLE``.
        """
