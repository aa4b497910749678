"""The event log's reading side in PostgreSQL."""

from collections.abc import Collection, Sequence
from typing import Final, override

import asyncpg

from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.stored_json import load
from application.ports.event_log import EventLog
from application.representation import payload_from_dict
from domain.event import Event
from domain.ids import EventId, SessionId

_AT_ONCE: Final = 1_000


class PostgresEventLog(EventLog):
    """Reads by places in the log, which only settled events have. The migrations tell how settling works."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    @override
    async def settle(self) -> int:
        async with self._pool.connection() as connection:
            while True:
                row = await connection.fetchrow("SELECT head, settled FROM pombo.settle_events($1)", _AT_ONCE)
                if row["settled"] < _AT_ONCE:
                    return int(row["head"])

    @override
    async def head(self) -> int:
        async with self._pool.connection() as connection:
            return int(await connection.fetchval("SELECT position FROM pombo.event_log_head"))

    @override
    async def read(
        self, *, after: int, limit: int, session_id: SessionId | None = None, types: Collection[str] = ()
    ) -> Sequence[Event]:
        conditions = ["position > $1"]
        arguments: list[object] = [after, limit]
        if session_id is not None:
            arguments.append(session_id)
            conditions.append(f"session_id = ${len(arguments)}")
        if types:
            arguments.append(list(types))
            conditions.append(f"type = ANY(${len(arguments)}::text[])")
        query = (
            "SELECT position, id, session_id, type, time, payload FROM pombo.events "  # noqa: S608 - of constants
            f"WHERE {' AND '.join(conditions)} ORDER BY position LIMIT $2"
        )
        async with self._pool.connection() as connection:
            rows = await connection.fetch(query, *arguments)
        return tuple(_event(row) for row in rows)


def _event(row: asyncpg.Record) -> Event:
    return Event(
        id=EventId(row["id"]),
        session_id=SessionId(row["session_id"]),
        time=row["time"],
        sequence=row["position"],
        payload=payload_from_dict(row["type"], load(row["payload"])),
    )
