"""Rates in memory."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, override

from application.limits import gcra
from application.ports.clock import Clock
from application.ports.rate_limiter import Allowance, Claim, RateLimiter

_TICK: Final = timedelta(microseconds=1)
_MOST: Final = 100_000


class MemoryRateLimiter(RateLimiter):
    """Buckets of this process.

    Full ones are forgotten. Where too many aren't full, those are that will be full first, which is the least harm:
    the emptiest stay.

    Args:
        clock: the one that elapses.
        most: how many buckets are kept, about.
    """

    def __init__(self, clock: Clock, *, most: int = _MOST) -> None:
        self._clock = clock
        self._most = most
        self._full_at: dict[str, int] = {}

    @override
    async def take(self, claims: Sequence[Claim]) -> Sequence[Allowance]:
        now = self._clock.elapsed() // _TICK
        ahead = [max(0, self._full_at.get(claim.bucket, 0) - now) for claim in claims]
        lack = [gcra.lacking(claim.rate, claim.cost, at) for claim, at in zip(claims, ahead, strict=True)]
        if not any(lack):
            for place, claim in enumerate(claims):
                if claim.cost:
                    ahead[place] += gcra.interval(claim.rate) * claim.cost
                    self._full_at[claim.bucket] = now + ahead[place]
            if len(self._full_at) > self._most:
                self._forget(now)
        return tuple(
            gcra.allowance(claim.rate, ahead=at, lack=missing)
            for claim, at, missing in zip(claims, ahead, lack, strict=True)
        )

    def _forget(self, now: int) -> None:
        kept = sorted(((at, bucket) for bucket, at in self._full_at.items() if at > now), reverse=True)
        # Half of them go at once, so that this isn't done for each that comes.
        self._full_at = {bucket: at for at, bucket in kept[: self._most // 2]}
