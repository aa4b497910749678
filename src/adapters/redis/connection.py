"""The connection to Redis."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Final, override

import structlog
from redis.asyncio import Connection, Redis, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import AuthenticationError, AuthorizationError, InvalidResponse, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError

from domain.errors import UnavailableError

_log = structlog.get_logger(__name__)
_TIMEOUT: Final = timedelta(seconds=3)
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 2.0
_RETRIES: Final = 2
_HOPELESS: Final = (AuthenticationError, AuthorizationError, InvalidResponse)
"""What no waiting helps against: a wrong password, a server that speaks something else."""

AWAY: Final = (RedisError, OSError)
"""What a server that is away raises."""


class _SaysWhenLost(AbstractConnection):
    """A connection that says in the client's own words that it was lost.

    To write to a transport that has closed itself is a RuntimeError with uvloop: neither the client's retries nor
    anybody else take that for a server that is away.
    """

    @override
    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        try:
            await super().send_packed_command(command, check_health)
        except RuntimeError as error:
            raise RedisConnectionError("The connection was lost before it was written to.") from error


class _TcpConnection(_SaysWhenLost, Connection): ...


class _TlsConnection(_SaysWhenLost, SSLConnection): ...


class _UnixConnection(_SaysWhenLost, UnixDomainSocketConnection): ...


_CONNECTIONS: Final = {
    Connection: _TcpConnection,
    SSLConnection: _TlsConnection,
    UnixDomainSocketConnection: _UnixConnection,
}


@asynccontextmanager
async def open_redis(
    url: str, *, patience: timedelta = timedelta(seconds=15), answer_within: timedelta = _TIMEOUT
) -> AsyncIterator[Redis]:
    """A client whose server has answered once, closed at the end.

    A command on a connection that has died is tried again on a new one.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``, with the database's number.
        patience: how long to go on trying at the start.
        answer_within: how long the server may take to take or give something; what is large takes longer to travel.

    Raises:
        UnavailableError: ``CACHE_UNAVAILABLE``.
    """
    try:
        client = Redis.from_url(
            url,
            socket_timeout=answer_within.total_seconds(),
            socket_connect_timeout=_TIMEOUT.total_seconds(),
            retry=Retry(ExponentialWithJitterBackoff(base=0.02, cap=0.2), _RETRIES),
            client_name="pombo",
        )
    except ValueError as error:
        raise UnavailableError("CACHE_UNAVAILABLE", "REDIS_URL isn't a Redis address.") from error
    pool = client.connection_pool
    pool.connection_class = _CONNECTIONS[pool.connection_class]
    async with client:
        await _await_answer(client, patience)
        yield client


@contextmanager
def translated() -> Iterator[None]:
    """Raises the client's and the socket's failures as the family's own.

    Raises:
        UnavailableError: ``CACHE_UNAVAILABLE``.
    """
    try:
        yield
    except AWAY as error:
        raise UnavailableError(
            "CACHE_UNAVAILABLE", f"Redis doesn't answer ({describe(error)}).", retry_after=timedelta(seconds=1)
        ) from error


def describe(error: Exception) -> str:
    """The failure in a few words. Neither the client's nor the server's hold a password."""
    return str(error) or type(error).__name__


async def _await_answer(client: Redis, patience: timedelta) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience.total_seconds()
    pause = _FIRST_PAUSE
    while True:
        try:
            await client.ping()
        except AWAY as error:
            if isinstance(error, _HOPELESS) or loop.time() + pause > deadline:
                raise UnavailableError(
                    "CACHE_UNAVAILABLE", f"Redis can't be reached ({describe(error)}). Check REDIS_URL."
                ) from error
            _log.warning("redis_unreachable", error=describe(error))
        else:
            return
        await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - only spreads the tries
        pause = min(pause * 2, _LONGEST_PAUSE)
