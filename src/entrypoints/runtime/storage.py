"""The stores: PostgreSQL and Redis, configured or embedded."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import SecretStr
from redis.asyncio import Redis

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.supervised_server import SupervisedServer
from adapters.embedded.valkey import EmbeddedValkey
from adapters.memory.event_bus import MemoryEventBus
from adapters.postgres.connection_pool import ConnectionPool, PoolSettings
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.health_check import PostgresHealthCheck
from adapters.postgres.migrator import migrate
from adapters.redis.connection import open_redis
from adapters.redis.event_bus import RedisEventBus
from adapters.redis.health_check import RedisHealthCheck
from adapters.redis.link_code_cache import RedisLinkCodeCache
from adapters.redis.rate_limiter import RedisRateLimiter
from adapters.system.system_clock import SystemClock
from application.access.foreign_keys import CountForeignKeys
from application.audit.trail import own_record
from application.observability.catalogue import DATABASE_WAIT
from application.observability.event_meter import EventMeter
from application.ports.clock import Clock
from application.ports.event_bus import EventBus
from application.ports.event_log import EventLog
from application.ports.health_check import HealthCheck
from application.ports.link_code_cache import LinkCodeCache
from application.ports.metrics import Metrics
from application.ports.rate_limiter import RateLimiter
from application.ports.session_store import SessionStore
from application.ports.unit_of_work import UnitOfWorkFactory
from entrypoints.runtime.announcer import Announcer
from entrypoints.runtime.snapshots import make_session_store
from entrypoints.settings import Settings

_PATIENCE: Final = timedelta(seconds=3)
"""Of a check that a person waits for."""
_HAS_COLUMN: Final = """
SELECT EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = to_regclass('pombo.api_keys') AND attname = 'secret_id'
)
"""
"""Not before the first start, and not in the database of an older version."""
LARGE: Final = timedelta(seconds=20)
"""For a snapshot of hundreds of megabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """The opened stores."""

    uow: UnitOfWorkFactory
    event_log: EventLog
    bus: EventBus
    codes: LinkCodeCache
    rate_limiter: RateLimiter
    snapshots: SessionStore
    health_checks: tuple[HealthCheck, ...]


async def open_storage(
    stack: AsyncExitStack,
    settings: Settings,
    announcer: Announcer,
    clock: Clock,
    on_committed: Callable[[], None],
    metrics: Metrics,
) -> Storage:
    """Starts the servers that aren't configured, connects to all, and migrates the database.

    The data directory is the caller's. What was opened is closed with the stack, also after a failure.

    Raises:
        PomboError: ``EMBEDDED_…``, ``DATABASE_UNAVAILABLE``, ``CACHE_UNAVAILABLE``, ``DATABASE_NEWER``.
    """
    postgres, valkey = EmbeddedPostgres(settings.data_dir), EmbeddedValkey(settings.data_dir)

    async def stop_servers() -> None:
        async with asyncio.TaskGroup() as tasks:
            for server in (postgres, valkey):
                tasks.create_task(server.stop())

    stack.push_async_callback(stop_servers)
    async with asyncio.TaskGroup() as tasks:
        database = tasks.create_task(_open_database(stack, announcer, settings.database_url, postgres, metrics, clock))
        redis = tasks.create_task(_open_redis(stack, announcer, settings.redis_url, valkey))
    pool, (client, patient) = database.result(), redis.result()
    return Storage(
        uow=PostgresDatabase(pool, on_committed, EventMeter(metrics).note),
        event_log=PostgresEventLog(pool),
        bus=await stack.enter_async_context(RedisEventBus.open(client, MemoryEventBus())),
        codes=RedisLinkCodeCache(client, clock),
        rate_limiter=RedisRateLimiter(client),
        snapshots=make_session_store(settings, patient),
        health_checks=(PostgresHealthCheck(pool), RedisHealthCheck(client)),
    )


async def _open_database(
    stack: AsyncExitStack,
    announcer: Announcer,
    configured: SecretStr | None,
    embedded: SupervisedServer,
    metrics: Metrics,
    clock: Clock,
) -> ConnectionPool:
    url = await _url(announcer, configured, embedded)
    pool = await stack.enter_async_context(
        ConnectionPool.open(url, on_wait=lambda seconds: metrics.observe(DATABASE_WAIT, seconds))
    )
    announcer.step("bringing the database's schema up to date")
    if steps := await migrate(pool):
        async with PostgresDatabase(pool).begin() as uow:
            targets = (f"migration:{name}" for name in steps)
            await uow.audit.append([own_record(clock.now(), "migrateDatabase", *targets, count=len(steps))])
    return pool


async def _open_redis(
    stack: AsyncExitStack, announcer: Announcer, configured: SecretStr | None, embedded: SupervisedServer
) -> tuple[Redis, Redis]:
    """A client for what is small, and one for what takes its time to travel."""
    url = await _url(announcer, configured, embedded)
    client = await stack.enter_async_context(open_redis(url))
    return client, await stack.enter_async_context(open_redis(url, answer_within=LARGE))


async def _url(announcer: Announcer, configured: SecretStr | None, embedded: SupervisedServer) -> str:
    """The URL of the configured server, else of the embedded one, started."""
    if configured is not None:
        return configured.get_secret_value()
    announcer.step(f"starting the embedded {embedded.name}")
    return await embedded.start()


async def ping_database(url: str) -> str:
    """Asks a PostgreSQL for its version.

    Raises:
        UnavailableError: ``DATABASE_UNAVAILABLE``.
    """
    async with ConnectionPool.open(url, PoolSettings(patience=_PATIENCE)) as pool, pool.connection() as connection:
        return str(await connection.fetchval("SHOW server_version"))


async def database_time(url: str) -> datetime:
    """Asks a PostgreSQL for the time, of which leases are made.

    Raises:
        UnavailableError: ``DATABASE_UNAVAILABLE``.
    """
    async with ConnectionPool.open(url, PoolSettings(patience=_PATIENCE)) as pool, pool.connection() as connection:
        time: datetime = await connection.fetchval("SELECT clock_timestamp()")
        return time


async def count_foreign_keys(url: str, ids: Collection[str]) -> int:
    """Asks a PostgreSQL how many API keys work whose secret is none of these; 0 where no gateway has used it yet.

    Raises:
        UnavailableError: ``DATABASE_UNAVAILABLE``.
    """
    async with ConnectionPool.open(url, PoolSettings(patience=_PATIENCE)) as pool:
        async with pool.connection() as connection:
            has_keys = await connection.fetchval(_HAS_COLUMN)
        return await CountForeignKeys(PostgresDatabase(pool), SystemClock(), ids).execute() if has_keys else 0


async def ping_redis(url: str) -> str:
    """Asks a Redis or Valkey for its version.

    Raises:
        UnavailableError: ``CACHE_UNAVAILABLE``.
    """
    async with open_redis(url, patience=_PATIENCE) as client:
        server = await client.info("server")
    return str(server.get("valkey_version") or server["redis_version"])
