"""How often somebody may do something."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many at once, given back one by one and evenly, all of them within the window.

    Attributes:
        quota: how many, at least 1.
        window: how long it takes until all that were used are there again; at least a millisecond.
    """

    quota: int
    window: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is asked of one bucket.

    Attributes:
        bucket: whose and what for; short, without secrets.
        rate: the bucket's.
        cost: how many are taken. 0 takes nothing and is refused while the bucket is empty. More than the quota is taken
            of a full bucket only, which then stays empty until all of it is paid back.
    """

    bucket: str
    rate: Rate
    cost: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How a bucket stands after a claim.

    Attributes:
        remaining: how many could be taken now.
        more_after: until one more than that can be taken; zero for a full bucket.
        retry_after: until what was claimed could be had; zero where this bucket has it.
    """

    remaining: int
    more_after: timedelta
    retry_after: timedelta

    @property
    def is_refused(self) -> bool:
        """Whether this bucket didn't have what was claimed."""
        return self.retry_after > timedelta(0)


class RateLimiter(Protocol):
    """Buckets by name, each of which has the rate that it is asked with (GCRA, the leaky bucket as a meter)."""

    @abstractmethod
    async def take(self, claims: Sequence[Claim]) -> Sequence[Allowance]:
        """Takes of all buckets, or of none when one of them refuses. No bucket may be named twice.

        Raises:
            UnavailableError: ``CACHE_UNAVAILABLE``; then it isn't known whether anything was taken.
        """
