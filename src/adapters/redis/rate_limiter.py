"""Rates in Redis."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, override

from redis.asyncio import Redis

from adapters.redis.connection import translated
from application.limits import gcra
from application.ports.rate_limiter import Allowance, Claim, RateLimiter

_PREFIX: Final = "pombo:"
_WITHIN: Final = timedelta(milliseconds=500)
_AT_ONCE: Final = 16
"""Scripts under way at a time, each on a connection of its own: a crowd of calls must not open a crowd of those."""

# A bucket is the time at which it is full again, in microseconds of the server's clock; a full one has no key. The
# arithmetic is that of application/limits/gcra.py, in doubles, which hold these numbers exactly until the year 2255.
_TAKE: Final = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local ahead, lack, refused = {}, {}, false
for place, key in ipairs(KEYS) do
  local step, quota, cost = tonumber(ARGV[3 * place - 2]), tonumber(ARGV[3 * place - 1]), tonumber(ARGV[3 * place])
  ahead[place] = math.max(0, tonumber(redis.call('GET', key) or '0') - now)
  lack[place] = math.max(0, ahead[place] - step * (quota - math.min(math.max(cost, 1), quota)))
  refused = refused or lack[place] > 0
end
local answer = {}
for place, key in ipairs(KEYS) do
  local step, cost = tonumber(ARGV[3 * place - 2]), tonumber(ARGV[3 * place])
  if not refused and cost > 0 then
    ahead[place] = ahead[place] + step * cost
    local expires = math.ceil(ahead[place] / 1000) + 1
    redis.call('SET', key, string.format('%.0f', now + ahead[place]), 'PX', string.format('%.0f', expires))
  end
  answer[2 * place - 1], answer[2 * place] = ahead[place], lack[place]
end
return answer
"""


class RedisRateLimiter(RateLimiter):
    """Buckets that all gateways on a Redis share. All claims of a call are one script, by the server's clock.

    Args:
        client: the connection.
        within: how long the server may take: a call waits for it.
        prefix: what the keys start with.
    """

    def __init__(self, client: Redis, *, within: timedelta = _WITHIN, prefix: str = _PREFIX) -> None:
        self._take = client.register_script(_TAKE)
        self._within = within.total_seconds()
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._prefix = f"{prefix}rate:"

    @override
    async def take(self, claims: Sequence[Claim]) -> Sequence[Allowance]:
        if not claims:
            return ()
        keys = [self._prefix + claim.bucket for claim in claims]
        arguments = [
            str(number) for claim in claims for number in (gcra.interval(claim.rate), claim.rate.quota, claim.cost)
        ]
        # A TimeoutError is an OSError, which is told as the port says.
        with translated():
            async with asyncio.timeout(self._within), self._places:
                told = [int(number) for number in await self._take(keys, arguments)]
        return tuple(
            gcra.allowance(claim.rate, ahead=told[2 * place], lack=told[2 * place + 1])
            for place, claim in enumerate(claims)
        )
