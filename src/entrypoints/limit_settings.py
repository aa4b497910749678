"""The settings of limits."""

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from application.limits.call_rates import CallRates
from application.ports.rate_limiter import Rate
from entrypoints.networks import Network, Networks

_RATE: Final = re.compile(r"([0-9]{1,7})/([0-9]{0,4})(s|m|h)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600}
_LONGEST: Final = timedelta(days=1)
_DEFAULT: Final = CallRates()


def _rate(value: object) -> object:
    """A rate like ``600/m`` or ``5000/10s``; ``0`` is none."""
    if not isinstance(value, str):
        return value
    if value.strip() == "0":
        return None
    found = _RATE.fullmatch(value.strip())
    if found is not None:
        quota, window = int(found[1]), timedelta(seconds=int(found[2] or 1) * _SECONDS[found[3]])
        if quota and timedelta(0) < window <= _LONGEST:
            return Rate(quota=quota, window=window)
    raise ValueError("must be a rate like 600/m or 5000/10s, within a day at most, or 0 for none")


OptionalRate = Annotated[Rate | None, NoDecode, BeforeValidator(_rate)]
"""A setting's rate; None is no limit."""


class LimitSettings(BaseSettings):
    """What the environment says of limits; a part of ``Settings``.

    Attributes:
        rate_calls: of a key.
        rate_sends: messages of a key.
        rate_open_calls: of an address, to what asks for no key.
        rate_refused_keys: of an address, without a good key.
        max_streams: event streams of a key, at a time in this gateway; 0 sets no limit.
        max_connections: of REST, at a time.
        trusted_proxies: whose ``X-Forwarded-For`` is believed.
    """

    rate_calls: OptionalRate = Field(_DEFAULT.calls, validation_alias="POMBO_RATE_CALLS")
    rate_sends: OptionalRate = Field(_DEFAULT.sends, validation_alias="POMBO_RATE_SENDS")
    rate_open_calls: OptionalRate = Field(_DEFAULT.open_calls, validation_alias="POMBO_RATE_OPEN_CALLS")
    rate_refused_keys: OptionalRate = Field(_DEFAULT.refused_keys, validation_alias="POMBO_RATE_REFUSED_KEYS")
    max_streams: int = Field(_DEFAULT.streams, validation_alias="POMBO_MAX_STREAMS", ge=0, le=100_000)
    max_connections: int = Field(2_000, validation_alias="POMBO_MAX_CONNECTIONS", ge=1, le=1_000_000)
    trusted_proxies: Networks = Field((), validation_alias="POMBO_TRUSTED_PROXIES")

    @field_validator("trusted_proxies")
    @classmethod
    def _somebody(cls, value: tuple[Network, ...]) -> tuple[Network, ...]:
        # Who believes everybody lets each caller choose the address that it is counted under.
        if any(network.prefixlen == 0 for network in value):
            raise ValueError("must be the networks of your proxies, like 10.1.0.0/16; not everybody's")
        return value

    @property
    def call_rates(self) -> CallRates:
        """The rates together."""
        return CallRates(
            calls=self.rate_calls,
            sends=self.rate_sends,
            open_calls=self.rate_open_calls,
            refused_keys=self.rate_refused_keys,
            streams=self.max_streams,
        )
