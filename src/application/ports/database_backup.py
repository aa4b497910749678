"""All rows of the database, taken out and put in as they are."""

from abc import abstractmethod
from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from domain.backup import DatabaseShape
from domain.media import Sha256

Sink = Callable[[bytes], Awaitable[None]]
"""Takes pieces of any size."""


class DatabaseReader(Protocol):
    """The database as it was at one moment, whatever is written meanwhile."""

    @property
    @abstractmethod
    def shape(self) -> DatabaseShape:
        """What it is like."""

    @abstractmethod
    async def read(self, table: str, sink: Sink) -> int:
        """Hands a table's rows to the sink, and gives how many they were.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """

    @abstractmethod
    async def media(self) -> Sequence[Sha256]:
        """The contents that are in the media store, or on their way there, or on their way out.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """


class DatabaseWriter(Protocol):
    """A database that is being filled: seen by nobody before it is whole."""

    @abstractmethod
    async def write(self, table: str, pieces: AsyncIterable[bytes]) -> int:
        """Puts in what ``read`` gave of a table, cut anywhere, and gives how many rows they were.

        Raises:
            UnprocessableError: ``BACKUP_CORRUPT``: the rows don't fit the table.
            UnavailableError: ``DATABASE_UNAVAILABLE``, ``DISK_FULL``.
        """


class DatabaseBackup(Protocol):
    """Takes the database out, and puts one in."""

    @abstractmethod
    def reading(self) -> AbstractAsyncContextManager[DatabaseReader]:
        """Looks at the database at one moment; its users go on.

        Raises:
            NotFoundError: ``NOTHING_TO_BACK_UP``: the gateway has never used this database.
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """

    @abstractmethod
    def writing(self, shape: DatabaseShape, *, replace: bool) -> AbstractAsyncContextManager[DatabaseWriter]:
        """Makes a database of that shape, to be filled with its tables in their order.

        At the context's end it is brought up to this version, and takes the place of what was there; after a failure
        what was there is unchanged. What was seen after the backup stays past: places in the event log and epochs of
        leases go on far behind those of the backup.

        Raises:
            ConflictError: ``BACKUP_NEWER``; ``MIGRATION_CHANGED``; ``TARGET_NOT_EMPTY``: it holds rows, and ``replace``
                isn't set; ``TARGET_IN_USE``: a gateway runs sessions of it.
            UnavailableError: ``DATABASE_UNAVAILABLE``, ``DISK_FULL``.
        """
