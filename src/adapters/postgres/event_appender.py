"""The event log's writing side in PostgreSQL."""

from collections.abc import Sequence
from typing import Final, override

from adapters.postgres.stored_json import dump
from adapters.postgres.transaction import Transaction
from application.ports.event_log import EventAppender
from application.representation.events import payload_to_dict
from domain.event import NewEvent

_APPEND: Final = """
INSERT INTO pombo.events (id, session_id, type, time, payload)
SELECT id, session_id, type, time, payload
FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::json[])
    WITH ORDINALITY AS new (id, session_id, type, time, payload, ordinal)
ORDER BY ordinal
"""


_APPEND_ONE: Final = "INSERT INTO pombo.events (id, session_id, type, time, payload) VALUES ($1, $2, $3, $4, $5)"


class PostgresEventAppender(EventAppender):
    """Appends within one transaction: at its end, all in one statement."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def append(self, events: Sequence[NewEvent]) -> None:
        self._transaction.events.extend(events)
        self._transaction.write_at_commit(_APPEND, _APPEND_ONE, [_values(event) for event in events])


def _values(event: NewEvent) -> tuple[object, ...]:
    payload = dump(payload_to_dict(event.payload))
    return (event.id, event.session_id, event.payload.TYPE, event.time, payload)
