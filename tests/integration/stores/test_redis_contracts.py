"""The bus and the cache in Redis keep the contracts of their ports."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from adapters.memory.event_bus import MemoryEventBus
from adapters.redis.connection import open_redis
from adapters.redis.event_bus import RedisEventBus
from adapters.redis.health_check import RedisHealthCheck
from adapters.redis.link_code_cache import RedisLinkCodeCache
from adapters.system.system_clock import SystemClock
from domain.session import QrCode
from tests.contracts.event_bus import EventBusContract
from tests.contracts.link_code_cache import LinkCodeCacheContract
from tests.contracts.samples import SALES


@pytest.fixture
def queue_length() -> int:
    return 5


@pytest.fixture
async def client(redis_server_url: str) -> AsyncIterator[Redis]:
    async with open_redis(redis_server_url) as opened:
        yield opened


@pytest.fixture
async def bus(client: Redis, redis_prefix: str, queue_length: int) -> AsyncIterator[RedisEventBus]:
    async with RedisEventBus.open(client, MemoryEventBus(queue_length), prefix=redis_prefix) as opened:
        yield opened


@pytest.fixture
def cache(client: Redis, redis_prefix: str) -> RedisLinkCodeCache:
    return RedisLinkCodeCache(client, SystemClock(), prefix=redis_prefix)


async def publish_until_heard(bus: RedisEventBus, topic: str, heard: AsyncIterator[str]) -> str:
    """A signal may be lost, so it is sent until one arrives; those that come late are taken, too."""
    async with asyncio.timeout(15):
        while True:
            await bus.publish(topic, "hello")
            try:
                async with asyncio.timeout(0.2):
                    payload = await anext(heard)
            except TimeoutError:
                continue
            return payload


class TestRedisEventBus(EventBusContract):
    async def test_another_process_hears_it_once(self, bus: RedisEventBus, client: Redis, redis_prefix: str) -> None:
        async with (
            RedisEventBus.open(client, MemoryEventBus(), prefix=redis_prefix) as other,
            other.subscribe("a b:ü") as there,
            bus.subscribe("a b:ü") as here,
        ):
            assert await publish_until_heard(bus, "a b:ü", there) == "hello"
            await bus.publish("a b:ü", "one two")
            while (payload := await asyncio.wait_for(anext(there), 5)) == "hello":
                pass
            assert payload == "one two"
            while (payload := await asyncio.wait_for(anext(here), 5)) == "hello":
                pass
            assert payload == "one two"
            # The other's signal comes next here: its own echo hasn't come before it.
            await other.publish("a b:ü", "back")
            assert await asyncio.wait_for(anext(here), 5) == "back"

    async def test_another_prefix_hears_nothing(self, bus: RedisEventBus, client: Redis, redis_prefix: str) -> None:
        async with (
            RedisEventBus.open(client, MemoryEventBus(), prefix=redis_prefix) as other,
            RedisEventBus.open(client, MemoryEventBus(), prefix=f"x{redis_prefix}") as stranger,
            other.subscribe("a") as there,
            stranger.subscribe("a") as elsewhere,
        ):
            await publish_until_heard(bus, "a", there)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(elsewhere), 0.1)

    async def test_it_comes_back_when_its_connections_are_cut(
        self, bus: RedisEventBus, client: Redis, redis_prefix: str
    ) -> None:
        async with (
            RedisEventBus.open(client, MemoryEventBus(), prefix=redis_prefix) as other,
            other.subscribe("a") as there,
        ):
            await publish_until_heard(bus, "a", there)
            # Other tests' are cut, too, where the server is shared: they come back as well.
            for each in await client.client_list(_type="pubsub"):
                await client.client_kill_filter(_id=each["id"])
            assert await publish_until_heard(bus, "a", there) == "hello"


class TestRedisLinkCodeCache(LinkCodeCacheContract):
    async def test_redis_removes_it_by_itself(
        self, cache: RedisLinkCodeCache, client: Redis, redis_prefix: str
    ) -> None:
        await cache.put(SALES, QrCode(text="2@a", expires_at=datetime.now(UTC) + timedelta(seconds=30)))
        (key,) = [key async for key in client.scan_iter(f"{redis_prefix}*")]
        assert 0 < await client.pttl(key) <= 30_100


async def test_health(client: Redis) -> None:
    check = RedisHealthCheck(client)
    assert check.name == "redis"
    assert await check.check() is None
