"""The connections to the database."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final, override

import asyncpg
import structlog

from adapters.postgres.errors import describe, translated
from domain.errors import UnavailableError

_log = structlog.get_logger(__name__)
_MILLISECOND: Final = timedelta(milliseconds=1)
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 2.0
_HOPELESS: Final = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.exceptions.ClientConfigurationError,
    ValueError,
)
"""What no waiting helps against: a wrong password or name, a URL that isn't one."""

_STRICT: Final = """
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
SELECT set_config(name, longest::text, false)
FROM pg_settings JOIN (
    VALUES ('statement_timeout', {statement}), ('idle_in_transaction_session_timeout', {idle})
) AS limits (name, longest) USING (name)
WHERE setting::int NOT BETWEEN 1 AND longest
"""
_EARLIER: Final = 0.9
"""The server breaks off a statement before we stop waiting for it: then the connection is still good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings:
    """How the database is used.

    Attributes:
        connections: at most; one is always open.
        statements: how many prepared statements a connection keeps; 0 behind a pooler that pools transactions.
        connect: how long a connection may take to open.
        command: how long a statement may take, and how long to wait for a free connection. What the server hasn't
            broken off by itself by then is a connection that is dead.
        idle: how long a transaction may pause between two statements: the server ends it then, and frees what it has
            locked. A machine that vanishes in the middle of one tells the server nothing.
        patience: how long to go on trying at the start.
    """

    connections: int = 10
    statements: int = 256
    connect: timedelta = timedelta(seconds=5)
    command: timedelta = timedelta(seconds=15)
    idle: timedelta = timedelta(seconds=10)
    patience: timedelta = timedelta(seconds=15)


class _Connection(asyncpg.Connection):  # type: ignore[misc] # asyncpg isn't typed
    """One that isn't cleaned before each use, which would cost a round trip: nothing here leaves anything behind."""

    __slots__ = ()

    @override
    def get_reset_query(self) -> str:
        return ""


type WaitHook = Callable[[float], None]
"""Is told how many seconds."""


class ConnectionPool:
    """Lends connections, and translates what goes wrong with them."""

    def __init__(self, pool: asyncpg.Pool, settings: PoolSettings, on_wait: WaitHook = lambda _: None) -> None:
        self._pool = pool
        self._settings = settings
        self._on_wait = on_wait

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, settings: PoolSettings | None = None, on_wait: WaitHook = lambda _: None
    ) -> AsyncIterator["ConnectionPool"]:
        """Connects, and closes all connections at the end. ``on_wait`` is told how long each loan was waited for.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``: it didn't answer in time, or refuses us.
        """
        settings = settings or PoolSettings()
        pool = await _connect(url, settings)
        try:
            yield cls(pool, settings, on_wait)
        finally:
            await _close(pool)

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection, given back at the end. What is done with it raises asyncpg's failures.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """
        began = time.perf_counter()
        try:
            with translated():
                connection = await self._pool.acquire(timeout=self._settings.command.total_seconds())
        finally:
            self._on_wait(time.perf_counter() - began)
        try:
            yield connection
        finally:
            with translated():
                await self._pool.release(connection)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection for statements only: their failures are translated, too.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """
        async with self.lend() as connection:
            with translated(connection):
                yield connection


async def _connect(url: str, settings: PoolSettings) -> asyncpg.Pool:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + settings.patience.total_seconds()
    pause = _FIRST_PAUSE
    while True:
        try:
            return await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=settings.connections,
                connection_class=_Connection,
                statement_cache_size=settings.statements,
                max_inactive_connection_lifetime=300,
                timeout=settings.connect.total_seconds(),
                command_timeout=settings.command.total_seconds(),
                server_settings={"application_name": "pombo", "timezone": "UTC"},
                init=partial(_prepare, settings),
            )
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
            if isinstance(error, _HOPELESS) or loop.time() + pause > deadline:
                raise UnavailableError(
                    "DATABASE_UNAVAILABLE",
                    f"The database can't be reached ({describe(error)}). Check DATABASE_URL.",
                ) from error
            _log.warning("database_unreachable", error=describe(error))
        await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - only spreads the tries
        pause = min(pause * 2, _LONGEST_PAUSE)


async def _prepare(settings: PoolSettings, connection: asyncpg.Connection) -> None:
    """What is committed here is on disk when the commit returns, and nothing stays locked, whatever the defaults are.

    Stricter settings of the database stay.
    """
    statement, idle = (round(span / _MILLISECOND) for span in (settings.command * _EARLIER, settings.idle))
    # Not among the settings of the connection's start, which poolers refuse.
    await connection.execute(_STRICT.format(statement=statement, idle=idle))


async def _close(pool: asyncpg.Pool) -> None:
    try:
        async with asyncio.timeout(2):
            await pool.close()
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        _log.warning("database_pool_terminated", error=describe(error))
        pool.terminate()
