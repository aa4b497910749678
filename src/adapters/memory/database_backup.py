"""A database of rows that are lines, in memory."""

from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import override

from application.ports.database_backup import DatabaseBackup, DatabaseReader, DatabaseWriter, Sink
from domain.backup import DatabaseShape, TableShape, backup_corrupt, backup_newer
from domain.errors import ConflictError, NotFoundError
from domain.media import Sha256


@dataclass(slots=True)
class MemoryRows:
    """What a gateway has written: rows, by table, each one a line; and contents of files."""

    tables: Mapping[str, tuple[bytes, ...]]
    media: Sequence[Sha256] = ()
    sequences: Mapping[str, tuple[int, bool]] = field(default_factory=dict)
    is_run: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it was never written to."""
        return not any(self.tables.values())


class MemoryDatabaseBackup(DatabaseBackup):
    """Takes rows out of a variable, and puts them in.

    Args:
        rows: what is there; None: a database that no gateway has used.
        steps: those that this version knows.
    """

    def __init__(self, rows: MemoryRows | None, steps: Mapping[int, str]) -> None:
        self.rows = rows
        self._steps = steps

    @override
    def reading(self) -> AbstractAsyncContextManager[DatabaseReader]:
        return self._reading()

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[DatabaseReader]:
        if self.rows is None:
            raise NotFoundError("NOTHING_TO_BACK_UP", "The gateway has never used this database.")
        yield _Reader(self.rows, self._steps)

    @override
    def writing(self, shape: DatabaseShape, *, replace: bool) -> AbstractAsyncContextManager[DatabaseWriter]:
        return self._writing(shape, replace=replace)

    @asynccontextmanager
    async def _writing(self, shape: DatabaseShape, *, replace: bool) -> AsyncIterator[DatabaseWriter]:
        if unknown := shape.steps.keys() - self._steps.keys():
            raise backup_newer(f"its database has step {max(unknown)}")
        if any(self._steps[number] != digest for number, digest in shape.steps.items()):
            raise ConflictError("MIGRATION_CHANGED", "The backup's database was made with another text of a step.")
        if self.rows is not None and self.rows.is_run:
            raise ConflictError("TARGET_IN_USE", "A gateway runs sessions of this database.")
        if self.rows is not None and not self.rows.is_empty and not replace:
            raise ConflictError("TARGET_NOT_EMPTY", "The database holds rows already.")
        writer = _Writer(shape)
        yield writer
        self.rows = MemoryRows(tables=writer.written, sequences=shape.sequences)


class _Reader(DatabaseReader):
    def __init__(self, rows: MemoryRows, steps: Mapping[int, str]) -> None:
        self._tables = dict(rows.tables)
        self._media = tuple(rows.media)
        self._shape = DatabaseShape(
            steps=dict(steps),
            tables=tuple(TableShape(name=name, columns=("line",)) for name in self._tables),
            sequences=dict(rows.sequences),
        )

    @property
    @override
    def shape(self) -> DatabaseShape:
        return self._shape

    @override
    async def read(self, table: str, sink: Sink) -> int:
        for row in self._tables[table]:
            await sink(row + b"\n")
        return len(self._tables[table])

    @override
    async def media(self) -> Sequence[Sha256]:
        return self._media


class _Writer(DatabaseWriter):
    def __init__(self, shape: DatabaseShape) -> None:
        self.written: dict[str, tuple[bytes, ...]] = {table.name: () for table in shape.tables}

    @override
    async def write(self, table: str, pieces: AsyncIterable[bytes]) -> int:
        if table not in self.written:
            raise backup_corrupt(f"{table} isn't among its tables")
        text = b"".join([piece async for piece in pieces])
        if text and not text.endswith(b"\n"):
            raise backup_corrupt(f"the rows of {table} don't fit it")
        self.written[table] = tuple(text.splitlines())
        return len(self.written[table])
