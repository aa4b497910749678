"""Brings the database's schema up to date."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import asyncpg
import structlog

from adapters.postgres.connection_pool import ConnectionPool
from domain.errors import ConflictError

_log = structlog.get_logger(__name__)
_LOCK: Final = 0x706F6D626F
"""The key of the advisory lock: "pombo" in ASCII."""

_CHANGE: Final = "LOCK TABLE pombo.migrations IN ROW EXCLUSIVE MODE"
_TABLE: Final = """
CREATE TABLE pombo.migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step."""

    number: int
    name: str
    script: str

    @property
    def checksum(self) -> str:
        """What tells whether an applied script has been changed since."""
        return hashlib.sha256(self.script.encode()).hexdigest()


def own_migrations() -> tuple[Migration, ...]:
    """The steps that this version brings, in order."""
    scripts = (entry for entry in files("adapters.postgres").joinpath("migrations").iterdir())
    found = []
    for entry in scripts:
        name, _, extension = entry.name.partition(".")
        if extension == "sql":
            found.append(Migration(int(name.partition("_")[0]), name, entry.read_text()))
    return tuple(sorted(found, key=lambda migration: migration.number))


async def migrate(pool: ConnectionPool, migrations: Sequence[Migration] | None = None) -> Sequence[str]:
    """Applies the steps that are missing, all in one transaction, and gives their names. Several may start at once.

    The lock is the transaction's: it can't be left behind, and works through poolers.

    Raises:
        ConflictError: ``DATABASE_NEWER`` when a newer version has migrated it; ``MIGRATION_CHANGED`` when a step was
            applied with another text.
        UnavailableError: ``DATABASE_UNAVAILABLE``.
    """
    migrations = own_migrations() if migrations is None else migrations
    async with pool.connection() as connection, connection.transaction():
        await lock_schema(connection)
        return await migrate_within(connection, migrations)


async def lock_schema(connection: asyncpg.Connection) -> None:
    """Keeps others from changing the schema until the transaction's end, and lets it take its time."""
    await connection.execute("SET LOCAL statement_timeout = 0")
    await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK, timeout=600)


async def hold_schema(connection: asyncpg.Connection) -> None:
    """Keeps steps from being applied until the transaction's end; waits for those that are being applied.

    A step may write a table anew, which a transaction that began before sees as empty. This is to be a transaction's
    first statement: unlike a question, it doesn't fix what the transaction sees before the lock is there.
    """
    await connection.execute("LOCK TABLE pombo.migrations IN SHARE MODE", timeout=600)


async def change_schema(connection: asyncpg.Connection) -> None:
    """Waits for those that hold the schema, which has been used; they may be backups."""
    try:
        async with connection.transaction():
            await connection.execute(f"{_CHANGE} NOWAIT")
    except asyncpg.LockNotAvailableError:
        _log.warning("database_migration_waits", detail="A backup is being made; the schema changes when it is done.")
        await connection.execute(_CHANGE, timeout=600)


async def migrate_within(connection: asyncpg.Connection, migrations: Sequence[Migration]) -> Sequence[str]:
    """Applies the steps that are missing within a transaction that has locked the schema, and gives their names.

    Raises:
        ConflictError: ``DATABASE_NEWER``, ``MIGRATION_CHANGED``.
    """
    applied, missing = await _applied(connection), []
    _check(applied, migrations)
    if any(migration.number not in applied for migration in migrations):
        await change_schema(connection)
    for migration in migrations:
        if migration.number not in applied:
            await connection.execute(migration.script, timeout=600)
            await connection.execute(
                "INSERT INTO pombo.migrations (number, name, checksum) VALUES ($1, $2, $3)",
                *(migration.number, migration.name, migration.checksum),
            )
            _log.info("database_migrated", migration=migration.name)
            missing.append(migration.name)
    return missing


async def _applied(connection: asyncpg.Connection) -> Mapping[int, str]:
    # Asked for first: IF NOT EXISTS wants the privilege to create also where there is nothing to create.
    if not await connection.fetchval("SELECT to_regnamespace('pombo') IS NOT NULL"):
        await connection.execute("CREATE SCHEMA pombo")
    if not await connection.fetchval("SELECT to_regclass('pombo.migrations') IS NOT NULL"):
        await connection.execute(_TABLE)
    rows = await connection.fetch("SELECT number, checksum FROM pombo.migrations")
    return {row["number"]: row["checksum"] for row in rows}


def _check(applied: Mapping[int, str], migrations: Sequence[Migration]) -> None:
    known = {migration.number: migration for migration in migrations}
    if unknown := applied.keys() - known.keys():
        raise ConflictError(
            "DATABASE_NEWER",
            f"A newer version of this program has migrated the database (step {max(unknown)}). Run that version, or "
            "restore a backup from before.",
        )
    for number, checksum in applied.items():
        if known[number].checksum != checksum:
            raise ConflictError(
                "MIGRATION_CHANGED",
                f"The database was migrated with another text of step {known[number].name}. Run the version of this "
                "program that did it, or restore a backup from before.",
            )
