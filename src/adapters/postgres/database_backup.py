"""The schema's rows, by COPY."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from graphlib import CycleError, TopologicalSorter
from typing import Final, override

import asyncpg

from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.errors import translated
from adapters.postgres.migrator import (
    Migration,
    change_schema,
    hold_schema,
    lock_schema,
    migrate_within,
    own_migrations,
)
from application.ports.database_backup import DatabaseBackup, DatabaseReader, DatabaseWriter, Sink
from domain.backup import DatabaseShape, TableShape, backup_corrupt, backup_newer
from domain.errors import ConflictError, InternalError, NotFoundError
from domain.media import Sha256

_HOURS: Final = 12 * 3_600
"""The longest that a table may take, in seconds."""

EPOCHS_AHEAD: Final = 1_000_000
PLACES_AHEAD: Final = 100_000_000
"""By how much a restored log goes on behind the backup's head: more than a gateway writes between two backups."""

_TABLES: Final = """
SELECT relname, array(
    SELECT attname FROM pg_attribute
    WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
)::text[] AS columns
FROM pg_class
WHERE relnamespace = 'pombo'::regnamespace AND relkind = 'r' AND relname <> 'migrations'
ORDER BY relname
"""
_REFERENCES: Final = """
SELECT child.relname AS child, parent.relname AS parent
FROM pg_constraint JOIN pg_class AS child ON child.oid = conrelid JOIN pg_class AS parent ON parent.oid = confrelid
WHERE contype = 'f' AND connamespace = 'pombo'::regnamespace AND conrelid <> confrelid
"""
_SEQUENCES: Final = """
SELECT relname FROM pg_class WHERE relnamespace = 'pombo'::regnamespace AND relkind = 'S' ORDER BY relname
"""
_SEEDED: Final = {"event_log_head": "position > 0", "event_log_tail": "position > 0", "audit_chain": "head > 0"}
"""Tables in which a migration puts the only row that there ever is, and how it shows that they are used."""

_IS_RUN: Final = """
SELECT count(*) FROM pombo.session_leases WHERE owner IS NOT NULL AND expires_at > clock_timestamp()
"""

# What was seen after the backup is past, and stays so: cursors of readers, and epochs of logins on disks. Endpoints
# that had gone through the whole log have gone through the gap as well.
_ENDPOINTS_GO_ON: Final = """
UPDATE pombo.webhook_endpoints SET scanned = scanned + $1
WHERE scanned = (SELECT position FROM pombo.event_log_head)
"""
_GO_ON: Final = (
    (_ENDPOINTS_GO_ON, PLACES_AHEAD),
    ("UPDATE pombo.event_log_head SET position = position + $1", PLACES_AHEAD),
    ("UPDATE pombo.session_leases SET owner = NULL, epoch = epoch + $1, expires_at = '-infinity'", EPOCHS_AHEAD),
)


class PostgresDatabaseBackup(DatabaseBackup):
    """Reads in one transaction at REPEATABLE READ, for which migrations wait, and writes in one as well.

    Rows are in COPY's text format, which every version of PostgreSQL reads.
    """

    def __init__(self, pool: ConnectionPool, migrations: Sequence[Migration] | None = None) -> None:
        self._pool = pool
        self._migrations = own_migrations() if migrations is None else migrations

    @override
    def reading(self) -> AbstractAsyncContextManager[DatabaseReader]:
        return self._reading()

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[DatabaseReader]:
        async with self._pool.connection() as connection, _reading(connection):
            yield _Reader(connection, await _shape(connection))

    @override
    def writing(self, shape: DatabaseShape, *, replace: bool) -> AbstractAsyncContextManager[DatabaseWriter]:
        return self._writing(shape, replace=replace)

    @asynccontextmanager
    async def _writing(self, shape: DatabaseShape, *, replace: bool) -> AsyncIterator[DatabaseWriter]:
        steps = self._steps(shape)
        async with self._pool.connection() as connection, connection.transaction():
            await lock_schema(connection)
            await _clear(connection, replace=replace)
            await migrate_within(connection, steps)
            await self._require(connection, shape)
            yield _Writer(connection, shape)
            for name, (last, used) in shape.sequences.items():
                await connection.execute(
                    "SELECT setval(format('pombo.%I', $1::text)::regclass, $2, $3)", name, last, used
                )
            await migrate_within(connection, self._migrations)
            for statement, ahead in _GO_ON:
                await connection.execute(statement, ahead)
            for table in shape.tables:
                await connection.execute(f'ANALYZE pombo."{table.name}"', timeout=_HOURS)

    def _steps(self, shape: DatabaseShape) -> Sequence[Migration]:
        """The backup's own steps, which must be ours."""
        known = {migration.number: migration for migration in self._migrations}
        if unknown := shape.steps.keys() - known.keys():
            raise backup_newer(f"its database has step {max(unknown)}")
        for number, digest in shape.steps.items():
            if known[number].checksum != digest:
                raise ConflictError(
                    "MIGRATION_CHANGED",
                    f"The backup's database was made with another text of step {known[number].name}. Restore it with "
                    "the version that made it.",
                )
        return [migration for migration in self._migrations if migration.number in shape.steps]

    async def _require(self, connection: asyncpg.Connection, shape: DatabaseShape) -> None:
        """The steps have made exactly what the backup says it has."""
        made = await _shape(connection)
        if {table.name: {*table.columns} for table in made.tables} != {
            table.name: {*table.columns} for table in shape.tables
        } or made.sequences.keys() != shape.sequences.keys():
            raise backup_corrupt("its tables aren't those of its schema")


@asynccontextmanager
async def _reading(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """A transaction that sees one moment of a schema that stays as it is."""
    # Asked before it: a question would fix the moment.
    if not await connection.fetchval("SELECT to_regclass('pombo.migrations') IS NOT NULL"):
        raise NotFoundError("NOTHING_TO_BACK_UP", "The gateway has never used this database. Check DATABASE_URL.")
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SET LOCAL statement_timeout = 0")
        # A slow disk, or a login that is read, between two tables.
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        await hold_schema(connection)
        yield


class _Reader(DatabaseReader):
    def __init__(self, connection: asyncpg.Connection, shape: DatabaseShape) -> None:
        self._connection = connection
        self._shape = shape

    @property
    @override
    def shape(self) -> DatabaseShape:
        return self._shape

    @override
    async def read(self, table: str, sink: Sink) -> int:
        columns = next(shape.columns for shape in self._shape.tables if shape.name == table)
        with translated(self._connection):
            status = await self._connection.copy_from_table(
                table, schema_name="pombo", columns=columns, output=sink, format="text", timeout=_HOURS
            )
        return _rows(status)

    @override
    async def media(self) -> Sequence[Sha256]:
        if not any(table.name == "media_blobs" for table in self._shape.tables):
            return ()
        with translated(self._connection):
            rows = await self._connection.fetch("SELECT sha256 FROM pombo.media_blobs ORDER BY sha256", timeout=_HOURS)
        return tuple(row["sha256"] for row in rows)


class _Writer(DatabaseWriter):
    def __init__(self, connection: asyncpg.Connection, shape: DatabaseShape) -> None:
        self._connection = connection
        self._shape = shape

    @override
    async def write(self, table: str, pieces: AsyncIterable[bytes]) -> int:
        columns = next((shape.columns for shape in self._shape.tables if shape.name == table), None)
        if columns is None:
            raise backup_corrupt(f"{table} isn't among its tables")
        # What a migration has put there is in the backup, too.
        await self._connection.execute(f'DELETE FROM pombo."{table}"')  # noqa: S608 - a name of ours
        try:
            status = await self._connection.copy_to_table(
                table, schema_name="pombo", columns=columns, source=_non_empty(pieces), format="text", timeout=_HOURS
            )
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            raise backup_corrupt(f"the rows of {table} don't fit it") from error
        return _rows(status)


async def _non_empty(pieces: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
    async for piece in pieces:
        if piece:
            yield piece
        # The loop's other work, however fast the pieces come.
        await asyncio.sleep(0)


async def _shape(connection: asyncpg.Connection) -> DatabaseShape:
    tables = {
        row["relname"]: TableShape(name=row["relname"], columns=tuple(row["columns"]))
        for row in await connection.fetch(_TABLES)
    }
    order: TopologicalSorter[str] = TopologicalSorter({name: [] for name in tables})
    for row in await connection.fetch(_REFERENCES):
        order.add(row["child"], row["parent"])
    try:
        names = tuple(order.static_order())
    except CycleError as error:
        raise InternalError("DATABASE_FAULT", "The schema's tables refer to each other in a circle.") from error
    sequences = {}
    for row in await connection.fetch(_SEQUENCES):
        query = f'SELECT last_value, is_called FROM pombo."{row["relname"]}"'  # noqa: S608 - a name of ours
        state = await connection.fetchrow(query)
        sequences[row["relname"]] = (state["last_value"], state["is_called"])
    steps = await connection.fetch("SELECT number, checksum FROM pombo.migrations ORDER BY number")
    return DatabaseShape(
        steps={row["number"]: row["checksum"] for row in steps},
        tables=tuple(tables[name] for name in names),
        sequences=sequences,
    )


async def _clear(connection: asyncpg.Connection, *, replace: bool) -> None:
    """Makes room for the schema, and takes none that is used."""
    if not await connection.fetchval("SELECT to_regnamespace('pombo') IS NOT NULL"):
        return
    leases = await connection.fetchval("SELECT to_regclass('pombo.session_leases') IS NOT NULL")
    if leases and (run := await connection.fetchval(_IS_RUN)):
        raise ConflictError(
            "TARGET_IN_USE",
            f"A gateway runs {run} sessions of this database. Stop every gateway that uses it, and try again.",
        )
    if not replace and (table := await _first_used(connection)) is not None:
        raise ConflictError(
            "TARGET_NOT_EMPTY",
            f"The database holds rows already ({table}). Restore into an empty one, or replace what is there.",
        )
    if await connection.fetchval("SELECT to_regclass('pombo.migrations') IS NOT NULL"):
        await change_schema(connection)
    await connection.execute("DROP SCHEMA pombo CASCADE", timeout=_HOURS)


async def _first_used(connection: asyncpg.Connection) -> str | None:
    for row in await connection.fetch(_TABLES):
        table = row["relname"]
        condition = f" WHERE {_SEEDED[table]}" if table in _SEEDED else ""
        if await connection.fetchval(f'SELECT EXISTS (SELECT FROM pombo."{table}"{condition})'):  # noqa: S608 - a name of ours
            return str(table)
    return None


def _rows(status: str) -> int:
    """Of COPY's answer, ``COPY 42``."""
    return int(status.rpartition(" ")[2])
