"""The rates of calls."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from application.ports.rate_limiter import Rate

_CALLS: Final = Rate(quota=10_000, window=timedelta(seconds=10))
_SENDS: Final = Rate(quota=5_000, window=timedelta(seconds=10))
_OPEN_CALLS: Final = Rate(quota=1_000, window=timedelta(seconds=10))
_REFUSED_KEYS: Final = Rate(quota=600, window=timedelta(minutes=1))


class Policy(StrEnum):
    """What is counted, by the names that callers are told."""

    CALLS = "calls"
    SENDS = "sends"
    OPEN_CALLS = "open-calls"
    REFUSED_KEYS = "refused-keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRates:
    """How often. None is no limit.

    Attributes:
        calls: of a key, whatever is called.
        sends: messages of a key, each of a bulk send counted.
        open_calls: of an address, to what asks for no key.
        refused_keys: of an address, without a key or with a wrong one; beyond it no key of that address is looked at.
        streams: how many event streams of a key are open at a time in this gateway; 0 is no limit.
    """

    calls: Rate | None = _CALLS
    sends: Rate | None = _SENDS
    open_calls: Rate | None = _OPEN_CALLS
    refused_keys: Rate | None = _REFUSED_KEYS
    streams: int = 100

    def of(self, policy: Policy) -> Rate | None:
        """The rate of a policy."""
        match policy:
            case Policy.CALLS:
                return self.calls
            case Policy.SENDS:
                return self.sends
            case Policy.OPEN_CALLS:
                return self.open_calls
            case Policy.REFUSED_KEYS:
                return self.refused_keys
