"""The health checks of the stores and of the embedded servers keep the contract of their port."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey
from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.health_check import PostgresHealthCheck
from adapters.redis.connection import open_redis
from adapters.redis.health_check import RedisHealthCheck
from tests.contracts.health_check import HealthCheckContract, Part


@pytest.fixture
async def postgres(data_dir: Path) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(data_dir)
    yield server
    await server.stop()


@pytest.fixture
async def valkey(data_dir: Path) -> AsyncIterator[EmbeddedValkey]:
    server = EmbeddedValkey(data_dir)
    yield server
    await server.stop()


class TestPostgresHealthCheck(HealthCheckContract):
    @pytest.fixture
    async def part(self, postgres: EmbeddedPostgres) -> AsyncIterator[Part]:
        async with ConnectionPool.open(await postgres.start()) as pool:
            yield Part(PostgresHealthCheck(pool), postgres.stop, postgres.start)


class TestRedisHealthCheck(HealthCheckContract):
    @pytest.fixture
    async def part(self, valkey: EmbeddedValkey) -> AsyncIterator[Part]:
        async with open_redis(await valkey.start()) as client:
            yield Part(RedisHealthCheck(client), valkey.stop, valkey.start)


class TestEmbeddedPostgres(HealthCheckContract):
    @pytest.fixture
    async def part(self, postgres: EmbeddedPostgres) -> Part:
        await postgres.start()
        return Part(postgres, postgres.stop, postgres.start)


class TestEmbeddedValkey(HealthCheckContract):
    @pytest.fixture
    async def part(self, valkey: EmbeddedValkey) -> Part:
        await valkey.start()
        return Part(valkey, valkey.stop, valkey.start)
