"""The limiter in Redis keeps its port's contract; nobody waits long for a Redis that is away."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from redis.asyncio import Redis

from adapters.embedded.valkey import EmbeddedValkey
from adapters.memory.rate_limiter import MemoryRateLimiter
from adapters.redis.connection import open_redis
from adapters.redis.rate_limiter import RedisRateLimiter
from adapters.system.system_clock import SystemClock
from application.limits.fallback_rate_limiter import FallbackRateLimiter
from application.ports.rate_limiter import Claim, Rate
from domain.errors import UnavailableError
from tests.contracts.rate_limiter import RateLimiterContract, take
from tests.faults.proxy import Address, FaultProxy

PATIENT = timedelta(seconds=20)
"""So that a busy machine isn't taken for a server that is away."""
STEADY = Rate(quota=2, window=timedelta(seconds=6))


@pytest.fixture
async def client(redis_server_url: str) -> AsyncIterator[Redis]:
    async with open_redis(redis_server_url) as opened:
        yield opened


@pytest.fixture
def limiter(client: Redis, redis_prefix: str) -> RedisRateLimiter:
    return RedisRateLimiter(client, within=PATIENT, prefix=redis_prefix)


class TestRedisRateLimiter(RateLimiterContract):
    async def test_gateways_share_a_bucket(
        self, limiter: RedisRateLimiter, redis_server_url: str, redis_prefix: str
    ) -> None:
        async with open_redis(redis_server_url) as another:
            other = RedisRateLimiter(another, within=PATIENT, prefix=redis_prefix)
            told = await asyncio.gather(*(take(each, "a") for each in [limiter, other] * 10))
            apart = RedisRateLimiter(another, within=PATIENT, prefix=f"x{redis_prefix}")
            assert (await take(apart, "a", cost=0)).remaining == 5
        assert sum(not each.is_refused for each in told) == 5

    async def test_full_buckets_leave_nothing_behind(
        self, limiter: RedisRateLimiter, client: Redis, redis_prefix: str
    ) -> None:
        await take(limiter, "a", STEADY)
        await take(limiter, "b", STEADY, cost=0)
        (key,) = [key async for key in client.scan_iter(f"{redis_prefix}*")]
        assert 0 < await client.pttl(key) <= 3_002
        async with asyncio.timeout(30):
            while await client.exists(key):  # noqa: ASYNC110 - nothing tells of an expiry
                await asyncio.sleep(0.01)
        assert (await take(limiter, "a", STEADY, cost=0)).remaining == 2

    async def test_one_round_trip(
        self, limiter: RedisRateLimiter, client: Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await take(limiter, "a")
        asked: list[object] = []
        execute = client.execute_command

        async def counted(*args: object, **options: object) -> object:
            asked.append(args[0])
            return await execute(*args, **options)

        monkeypatch.setattr(client, "execute_command", counted)
        await limiter.take([Claim(bucket=bucket, rate=STEADY) for bucket in "bcd"])
        assert asked == ["EVALSHA"]

    async def test_a_crowd_shares_a_few_connections(
        self, limiter: RedisRateLimiter, client: Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened = 0
        connect = client.connection_pool.make_connection

        def counted() -> object:
            nonlocal opened
            opened += 1
            return connect()

        monkeypatch.setattr(client.connection_pool, "make_connection", counted)
        told = await asyncio.gather(
            *(take(limiter, "a", Rate(quota=150, window=timedelta(hours=1))) for _ in range(200))
        )
        assert sum(not each.is_refused for each in told) == 150
        assert opened <= 16

    async def test_a_server_that_has_forgotten_the_script_is_given_it_again(
        self, limiter: RedisRateLimiter, client: Redis
    ) -> None:
        assert (await take(limiter, "a")).remaining == 4
        await client.script_flush()
        assert (await take(limiter, "a")).remaining == 3


def _address(url: str) -> Address:
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "unix" else (parts.hostname or "", parts.port or 6379)


async def test_one_that_is_silent_is_not_waited_for(redis_server_url: str, redis_prefix: str) -> None:
    clock = SystemClock()
    async with (
        FaultProxy.open(_address(redis_server_url)) as proxy,
        open_redis(f"redis://127.0.0.1:{proxy.port}/0") as client,
    ):
        shared = RedisRateLimiter(client, prefix=redis_prefix)
        limiter = FallbackRateLimiter(shared, MemoryRateLimiter(clock), clock)
        assert (await take(limiter, "a")).remaining == 4
        proxy.lose()
        with pytest.raises(UnavailableError) as refused:
            await take(shared, "a")
        assert refused.value.reason == "CACHE_UNAVAILABLE"
        started = time.monotonic()
        told = [await take(limiter, "a") for _ in range(20)]
        # One waits half a second for it, or two where this machine is slow; none of the others does.
        assert time.monotonic() - started < 4
        assert [each.remaining for each in told[:4]] == [3, 2, 1, 0]
        assert all(each.is_refused for each in told[4:])
        await proxy.mend()
        async with asyncio.timeout(20):
            # What was taken meanwhile isn't known there: its bucket isn't as empty as the own one.
            while (await take(limiter, "a", cost=0)).is_refused:  # noqa: ASYNC110 - it is asked, it doesn't tell
                await asyncio.sleep(0.05)


async def test_one_that_is_gone(data_dir: Path) -> None:
    clock, server = SystemClock(), EmbeddedValkey(data_dir)
    told: list[bool] = []
    try:
        async with open_redis(await server.start()) as client:
            shared = RedisRateLimiter(client, within=timedelta(seconds=5))
            limiter = FallbackRateLimiter(shared, MemoryRateLimiter(clock), clock, tell=told.append)
            assert (await take(limiter, "a", cost=3)).remaining == 2
            await server.stop()
            assert [(await take(limiter, "a")).is_refused for _ in range(4)] == [False, False, True, True]
            assert told == [True]
            await server.start()
            async with asyncio.timeout(20):
                while told == [True]:
                    await take(limiter, "a")
                    await asyncio.sleep(0.05)
            assert told == [True, False]
    finally:
        await server.stop()
