"""Redis over connections that are slow or only seem to be there: nothing hangs, and all is well afterwards."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import uvloop
from redis.asyncio import Redis

from adapters.memory.event_bus import MemoryEventBus
from adapters.redis import connection, event_bus
from adapters.redis.connection import AWAY, open_redis
from adapters.redis.event_bus import RedisEventBus
from adapters.redis.health_check import RedisHealthCheck
from adapters.redis.link_code_cache import RedisLinkCodeCache
from adapters.system.system_clock import SystemClock
from domain.errors import UnavailableError
from domain.session import QrCode
from tests.contracts.samples import SALES
from tests.faults.proxy import BOTH, Address, FaultProxy, Way

TIMEOUT = 0.3
TRIES = 3
BOUND = TRIES * 2 * TIMEOUT + 1
"""Each try connects and asks; and what a busy machine takes."""


@pytest.fixture
async def proxy(redis_server_url: str) -> AsyncIterator[FaultProxy]:
    async with FaultProxy.open(_address(redis_server_url)) as proxy:
        yield proxy


def _address(url: str) -> Address:
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "unix" else (parts.hostname or "", parts.port or 6379)


@pytest.fixture
async def client(proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Redis]:
    # The same as in earnest, ten times as fast.
    timeout = timedelta(seconds=TIMEOUT)
    monkeypatch.setattr(connection, "_TIMEOUT", timeout)
    monkeypatch.setattr(event_bus, "_SILENCE_SECONDS", 1.0)
    async with open_redis(f"redis://127.0.0.1:{proxy.port}/0", answer_within=timeout) as client:
        yield client


@pytest.mark.parametrize("ways", [BOTH, *(frozenset({way}) for way in Way)], ids=["both", *(way.name for way in Way)])
async def test_what_asks_it_is_answered_in_time(
    client: Redis, proxy: FaultProxy, redis_prefix: str, ways: frozenset[Way]
) -> None:
    cache, check = RedisLinkCodeCache(client, SystemClock(), prefix=redis_prefix), RedisHealthCheck(client)
    qr = QrCode(text="2@a", expires_at=datetime.now(UTC) + timedelta(seconds=60))
    proxy.delay(0.05)
    await cache.put(SALES, qr)
    proxy.lose(ways)
    for call in (cache.put(SALES, qr), cache.get(SALES), cache.clear(SALES)):
        began = time.monotonic()
        with pytest.raises(UnavailableError) as refused:
            await call
        assert (refused.value.reason, time.monotonic() - began < BOUND) == ("CACHE_UNAVAILABLE", True)
    assert await asyncio.wait_for(check.check(), BOUND) is not None
    await proxy.mend()
    await cache.put(SALES, qr)
    assert await cache.get(SALES) == qr
    assert await check.check() is None


@pytest.mark.parametrize("ways", [BOTH, *(frozenset({way}) for way in Way)], ids=["both", *(way.name for way in Way)])
async def test_the_bus_notices_and_holds_up_nobody(
    client: Redis, proxy: FaultProxy, redis_prefix: str, ways: frozenset[Way]
) -> None:
    async with (
        RedisEventBus.open(client, MemoryEventBus(), prefix=redis_prefix) as bus,
        RedisEventBus.open(client, MemoryEventBus(), prefix=redis_prefix) as other,
        bus.subscribe("a") as here,
        other.subscribe("a") as there,
    ):
        await _until_heard(bus, there)
        proxy.lose(ways)
        began = time.monotonic()
        for number in range(1_000):
            await bus.publish("a", str(number))
        assert time.monotonic() - began < 2
        assert await asyncio.wait_for(anext(here), 1)
        assert await RedisHealthCheck(client).check() is not None
        await proxy.mend()
        await _until_heard(bus, there)


async def _until_heard(bus: RedisEventBus, there: AsyncIterator[str]) -> None:
    payload = ""
    async with asyncio.timeout(20):
        while payload != "now":
            await bus.publish("a", "now")
            try:
                payload = await asyncio.wait_for(anext(there), 0.2)
            except TimeoutError:
                continue


def test_a_connection_that_is_reset_while_it_is_in_use_is_known_as_away(redis_server_url: str) -> None:
    # On the event loop that the gateway runs on, which has an error of its own for a socket that it has closed.
    async def lose_it() -> None:
        async with (
            FaultProxy.open(_address(redis_server_url)) as proxy,
            open_redis(f"redis://127.0.0.1:{proxy.port}/0") as client,
        ):
            used = await client.connection_pool.get_connection()
            proxy.cut()
            async with asyncio.timeout(5):
                while not used._writer.transport.is_closing():  # noqa: ASYNC110 - the kernel tells it the loop alone
                    await asyncio.sleep(0.001)
            with pytest.raises(AWAY):
                await used.send_command("PING")
            await client.connection_pool.release(used)
            assert await RedisHealthCheck(client).check() is None

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(lose_it())
