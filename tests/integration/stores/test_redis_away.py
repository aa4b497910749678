"""What happens while Redis is away, and when it comes back. Over a server of the test's own."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.embedded.valkey import EmbeddedValkey
from adapters.memory.event_bus import MemoryEventBus
from adapters.redis.connection import open_redis
from adapters.redis.event_bus import RedisEventBus
from adapters.redis.health_check import RedisHealthCheck
from adapters.redis.link_code_cache import RedisLinkCodeCache
from adapters.system.system_clock import SystemClock
from domain.errors import UnavailableError
from domain.session import QrCode
from tests.contracts.samples import SALES


@pytest.fixture
async def server(data_dir: Path) -> AsyncIterator[EmbeddedValkey]:
    valkey = EmbeddedValkey(data_dir)
    yield valkey
    await valkey.stop()


async def test_the_bus_goes_on_locally_and_the_cache_says_that_it_cannot(server: EmbeddedValkey) -> None:
    qr = QrCode(text="2@a", expires_at=datetime.now(UTC) + timedelta(seconds=60))
    async with open_redis(await server.start()) as client:
        cache = RedisLinkCodeCache(client, SystemClock())
        check = RedisHealthCheck(client)
        async with (
            RedisEventBus.open(client, MemoryEventBus()) as bus,
            RedisEventBus.open(client, MemoryEventBus()) as other,
            bus.subscribe("a") as here,
            other.subscribe("a") as there,
        ):
            await server.stop()
            for call in (cache.put(SALES, qr), cache.get(SALES), cache.clear(SALES)):
                with pytest.raises(UnavailableError) as refused:
                    await call
                assert refused.value.reason == "CACHE_UNAVAILABLE"
            assert await check.check() is not None

            started = time.monotonic()
            for n in range(2_000):
                await bus.publish("a", str(n))
            assert time.monotonic() - started < 2
            assert await asyncio.wait_for(anext(here), 1) == "1000"

            await server.start()
            await cache.put(SALES, qr)
            assert await cache.get(SALES) == qr
            async with asyncio.timeout(20):
                while await check.check() is not None:  # noqa: ASYNC110 - it is asked, it doesn't tell
                    await asyncio.sleep(0.01)
                payload = ""
                while payload != "back":
                    await bus.publish("a", "back")
                    try:
                        payload = await asyncio.wait_for(anext(there), 0.2)
                    except TimeoutError:
                        continue


async def test_a_start_waits_for_it_only_so_long(server: EmbeddedValkey) -> None:
    url = await server.start()
    await server.stop()
    starting = asyncio.create_task(_open(url, timedelta(seconds=20)))
    done, _ = await asyncio.wait({starting}, timeout=0.3)
    assert not done
    await server.start()
    await starting
    await server.stop()
    with pytest.raises(UnavailableError) as refused:
        await _open(url, timedelta(seconds=0.2))
    assert refused.value.reason == "CACHE_UNAVAILABLE"


async def test_a_url_that_is_none() -> None:
    with pytest.raises(UnavailableError) as refused:
        await _open("postgres://u:secret@h", timedelta(seconds=10))
    assert refused.value.reason == "CACHE_UNAVAILABLE"
    assert "secret" not in refused.value.message


async def _open(url: str, patience: timedelta) -> None:
    async with open_redis(url, patience=patience):
        pass
