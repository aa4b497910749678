"""What happens while the database is away, and when it comes back. Over a server of the test's own."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.connection_pool import ConnectionPool, PoolSettings
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.health_check import PostgresHealthCheck
from adapters.postgres.migrator import migrate
from domain.errors import UnavailableError
from tests.contracts.samples import SALES, SUPPORT, session


@pytest.fixture
async def server(data_dir: Path) -> AsyncIterator[EmbeddedPostgres]:
    postgres = EmbeddedPostgres(data_dir)
    yield postgres
    await postgres.stop()


async def test_everything_says_so_and_works_again_afterwards(server: EmbeddedPostgres) -> None:
    async with ConnectionPool.open(await server.start()) as pool:
        await migrate(pool)
        uow, log, check = PostgresDatabase(pool), PostgresEventLog(pool), PostgresHealthCheck(pool)
        assert (check.name, await check.check()) == ("postgres", None)
        await server.stop()
        for call in (log.settle(), log.head(), log.read(after=0, limit=1)):
            with pytest.raises(UnavailableError) as refused:
                await call
            assert refused.value.reason == "DATABASE_UNAVAILABLE"
        with pytest.raises(UnavailableError):
            async with uow.begin() as unit:
                await unit.sessions.list()
        assert await check.check() is not None
        await server.start()
        async with uow.begin() as unit:
            await unit.sessions.add(session())
        assert await check.check() is None


async def test_a_unit_of_work_that_loses_it_halfway_commits_nothing(server: EmbeddedPostgres) -> None:
    async with ConnectionPool.open(await server.start()) as pool:
        await migrate(pool)
        uow, check = PostgresDatabase(pool), PostgresHealthCheck(pool)
        with pytest.raises(UnavailableError) as refused:  # noqa: PT012 - it is lost in the middle
            async with uow.begin() as unit:
                await unit.sessions.add(session(SALES))
                assert server.pid
                os.kill(server.pid, signal.SIGKILL)
                async with asyncio.timeout(15):
                    while True:
                        await unit.sessions.list()
        assert refused.value.reason == "DATABASE_UNAVAILABLE"
        async with asyncio.timeout(30):
            while await check.check() is not None:  # noqa: ASYNC110 - it is asked, it doesn't tell
                await asyncio.sleep(0.05)
        async with uow.begin() as unit:
            assert await unit.sessions.list() == ()
            await unit.sessions.add(session(SUPPORT))


async def test_a_start_waits_for_it_only_so_long(server: EmbeddedPostgres) -> None:
    url = await server.start()
    await server.stop()
    starting = asyncio.create_task(_open(url, timedelta(seconds=30)))
    done, _ = await asyncio.wait({starting}, timeout=0.3)
    assert not done
    await server.start()
    await starting
    await server.stop()
    with pytest.raises(UnavailableError) as refused:
        await _open(url, timedelta(seconds=0.2))
    assert refused.value.reason == "DATABASE_UNAVAILABLE"


@pytest.mark.parametrize("url", ["mysql://u:secret@h/d", "postgresql://u:secret@h:none/d"])
async def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(UnavailableError) as refused:
        await _open(url, timedelta(seconds=10))
    assert refused.value.reason == "DATABASE_UNAVAILABLE"
    assert "secret" not in refused.value.message


async def test_a_database_that_does_not_exist(server: EmbeddedPostgres) -> None:
    url = await server.start()
    async with asyncio.timeout(5):
        with pytest.raises(UnavailableError) as refused:
            await _open(url.replace("/postgres?", "/none?"), timedelta(seconds=30))
    assert refused.value.reason == "DATABASE_UNAVAILABLE"
    assert "none" in refused.value.message


async def test_when_all_connections_are_taken(server: EmbeddedPostgres) -> None:
    settings = PoolSettings(connections=1, command=timedelta(seconds=0.2))
    async with ConnectionPool.open(await server.start(), settings) as pool:
        uow = PostgresDatabase(pool)
        async with uow.begin():
            with pytest.raises(UnavailableError) as refused:
                async with uow.begin():
                    pass
        assert refused.value.reason == "DATABASE_UNAVAILABLE"


async def _open(url: str, patience: timedelta) -> None:
    async with ConnectionPool.open(url, PoolSettings(patience=patience)):
        pass


@pytest.mark.parametrize(("condition", "reason"), [("disk_full", "DISK_FULL"), ("io_error", "DATABASE_UNAVAILABLE")])
async def test_trouble_with_the_servers_disk_passes(server: EmbeddedPostgres, condition: str, reason: str) -> None:
    """Told by the server itself, as it would tell of its own."""
    async with ConnectionPool.open(await server.start()) as pool:
        with pytest.raises(UnavailableError) as refused:
            async with pool.connection() as connection:
                await connection.execute(
                    f"DO $$ BEGIN RAISE EXCEPTION 'secret row' USING ERRCODE = '{condition}'; END $$"
                )
        assert refused.value.reason == reason
        async with pool.connection() as connection:
            assert await connection.fetchval("SELECT 1") == 1
