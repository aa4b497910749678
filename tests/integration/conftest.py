"""Servers, a database and a Redis of its own for each test that asks."""

import asyncio
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import redis

from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.migrator import migrate
from tests.integration.servers import Servers, database, servers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that use the servers: ``-m servers`` runs them alone."""
    for item in items:
        if "store_servers" in getattr(item, "fixturenames", ()):
            item.add_marker("servers")


@pytest.fixture(scope="session")
def store_servers() -> Iterator[Servers]:
    """The servers of this run."""
    with servers() as started:
        yield started


@pytest.fixture(scope="session")
def _migrated_database(store_servers: Servers) -> Iterator[str]:
    """The name of a database that is migrated and empty, to copy from."""

    async def prepare(url: str) -> None:
        async with ConnectionPool.open(url) as pool:
            await migrate(pool)

    with database(store_servers.database_url) as url:
        asyncio.run(prepare(url))
        yield urlsplit(url).path.removeprefix("/")


@pytest.fixture
def blank_database_url(store_servers: Servers) -> Iterator[str]:
    """A database in which nothing is, for this test alone."""
    with database(store_servers.database_url) as url:
        yield url


@pytest.fixture
def database_url(store_servers: Servers, _migrated_database: str) -> Iterator[str]:
    """A database that is migrated and empty, for this test alone."""
    with database(store_servers.database_url, _migrated_database) as url:
        yield url


@pytest.fixture(scope="session")
def redis_server_url(store_servers: Servers) -> str:
    """The Redis server, which all tests of all runs may share."""
    return store_servers.redis_url


@pytest.fixture
def redis_prefix(redis_server_url: str) -> Iterator[str]:
    """What this test's keys and channels start with; its keys are removed afterwards."""
    prefix = f"pombo-test-{uuid.uuid4().hex}:"
    yield prefix
    with redis.from_url(redis_server_url) as client:
        for key in client.scan_iter(f"{prefix}*"):
            client.delete(key)


@pytest.fixture
def redis_url(redis_server_url: str) -> Iterator[str]:
    """A database of the Redis server that was empty, for this test alone; emptied afterwards."""
    for number in range(1, 16):
        url = f"{redis_server_url}?db={number}"
        with redis.from_url(url) as client:
            if client.dbsize() == 0 and client.set("pombo-test", "taken", nx=True, ex=3600):
                yield url
                client.flushdb()
                return
    pytest.fail(f"none of the databases 1 to 15 of {redis_server_url} is empty")
