"""The PostgreSQL adapters over a database of their own."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.event_log import PostgresEventLog
from domain.event import NewEvent
from tests.integration.servers import Servers, database


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """For embedded servers of a test's own."""
    path = Path(tempfile.mkdtemp(prefix="pombo-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def contracts_database_url(store_servers: Servers, _migrated_database: str) -> Iterator[str]:
    # One for all: to empty it takes a fraction of what making another does.
    with database(store_servers.database_url, _migrated_database) as url:
        yield url


async def empty(pool: ConnectionPool) -> None:
    async with pool.connection() as connection:
        tables = await connection.fetchval(
            "SELECT string_agg(format('pombo.%I', tablename), ', ') FROM pg_tables "
            "WHERE schemaname = 'pombo' "
            "AND tablename NOT IN ('migrations', 'event_log_head', 'event_log_tail', 'audit_chain')"
        )
        # The audit log's entries refuse to go.
        await connection.execute("ALTER TABLE pombo.audit_entries DISABLE TRIGGER USER")
        await connection.execute(f"TRUNCATE {tables}")
        await connection.execute("ALTER TABLE pombo.audit_entries ENABLE TRIGGER USER")
        none = bytes(32)
        await connection.execute(
            "UPDATE pombo.audit_chain SET head = 0, head_hash = $1, removed = 0, removed_hash = $1", none
        )
        await connection.execute("UPDATE pombo.event_log_head SET position = 0")
        await connection.execute("UPDATE pombo.event_log_tail SET position = 0")


@pytest.fixture
async def pool(contracts_database_url: str) -> AsyncIterator[ConnectionPool]:
    async with ConnectionPool.open(contracts_database_url) as opened:
        await empty(opened)
        yield opened


@pytest.fixture
def commits() -> list[None]:
    return []


@pytest.fixture
def committed() -> list[NewEvent]:
    return []


@pytest.fixture
def uow(pool: ConnectionPool, commits: list[None], committed: list[NewEvent]) -> PostgresDatabase:
    return PostgresDatabase(pool, on_committed=lambda: commits.append(None), on_events=committed.extend)


@pytest.fixture
def log(pool: ConnectionPool) -> PostgresEventLog:
    return PostgresEventLog(pool)
