"""The event log's reading side in PostgreSQL."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, override

import asyncpg

from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.stored_json import load
from application.events.cursors import check_kept
from application.ports.event_log import EventBatch, EventLog
from application.representation.events import payload_from_dict
from domain.event import Event
from domain.ids import EventId, SessionId

_AT_ONCE: Final = 1_000

# One statement, so one snapshot: neither settling nor pruning can come between the events and the ends of the log.
_SCAN: Final = """
SELECT head.position AS head, tail.position AS oldest, found.*
FROM pombo.event_log_head AS head CROSS JOIN pombo.event_log_tail AS tail LEFT JOIN (
    SELECT position, id, session_id, type, time, payload FROM pombo.events
    WHERE position > $1{conditions} ORDER BY position LIMIT $2
) AS found ON true
ORDER BY found.position
"""


# OFFSET 0 keeps the planner from going through the log from its beginning, place by place, up to the first that is late
# enough: by the index on the time this costs as much as there is behind it.
_BEFORE: Final = """
SELECT coalesce((SELECT min(position) - 1 FROM (
    SELECT position FROM pombo.events WHERE time >= $1 OFFSET 0
) AS late), position)
FROM pombo.event_log_head
"""


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
    async def oldest(self) -> int:
        async with self._pool.connection() as connection:
            return int(await connection.fetchval("SELECT position FROM pombo.event_log_tail"))

    @override
    async def scan(
        self,
        *,
        after: int | None,
        limit: int,
        session_id: SessionId | None = None,
        types: Collection[str] = (),
        among: Collection[SessionId] | None = None,
    ) -> EventBatch:
        arguments: list[object] = [after or 0, limit]
        conditions = ""
        if session_id is not None:
            arguments.append(session_id)
            conditions += f" AND session_id = ${len(arguments)}"
        if among is not None:
            arguments.append(list(among))
            conditions += f" AND session_id = ANY(${len(arguments)}::text[])"
        if types:
            arguments.append(list(types))
            conditions += f" AND type = ANY(${len(arguments)}::text[])"
        async with self._pool.connection() as connection:
            rows = await connection.fetch(_SCAN.format(conditions=conditions), *arguments)
        head, oldest = rows[0]["head"], rows[0]["oldest"]
        if after is not None:
            check_kept(after, oldest)
        events = tuple(to_event(row) for row in rows if row["position"] is not None)
        cursor = events[-1].sequence if len(events) == limit else max(head, after or 0)
        return EventBatch(events=events, cursor=cursor, head=head)

    @override
    async def prune(self, *, now: datetime, keep: timedelta, needed_from: int | None, limit: int) -> int:
        query = "SELECT pombo.prune_events($1, $2, $3, $4)"
        async with self._pool.connection() as connection:
            return int(await connection.fetchval(query, now, keep, needed_from, limit))

    @override
    async def find(self, event_id: EventId) -> Event | None:
        async with self._pool.connection() as connection:
            row = await connection.fetchrow(
                "SELECT position, id, session_id, type, time, payload FROM pombo.events "
                "WHERE id = $1 AND position IS NOT NULL",
                event_id,
            )
        return None if row is None else to_event(row)

    @override
    async def before(self, time: datetime) -> int:
        async with self._pool.connection() as connection:
            return int(await connection.fetchval(_BEFORE, time))


def to_event(row: asyncpg.Record) -> Event:
    """An event of a row that has a place in the log."""
    return Event(
        id=EventId(row["id"]),
        session_id=None if row["session_id"] is None else SessionId(row["session_id"]),
        time=row["time"],
        sequence=row["position"],
        payload=payload_from_dict(row["type"], load(row["payload"])),
    )
