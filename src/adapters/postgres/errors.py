"""asyncpg's failures in the gateway's words."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Final

import asyncpg

from domain.errors import InternalError, PomboError, UnavailableError

_AWAY: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    # A disk that fails under the server is no fault of the statement's.
    asyncpg.PostgresSystemError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
_AGAIN: Final = (asyncpg.TransactionRollbackError, asyncpg.LockNotAvailableError)
_RETRY_AFTER: Final = timedelta(seconds=1)


@contextmanager
def translated(connection: asyncpg.Connection | None = None) -> Iterator[None]:
    """Raises asyncpg's and the socket's failures as the family's own.

    The server's words aren't repeated where rows could be among them.

    Args:
        connection: the one in use. It is ended when asyncpg has lost track of it, as it does when the server is killed
            between two statements: the pool would lend it again. So it is when nothing comes back on it: the server
            itself breaks off what takes too long, and to ask it for that over a dead network takes as long again.

    Raises:
        UnavailableError: ``DISK_FULL``: the server's disk; ``DATABASE_UNAVAILABLE``: it doesn't answer, refuses us, or
            two transactions stood in each other's way.
        InternalError: ``DATABASE_FAULT``: the statement is wrong.
    """
    try:
        yield
    except PomboError:
        raise
    except _AGAIN as error:
        raise _unavailable("Transactions stood in each other's way; try again.") from error
    except asyncpg.DiskFullError as error:
        raise UnavailableError(
            "DISK_FULL",
            "The database's disk is full; nothing of this was stored. Free space on it.",
            retry_after=_RETRY_AFTER,
        ) from error
    except (*_AWAY, OSError) as error:
        if connection is not None and isinstance(error, (asyncpg.InternalClientError, TimeoutError)):
            end(connection)
        raise _unavailable(f"The database doesn't answer ({describe(error)}).") from error
    except asyncpg.PostgresError as error:
        raise InternalError("DATABASE_FAULT", f"The database refused a statement ({describe(error)}).") from error


def end(connection: asyncpg.Connection) -> None:
    """Ends a connection at once; the server takes back what was begun on it."""
    # The pool takes a connection that was lost away from whoever has it, who can't even end it then.
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


def describe(error: BaseException) -> str:
    """What may be told of a failure: its class and code, and the words of those that hold no rows."""
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, (*_AWAY, asyncpg.exceptions.ClientConfigurationError)):
        return str(error)
    code = getattr(error, "sqlstate", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__


def _unavailable(message: str) -> UnavailableError:
    return UnavailableError("DATABASE_UNAVAILABLE", message, retry_after=_RETRY_AFTER)
