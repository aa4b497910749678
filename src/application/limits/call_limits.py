"""Lets a call in, or says when to come back. Both transports go through here, so that they answer alike."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Protocol

from application.limits.call_rates import CallRates, Policy
from application.limits.stream_slots import StreamSlots
from application.ports.clock import Clock
from application.ports.rate_limiter import Allowance, Claim, Rate, RateLimiter
from domain.errors import RateLimitedError, UnauthenticatedError

_BARRED: Final = 10_000
"""How many addresses are remembered as refused, so that they cost no look-up; the oldest make room."""


class Caller(Protocol):
    """Who calls, as far as it matters here."""

    @property
    def scope(self) -> str:
        """What tells callers apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a caller stands with one policy."""

    policy: Policy
    rate: Rate
    allowance: Allowance


@dataclass(frozen=True, slots=True)
class Admission[C]:
    """A call that is let in.

    Attributes:
        caller: whose it is.
        standings: what the caller is told of the rates that applied.
    """

    caller: C
    standings: tuple[Standing, ...]


class TooManyCallsError(RateLimitedError):
    """A rate is used up.

    Attributes:
        standings: how the caller stands with it.
    """

    def __init__(self, standing: Standing) -> None:
        rate, wait = standing.rate, standing.allowance.retry_after
        super().__init__(
            "RATE_LIMITED",
            f"At most {rate.quota} {_WORDS[standing.policy]} within {rate.window.total_seconds():g} s; "
            "come back when `retry_after` is over.",
            metadata={
                "policy": standing.policy.value,
                "quota": str(rate.quota),
                "window_seconds": f"{rate.window.total_seconds():g}",
            },
            retry_after=wait,
        )
        self.standings = (standing,)


_WORDS: Final = {
    Policy.CALLS: "calls of a key",
    Policy.SENDS: "messages of a key",
    Policy.OPEN_CALLS: "calls without a key from an address",
    Policy.REFUSED_KEYS: "calls without a good key from an address",
}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A cost for somebody under a policy."""

    policy: Policy
    subject: str
    cost: int = 1

    @property
    def bucket(self) -> str:
        """A digest: neither keys nor addresses are told to whoever looks into the limiter's store."""
        return f"{self.policy.value}:{hashlib.blake2b(self.subject.encode(), digest_size=16).hexdigest()}"


class CallLimits:
    """The rates of calls, and the streams that are open.

    Args:
        limiter: what counts.
        rates: how often.
        clock: the one that elapses.
    """

    def __init__(self, limiter: RateLimiter, rates: CallRates, clock: Clock) -> None:
        self._limiter = limiter
        self._rates = rates
        self._clock = clock
        self._barred: dict[str, tuple[timedelta, Standing]] = {}
        self.streams = StreamSlots(rates.streams)

    async def admit[C: Caller](
        self, authenticate: Callable[[], Awaitable[C]], *, address: str, sends: int = 0
    ) -> Admission[C]:
        """Authenticates a call and counts it. From an address that is refused no key is looked at, right or wrong.

        Args:
            authenticate: tells whose the call's key is.
            address: where it comes from.
            sends: how many messages it sends, as far as its name tells.

        Raises:
            UnauthenticatedError: what ``authenticate`` raises.
            TooManyCallsError: ``RATE_LIMITED``.
        """
        self._check_barred(address)
        try:
            caller = await authenticate()
        except UnauthenticatedError:
            # Once the address is refused the answer is the same, right or wrong the key: nobody can go on guessing.
            await self._take(_Wanted(Policy.REFUSED_KEYS, address))
            raise
        wanted = [_Wanted(Policy.REFUSED_KEYS, address, 0), _Wanted(Policy.CALLS, caller.scope)]
        if sends:
            wanted.append(_Wanted(Policy.SENDS, caller.scope, sends))
        standings = await self._take(*wanted)
        return Admission(caller, tuple(each for each in standings if each.policy is not Policy.REFUSED_KEYS))

    async def admit_open(self, address: str) -> None:
        """Counts a call to what asks for no key.

        Raises:
            TooManyCallsError: ``RATE_LIMITED``.
        """
        await self._take(_Wanted(Policy.OPEN_CALLS, address))

    async def charge_sends(self, scope: str, more: int) -> None:
        """Counts the messages of a call beyond the first, when it is known how many they are.

        Raises:
            TooManyCallsError: ``RATE_LIMITED``; none of them was counted.
        """
        if more > 0:
            await self._take(_Wanted(Policy.SENDS, scope, more))

    async def _take(self, *wanted: _Wanted) -> tuple[Standing, ...]:
        rated = [(each, rate) for each in wanted if (rate := self._rates.of(each.policy)) is not None]
        if not rated:
            return ()
        claims = [Claim(bucket=each.bucket, rate=rate, cost=each.cost) for each, rate in rated]
        standings = tuple(
            Standing(policy=each.policy, rate=rate, allowance=allowance)
            for (each, rate), allowance in zip(rated, await self._limiter.take(claims), strict=True)
        )
        for (each, _), standing in zip(rated, standings, strict=True):
            if standing.policy is Policy.REFUSED_KEYS and standing.allowance.is_refused:
                self._bar(each.subject, standing)
        longest = max(standings, key=lambda standing: standing.allowance.retry_after)
        if longest.allowance.is_refused:
            raise TooManyCallsError(longest)
        return standings

    def _bar(self, address: str, standing: Standing) -> None:
        self._barred.pop(address, None)
        if len(self._barred) >= _BARRED:
            del self._barred[next(iter(self._barred))]
        self._barred[address] = (self._clock.elapsed() + standing.allowance.retry_after, standing)

    def _check_barred(self, address: str) -> None:
        if address not in self._barred:
            return
        until, standing = self._barred[address]
        wait = until - self._clock.elapsed()
        if wait > timedelta(0):
            raise TooManyCallsError(replace(standing, allowance=replace(standing.allowance, retry_after=wait)))
        del self._barred[address]
