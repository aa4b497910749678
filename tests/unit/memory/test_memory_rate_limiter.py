"""The limiter in memory keeps its contract, to the microsecond, and doesn't grow without end."""

from datetime import timedelta
from typing import override

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.rate_limiter import MemoryRateLimiter
from adapters.system.system_clock import SystemClock
from application.limits.gcra import interval
from application.ports.rate_limiter import Claim, Rate
from tests.contracts.rate_limiter import RateLimiterContract, take

TICK = timedelta(microseconds=1)


class StandingClock(SystemClock):
    """Stands until it is set."""

    def __init__(self) -> None:
        self.at = timedelta(days=3)

    @override
    def elapsed(self) -> timedelta:
        return self.at


@pytest.fixture
def limiter() -> MemoryRateLimiter:
    return MemoryRateLimiter(SystemClock())


class TestMemoryRateLimiter(RateLimiterContract):
    pass


rates = st.builds(
    Rate, quota=st.integers(1, 50), window=st.integers(1_000, 3_000_000).map(lambda micros: micros * TICK)
)


@given(rate=rates, steps=st.lists(st.tuples(st.integers(0, 200_000), st.integers(1, 60)), max_size=40))
async def test_it_is_exact(rate: Rate, steps: list[tuple[int, int]]) -> None:
    clock = StandingClock()
    limiter = MemoryRateLimiter(clock)
    step = interval(rate) * TICK
    taken: list[timedelta] = []
    for pause, cost in steps:
        clock.at += pause * TICK
        allowance = await take(limiter, "a", rate, min(cost, rate.quota))
        if allowance.is_refused:
            # To the microsecond: a moment sooner is too soon, and then it is there.
            clock.at += allowance.retry_after - TICK
            assert (await take(limiter, "a", rate, min(cost, rate.quota))).is_refused
            clock.at += TICK
            assert not (await take(limiter, "a", rate, min(cost, rate.quota))).is_refused
        taken += [clock.at] * min(cost, rate.quota)
    # Never more than the quota and what has come back since, whichever stretch is looked at.
    for first, began in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= rate.quota + (taken[last] - began) // step


@given(rate=rates, cost=st.integers(0, 200))
async def test_what_it_tells_comes_true(rate: Rate, cost: int) -> None:
    clock = StandingClock()
    limiter = MemoryRateLimiter(clock)
    told = await take(limiter, "a", rate, cost)
    assert not told.is_refused
    if told.remaining < rate.quota:
        clock.at += told.more_after - TICK
        assert (await take(limiter, "a", rate, 0)).remaining == told.remaining
        clock.at += TICK
        assert (await take(limiter, "a", rate, 0)).remaining == told.remaining + 1


async def test_full_ones_are_forgotten_and_the_emptiest_stay() -> None:
    clock = StandingClock()
    limiter = MemoryRateLimiter(clock, most=100)
    rate = Rate(quota=10, window=timedelta(seconds=10))
    for _ in range(10):
        await take(limiter, "greedy", rate)
    for number in range(10_000):
        await limiter.take([Claim(bucket=f"address {number}", rate=rate)])
        assert len(limiter._full_at) <= 100
    assert (await take(limiter, "greedy", rate)).is_refused
    clock.at += timedelta(seconds=10)
    assert (await take(limiter, "greedy", rate, 0)).remaining == 10
