"""Rates while the limiter that all gateways share is away."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, override

from application.ports.clock import Clock
from application.ports.rate_limiter import Allowance, Claim, RateLimiter
from domain.errors import UnavailableError

AGAIN_AFTER: Final = timedelta(seconds=1)
"""How long the shared limiter is left alone after it failed."""


class FallbackRateLimiter(RateLimiter):
    """Asks the shared limiter; while that is away, this gateway's own with the same rates (ADR 22).

    The own one takes part in all that the shared one lets through, so that it knows this gateway's share already when
    it is needed: an outage hands nobody a fresh quota. While the shared one is away one call in a while asks it; the
    others don't wait for it.

    Args:
        shared: what all gateways ask.
        own: this gateway's.
        clock: the one that elapses.
        tell: hears that the shared one is away (True), and that it is back.
    """

    def __init__(
        self, shared: RateLimiter, own: RateLimiter, clock: Clock, *, tell: Callable[[bool], None] = lambda _: None
    ) -> None:
        self._shared = shared
        self._own = own
        self._clock = clock
        self._tell = tell
        self._asked_again_at: timedelta | None = None

    @override
    async def take(self, claims: Sequence[Claim]) -> Sequence[Allowance]:
        if self._is_left_alone():
            return await self._own.take(claims)
        try:
            allowances = await self._shared.take(claims)
        except UnavailableError:
            self._lost()
            return await self._own.take(claims)
        self._found()
        if not any(allowance.is_refused for allowance in allowances):
            await self._own.take(claims)
        return allowances

    def _is_left_alone(self) -> bool:
        if self._asked_again_at is None:
            return False
        now = self._clock.elapsed()
        if now < self._asked_again_at:
            return True
        # This call asks; those that come while it waits don't.
        self._asked_again_at = now + AGAIN_AFTER
        return False

    def _lost(self) -> None:
        if self._asked_again_at is None:
            self._tell(True)  # noqa: FBT003 - what is told
        self._asked_again_at = self._clock.elapsed() + AGAIN_AFTER

    def _found(self) -> None:
        if self._asked_again_at is not None:
            self._asked_again_at = None
            self._tell(False)  # noqa: FBT003 - what is told
