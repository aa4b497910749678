"""Whether the database answers."""

from typing import override

from adapters.postgres.connection_pool import ConnectionPool
from application.ports.health_check import HealthCheck
from domain.errors import PomboError


class PostgresHealthCheck(HealthCheck):
    """Asks the database for nothing but an answer."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    @property
    @override
    def name(self) -> str:
        return "postgres"

    @override
    async def check(self) -> str | None:
        try:
            async with self._pool.connection() as connection:
                await connection.fetchval("SELECT 1")
        except PomboError as error:
            return error.message
        return None
