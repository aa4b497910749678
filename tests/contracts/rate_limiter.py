"""What every rate limiter does. Fixture: ``limiter``, whose buckets are full."""

import asyncio
from datetime import timedelta

from application.ports.rate_limiter import Allowance, Claim, Rate, RateLimiter

HOUR = timedelta(hours=1)
SLOW = Rate(quota=5, window=HOUR)
"""Nothing of it comes back while a test runs."""
STEP = HOUR / 5
LATE = timedelta(minutes=1)
"""What the machine may take between a claim and the next."""


async def take(limiter: RateLimiter, bucket: str, rate: Rate = SLOW, cost: int = 1) -> Allowance:
    (allowance,) = await limiter.take([Claim(bucket=bucket, rate=rate, cost=cost)])
    return allowance


class RateLimiterContract:
    async def test_as_many_as_the_quota_and_no_more(self, limiter: RateLimiter) -> None:
        taken = [await take(limiter, "a") for _ in range(5)]
        assert [each.remaining for each in taken] == [4, 3, 2, 1, 0]
        assert not any(each.is_refused for each in taken)
        for each in taken:
            assert STEP - LATE <= each.more_after <= STEP
        for _ in range(3):
            refused = await take(limiter, "a")
            assert refused.is_refused
            assert refused.remaining == 0
            assert STEP - LATE <= refused.retry_after <= STEP
            assert refused.more_after == refused.retry_after

    async def test_buckets_are_apart(self, limiter: RateLimiter) -> None:
        for _ in range(5):
            await take(limiter, "a")
        assert (await take(limiter, "a")).is_refused
        assert (await take(limiter, "b")).remaining == 4

    async def test_one_comes_back_after_the_other(self, limiter: RateLimiter) -> None:
        quick = Rate(quota=2, window=timedelta(milliseconds=400))
        loop = asyncio.get_running_loop()
        began = loop.time()
        had = 0
        async with asyncio.timeout(20):
            while had < 5:
                allowance = await take(limiter, "a", quick)
                if allowance.is_refused:
                    assert allowance.retry_after <= timedelta(milliseconds=200)
                    # Only waits; what is asserted is that nothing comes sooner than the rate says.
                    await asyncio.sleep(0.01)
                else:
                    had += 1
        # Two at once, and three that came back: 200 ms each. The clocks differ by less than what is given away here.
        assert loop.time() - began >= 0.55

    async def test_a_full_one_says_so(self, limiter: RateLimiter) -> None:
        looked = await take(limiter, "a", cost=0)
        assert looked == Allowance(remaining=5, more_after=timedelta(0), retry_after=timedelta(0))

    async def test_to_look_takes_nothing(self, limiter: RateLimiter) -> None:
        for _ in range(10):
            assert (await take(limiter, "a", cost=0)).remaining == 5
        for _ in range(5):
            await take(limiter, "a")
        looked = await take(limiter, "a", cost=0)
        assert looked.is_refused
        assert STEP - LATE <= looked.retry_after <= STEP

    async def test_several_at_once(self, limiter: RateLimiter) -> None:
        assert (await take(limiter, "a", cost=3)).remaining == 2
        refused = await take(limiter, "a", cost=3)
        assert (refused.is_refused, refused.remaining) == (True, 2)
        assert STEP - LATE <= refused.retry_after <= STEP
        assert (await take(limiter, "a", cost=2)).remaining == 0

    async def test_more_than_the_quota_is_had_of_a_full_bucket_and_paid_back(self, limiter: RateLimiter) -> None:
        await take(limiter, "a")
        assert (await take(limiter, "a", cost=12)).is_refused
        whole = await take(limiter, "b", cost=12)
        assert (whole.is_refused, whole.remaining) == (False, 0)
        refused = await take(limiter, "b")
        # Twelve were taken where five were: eight have to come back before there is one.
        assert 8 * STEP - LATE <= refused.retry_after <= 8 * STEP
        assert refused.more_after == refused.retry_after

    async def test_all_or_none(self, limiter: RateLimiter) -> None:
        for _ in range(5):
            await take(limiter, "a")
        claims = [Claim(bucket=bucket, rate=SLOW) for bucket in ("b", "a", "c")]
        allowances = await limiter.take(claims)
        assert [each.is_refused for each in allowances] == [False, True, False]
        assert [each.remaining for each in allowances] == [5, 0, 5]
        assert (await take(limiter, "b")).remaining == 4

    async def test_each_bucket_has_its_own_rate(self, limiter: RateLimiter) -> None:
        few = Rate(quota=2, window=timedelta(hours=2))
        first, second = await limiter.take([Claim(bucket="a", rate=SLOW), Claim(bucket="b", rate=few, cost=2)])
        assert (first.remaining, second.remaining) == (4, 0)
        assert HOUR - LATE <= second.more_after <= HOUR

    async def test_nothing_claimed(self, limiter: RateLimiter) -> None:
        assert list(await limiter.take([])) == []

    async def test_many_at_a_time_get_no_more(self, limiter: RateLimiter) -> None:
        rate = Rate(quota=20, window=HOUR)
        taken = await asyncio.gather(*(take(limiter, "a", rate) for _ in range(60)))
        assert sorted(each.remaining for each in taken if not each.is_refused) == list(range(20))

    async def test_a_quota_that_does_not_divide_its_window(self, limiter: RateLimiter) -> None:
        rate = Rate(quota=7_000, window=HOUR)
        assert (await take(limiter, "a", rate, cost=6_999)).remaining == 1
        assert (await take(limiter, "a", rate)).remaining in {0, 1}
