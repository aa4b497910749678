"""Whether Redis answers."""

from typing import override

from redis.asyncio import Redis

from adapters.redis.connection import AWAY, describe
from application.ports.health_check import HealthCheck


class RedisHealthCheck(HealthCheck):
    """Asks Redis for nothing but an answer."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    @property
    @override
    def name(self) -> str:
        return "redis"

    @override
    async def check(self) -> str | None:
        try:
            await self._client.ping()
        except AWAY as error:
            return f"Redis doesn't answer ({describe(error)})."
        return None
