"""A backup at rest: named parts, written once."""

from abc import abstractmethod
from collections.abc import Collection
from typing import Protocol


class BackupWriter(Protocol):
    """A backup that is being written. It is there when all of it is."""

    @abstractmethod
    async def add(self, name: str, data: bytes) -> None:
        """Adds a part under a name that no other has.

        Raises:
            UnavailableError: ``DISK_FULL``, ``BACKUP_FILE_UNUSABLE``.
        """


class BackupReader(Protocol):
    """A backup."""

    @abstractmethod
    def names(self) -> Collection[str]:
        """Its parts."""

    @abstractmethod
    async def read(self, name: str) -> bytes:
        """A part, as it was added.

        Raises:
            UnprocessableError: ``BACKUP_CORRUPT``: there is none of that name, or it can't be read.
            UnavailableError: ``BACKUP_FILE_UNUSABLE``.
        """
