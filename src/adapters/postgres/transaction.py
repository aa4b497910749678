"""One transaction on one connection."""

from collections.abc import Sequence
from typing import Final

import asyncpg
import structlog

from adapters.postgres.errors import end, translated
from domain.errors import InternalError, PomboError
from domain.event import NewEvent
from domain.lease import Lease, stale_lease

_log = structlog.get_logger(__name__)
_STALE_LEASE: Final = "PB001"
"""The SQLSTATE that ``pombo.hold_lease`` fails with."""


class Transaction:
    """Begins when the first statement needs it.

    A reading that locks nothing needs none: at READ COMMITTED each statement has a snapshot of its own anyway. So a
    unit of work that only reads costs no more than its readings. Statements that may wait for the commit are kept until
    then.

    Args:
        connection: the one to work on, the transaction's alone.
        fence: the lease that whatever is written depends on. It is checked together with the commit, in one round trip.
    """

    def __init__(self, connection: asyncpg.Connection, fence: Lease | None = None) -> None:
        self._connection = connection
        self._fence = fence
        self._has_begun = False
        self._at_commit: dict[tuple[str, str], list[tuple[object, ...]]] = {}
        self.events: list[NewEvent] = []
        """Those that are appended at the commit."""

    async def read(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Runs a query that neither writes nor locks."""
        with translated(self._connection):
            return list(await self._connection.fetch(query, *arguments))

    async def write(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Runs a statement that writes or locks."""
        with translated(self._connection):
            await self._begin()
            return list(await self._connection.fetch(query, *arguments))

    def write_at_commit(self, rows_query: str, row_query: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Keeps rows for the end, where those of one query are written together.

        Args:
            rows_query: the statement for several rows; its arguments are the columns' arrays.
            row_query: the statement for one row; its arguments are the row's values.
            rows: the rows' values.
        """
        if rows:
            self._at_commit.setdefault((rows_query, row_query), []).extend(rows)

    async def commit(self) -> bool:
        """Makes it durable. Tells whether kept statements were among it.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``: whether it was committed isn't known.
            InternalError: ``DATABASE_FAULT``: nothing was.
            ConflictError: ``STALE_LEASE``: nothing was.
        """
        with translated(self._connection):
            for (rows_query, row_query), rows in self._at_commit.items():
                if len(self._at_commit) > 1 or self._fence is not None:
                    await self._begin()
                # One statement alone is a transaction by itself.
                if len(rows) == 1:
                    await self._connection.fetch(row_query, *rows[0])
                else:
                    await self._connection.fetch(rows_query, *zip(*rows, strict=True))
            if self._has_begun:
                done = await self._commit()
                self._has_begun = False
                if done != "COMMIT":
                    # A statement had failed, and whoever ran it went on: the server took everything back, and says so
                    # in its answer only.
                    raise InternalError("DATABASE_FAULT", "A failed statement was passed over; nothing was stored.")
        return bool(self._at_commit)

    async def _commit(self) -> str:
        if self._fence is None:
            return str(await self._connection.execute("COMMIT"))
        try:
            # What fails keeps the rest from being run.
            return str(await self._connection.execute(f"{_hold(self._fence)}; COMMIT"))
        except asyncpg.PostgresError as error:
            if error.sqlstate == _STALE_LEASE:
                raise stale_lease(self._fence) from None
            raise

    async def roll_back(self) -> None:
        """Takes everything back. Where that fails the connection is ended: then the server does it."""
        if self._has_begun:
            try:
                with translated():
                    await self._connection.execute("ROLLBACK")
            except PomboError as error:
                _log.warning("rollback_failed", reason=error.reason)
                end(self._connection)
            except BaseException:
                end(self._connection)
                raise

    async def _begin(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            await self._connection.execute("BEGIN")


def _hold(lease: Lease) -> str:
    """Several statements in one message take no parameters. Names hold no quote; it is doubled all the same."""
    session_id, life = (text.replace("'", "''") for text in (lease.session_id, lease.owner.life))
    return f"SELECT pombo.hold_lease('{session_id}', '{life}', {lease.epoch:d})"
