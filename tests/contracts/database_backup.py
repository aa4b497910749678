"""What every copy of a database does.

Fixtures: ``source``, a database with rows in it; ``blank``, one that no gateway has used; ``write_more``, which puts
another row into the source; ``goes_on``, the tables that a restored database doesn't have as they were.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from dataclasses import replace

import pytest

from application.ports.database_backup import DatabaseBackup, DatabaseReader
from domain.backup import DatabaseShape
from domain.errors import ConflictError, NotFoundError, UnprocessableError

type WriteMore = Callable[[], Awaitable[None]]


async def rows_of(reader: DatabaseReader) -> Mapping[str, bytes]:
    """All rows, by table."""
    found = {}
    for table in reader.shape.tables:
        pieces: list[bytes] = []

        async def take(piece: bytes, pieces: list[bytes] = pieces) -> None:
            pieces.append(piece)

        count = await reader.read(table.name, take)
        found[table.name] = b"".join(pieces)
        assert found[table.name].count(b"\n") == count
    return found


async def everything(database: DatabaseBackup) -> tuple[DatabaseShape, Mapping[str, bytes]]:
    async with database.reading() as reader:
        return reader.shape, await rows_of(reader)


async def cut(data: bytes, size: int = 7) -> AsyncGenerator[bytes]:
    """The data in small pieces."""
    for place in range(0, len(data), size):
        yield data[place : place + size]


async def put(
    database: DatabaseBackup, shape: DatabaseShape, rows: Mapping[str, bytes], *, replace: bool = False
) -> None:
    async with database.writing(shape, replace=replace) as writer:
        for table in shape.tables:
            assert await writer.write(table.name, cut(rows[table.name])) == rows[table.name].count(b"\n")


async def put_one(
    database: DatabaseBackup, shape: DatabaseShape, table: str, rows: bytes, failure: Exception | None = None
) -> None:
    """Replaces what is there by one table, or fails after it."""
    async with database.writing(shape, replace=True) as writer:
        await writer.write(table, cut(rows))
        if failure is not None:
            raise failure


class DatabaseBackupContract:
    async def test_what_was_read_is_put_in(
        self, source: DatabaseBackup, blank: DatabaseBackup, goes_on: Collection[str]
    ) -> None:
        shape, rows = await everything(source)
        assert any(rows.values())
        await put(blank, shape, rows)
        restored_shape, restored = await everything(blank)
        assert restored_shape == shape
        assert {name: rows for name, rows in restored.items() if name not in goes_on} == {
            name: found for name, found in rows.items() if name not in goes_on
        }

    async def test_a_reader_sees_one_moment(self, source: DatabaseBackup, write_more: WriteMore) -> None:
        _, before = await everything(source)
        async with source.reading() as reader:
            await write_more()
            assert await rows_of(reader) == before
        assert (await everything(source))[1] != before

    async def test_a_database_that_was_never_used(self, blank: DatabaseBackup) -> None:
        with pytest.raises(NotFoundError) as refused:
            await everything(blank)
        assert refused.value.reason == "NOTHING_TO_BACK_UP"

    async def test_rows_are_in_the_way_unless_they_may_go(
        self, source: DatabaseBackup, write_more: WriteMore, goes_on: Collection[str]
    ) -> None:
        shape, rows = await everything(source)
        await write_more()
        _, more = await everything(source)
        with pytest.raises(ConflictError) as refused:
            await put(source, shape, rows)
        assert refused.value.reason == "TARGET_NOT_EMPTY"
        assert (await everything(source))[1] == more
        await put(source, shape, rows, replace=True)
        _, restored = await everything(source)
        assert {name: found for name, found in restored.items() if name not in goes_on} == {
            name: found for name, found in rows.items() if name not in goes_on
        }

    async def test_a_failure_leaves_what_was_there(self, source: DatabaseBackup) -> None:
        shape, rows = await everything(source)
        first = shape.tables[0].name
        with pytest.raises(RuntimeError, match="on the way"):
            await put_one(source, shape, first, rows[first], RuntimeError("on the way"))
        assert await everything(source) == (shape, rows)

    async def test_rows_that_do_not_fit(self, source: DatabaseBackup) -> None:
        shape, rows = await everything(source)
        filled = next(name for name, found in rows.items() if found)
        with pytest.raises(UnprocessableError) as refused:
            await put(source, shape, {**rows, filled: rows[filled][:-2]}, replace=True)
        assert refused.value.reason == "BACKUP_CORRUPT"
        assert await everything(source) == (shape, rows)

    async def test_a_table_of_somebody_elses(self, source: DatabaseBackup, blank: DatabaseBackup) -> None:
        shape, _ = await everything(source)
        with pytest.raises(UnprocessableError) as refused:
            await put_one(blank, shape, "pg_authid", b"x\n")
        assert refused.value.reason == "BACKUP_CORRUPT"

    async def test_a_newer_schema(self, source: DatabaseBackup, blank: DatabaseBackup) -> None:
        shape, rows = await everything(source)
        with pytest.raises(ConflictError) as refused:
            await put(blank, replace(shape, steps={**shape.steps, 99_999: "x"}), rows)
        assert refused.value.reason == "BACKUP_NEWER"

    async def test_a_step_of_another_text(self, source: DatabaseBackup, blank: DatabaseBackup) -> None:
        shape, rows = await everything(source)
        with pytest.raises(ConflictError) as refused:
            await put(blank, replace(shape, steps={**shape.steps, 1: "another"}), rows)
        assert refused.value.reason == "MIGRATION_CHANGED"
