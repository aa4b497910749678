"""The generic cell rate algorithm (ITU-T I.371), in whole microseconds.

A bucket is one number: how far ahead of now the time lies at which it is full again. Each that is taken moves that
by an interval, and it must not lie further ahead than a whole quota of intervals.
"""

from datetime import timedelta
from typing import Final

from application.ports.rate_limiter import Allowance, Rate

_TICK: Final = timedelta(microseconds=1)


def interval(rate: Rate) -> int:
    """Microseconds until one that was used is there again."""
    return max(1, -(-(rate.window // _TICK) // rate.quota))


def lacking(rate: Rate, cost: int, ahead: int) -> int:
    """Microseconds until so many could be taken of a bucket that is full ``ahead`` of now; 0 where they can be now."""
    needed = min(max(cost, 1), rate.quota)
    return max(0, ahead - interval(rate) * (rate.quota - needed))


def allowance(rate: Rate, *, ahead: int, lack: int) -> Allowance:
    """How a bucket stands that will be full ``ahead`` of now and lacked ``lack`` for what was claimed of it."""
    step = interval(rate)
    remaining = max(0, (step * rate.quota - ahead) // step)
    more = ahead - step * (rate.quota - remaining - 1) if remaining < rate.quota else 0
    return Allowance(remaining=remaining, more_after=more * _TICK, retry_after=lack * _TICK)
