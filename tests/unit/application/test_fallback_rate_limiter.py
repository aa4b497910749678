"""The limiter that all share is away, and comes back: never an open door, and nobody waits for it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import override

import pytest

from adapters.memory.rate_limiter import MemoryRateLimiter
from adapters.system.system_clock import SystemClock
from application.limits.fallback_rate_limiter import AGAIN_AFTER, FallbackRateLimiter
from application.ports.rate_limiter import Allowance, Claim, RateLimiter
from domain.errors import UnavailableError
from tests.contracts.rate_limiter import RateLimiterContract, take


class Clock(SystemClock):
    def __init__(self) -> None:
        self.at = timedelta(days=3)

    @override
    def elapsed(self) -> timedelta:
        return self.at


class Shared(MemoryRateLimiter):
    """A limiter that can be away, and slow to say so."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.away = False
        self.asked = 0
        self.answer = asyncio.Event()
        self.answer.set()

    @override
    async def take(self, claims: Sequence[Claim]) -> Sequence[Allowance]:
        self.asked += 1
        await self.answer.wait()
        if self.away:
            raise UnavailableError("CACHE_UNAVAILABLE", "Away.")
        return await super().take(claims)


class Node:
    def __init__(self, shared: Shared, clock: Clock) -> None:
        self.told: list[bool] = []
        self.limiter = FallbackRateLimiter(shared, MemoryRateLimiter(clock), clock, tell=self.told.append)

    async def take(self, times: int) -> int:
        """How many were let through."""
        return sum([not (await take(self.limiter, "a")).is_refused for _ in range(times)])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shared(clock: Clock) -> Shared:
    return Shared(clock)


@pytest.fixture
def node(shared: Shared, clock: Clock) -> Node:
    return Node(shared, clock)


async def test_nodes_share_a_rate(shared: Shared, clock: Clock, node: Node) -> None:
    other = Node(shared, clock)
    assert [await node.take(3), await other.take(3), await node.take(3)] == [3, 2, 0]
    assert node.told == []


async def test_while_it_is_away_each_goes_on_with_what_it_knows(shared: Shared, clock: Clock, node: Node) -> None:
    other = Node(shared, clock)
    assert await node.take(3) == 3
    shared.away = True
    # Its own three count; the other, which had none, has a whole quota: so many times the rate at most as there are.
    assert await node.take(5) == 2
    assert await other.take(9) == 5
    assert (await take(node.limiter, "a")).is_refused
    assert node.told == other.told == [True]


async def test_it_is_asked_only_now_and_then_while_it_is_away(shared: Shared, clock: Clock, node: Node) -> None:
    shared.away = True
    await node.take(20)
    assert shared.asked == 1
    clock.at += AGAIN_AFTER
    await node.take(20)
    assert shared.asked == 2
    assert node.told == [True]


async def test_nobody_but_one_waits_for_one_that_is_silent(shared: Shared, clock: Clock, node: Node) -> None:
    shared.away = True
    await node.take(1)
    clock.at += AGAIN_AFTER
    shared.answer.clear()
    waiting = asyncio.create_task(node.take(1))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert await node.take(5) == 4
    assert not waiting.done()
    shared.answer.set()
    assert await waiting == 0


async def test_it_comes_back(shared: Shared, clock: Clock, node: Node) -> None:
    shared.away = True
    assert await node.take(1) == 1
    shared.away = False
    assert await node.take(1) == 1
    assert shared.asked == 1
    clock.at += AGAIN_AFTER
    assert await node.take(9) == 5
    assert node.told == [True, False]
    assert shared.asked == 10


class TestFallbackRateLimiter(RateLimiterContract):
    @pytest.fixture(params=["shared", "own"])
    def limiter(self, request: pytest.FixtureRequest) -> RateLimiter:
        shared = MemoryRateLimiter(SystemClock())
        if request.param == "shared":
            return FallbackRateLimiter(shared, MemoryRateLimiter(SystemClock()), SystemClock())
        away = Shared(Clock())
        away.away = True
        return FallbackRateLimiter(away, shared, SystemClock())
