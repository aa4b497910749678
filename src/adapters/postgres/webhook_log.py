"""What became of webhook deliveries, in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, override

import asyncpg

from adapters.postgres.transaction import Transaction
from adapters.postgres.webhook_repository import not_found
from application.ports.webhook_log import DeadLetter, Delivery, DeliveryFilter, NumberedDelivery, WebhookLog
from domain.ids import EventId, SessionId, WebhookId
from domain.webhook import DeliveryKind, DeliveryOutcome

_DELIVERY: Final = "endpoint_id, event_id, event_type, session_id, kind, attempt, at, took, outcome, status, detail"

# The endpoint is asked for first: one that is deleted meanwhile is no fault of the statement's.
_RECORD: Final = f"""
WITH endpoint AS (
    SELECT id FROM pombo.webhook_endpoints WHERE id = $1 FOR KEY SHARE
), redeemed AS (
    DELETE FROM pombo.webhook_dead_letters WHERE endpoint_id = $1 AND event_id = $2 AND $9 = 'DELIVERED'
)
INSERT INTO pombo.webhook_deliveries ({_DELIVERY})
SELECT id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM endpoint
RETURNING number
"""  # noqa: S608 - of constants

_LIST: Final = f"""
SELECT number, {_DELIVERY} FROM pombo.webhook_deliveries
WHERE endpoint_id = $1 AND ($2::bigint IS NULL OR number < $2)
    AND ($3::text IS NULL OR event_id = $3) AND ($4::text IS NULL OR outcome = $4)
ORDER BY number DESC LIMIT $5
"""  # noqa: S608 - of constants

_LAST_SUCCESS: Final = """
SELECT at FROM pombo.webhook_deliveries
WHERE endpoint_id = $1 AND outcome = 'DELIVERED' ORDER BY number DESC LIMIT 1
"""

_LETTER: Final = """endpoint_id, event_id, event_type, session_id, position, attempts, first_failed_at, given_up_at,
    outcome, status"""
_BURY: Final = f"""
INSERT INTO pombo.webhook_dead_letters ({_LETTER}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (endpoint_id, event_id) DO UPDATE SET attempts = EXCLUDED.attempts,
    first_failed_at = EXCLUDED.first_failed_at, given_up_at = EXCLUDED.given_up_at, outcome = EXCLUDED.outcome,
    status = EXCLUDED.status
"""  # noqa: S608 - of constants

_DEAD_LETTERS: Final = f"""
SELECT {_LETTER} FROM pombo.webhook_dead_letters
WHERE endpoint_id = $1 AND position > $2 ORDER BY position LIMIT $3
"""  # noqa: S608 - of constants

_COUNT: Final = "SELECT count(*) AS letters FROM pombo.webhook_dead_letters WHERE endpoint_id = $1"

# Looks at the oldest alone: they are removed in the order of their numbers, so that no index on the time is needed.
_PRUNE: Final = """
DELETE FROM pombo.webhook_deliveries WHERE at < $1 AND number IN (
    SELECT number FROM pombo.webhook_deliveries ORDER BY number LIMIT $2
)
RETURNING 1
"""


class PostgresWebhookLog(WebhookLog):
    """The tries and the dead letters within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def record(self, delivery: Delivery) -> None:
        if not await self._transaction.write(_RECORD, *_delivery_values(delivery)):
            raise not_found(delivery.webhook_id)

    @override
    async def deliveries(
        self, webhook_id: WebhookId, criteria: DeliveryFilter, *, before: int | None, limit: int
    ) -> Sequence[NumberedDelivery]:
        outcome = criteria.outcome and criteria.outcome.value
        rows = await self._transaction.read(_LIST, webhook_id, before, criteria.event_id, outcome, limit)
        return tuple(map(_delivery, rows))

    @override
    async def last_success(self, webhook_id: WebhookId) -> datetime | None:
        rows = await self._transaction.read(_LAST_SUCCESS, webhook_id)
        return rows[0]["at"] if rows else None

    @override
    async def bury(self, letter: DeadLetter) -> None:
        await self._transaction.write(_BURY, *_letter_values(letter))

    @override
    async def dead_letters(self, webhook_id: WebhookId, *, after: int, limit: int) -> Sequence[DeadLetter]:
        return tuple(map(_letter, await self._transaction.read(_DEAD_LETTERS, webhook_id, after, limit)))

    @override
    async def count_dead_letters(self, webhook_id: WebhookId) -> int:
        return int((await self._transaction.read(_COUNT, webhook_id))[0]["letters"])

    @override
    async def prune(self, before: datetime, *, limit: int) -> int:
        return len(await self._transaction.write(_PRUNE, before, limit))


def _session(row: asyncpg.Record) -> SessionId | None:
    return None if row["session_id"] is None else SessionId(row["session_id"])


def _delivery_values(delivery: Delivery) -> tuple[object, ...]:
    return (
        delivery.webhook_id,
        delivery.event_id,
        delivery.event_type,
        delivery.session_id,
        delivery.kind.value,
        delivery.attempt,
        delivery.at,
        delivery.took,
        delivery.outcome.value,
        delivery.status,
        delivery.detail,
    )


def _delivery(row: asyncpg.Record) -> NumberedDelivery:
    delivery = Delivery(
        webhook_id=WebhookId(row["endpoint_id"]),
        event_id=EventId(row["event_id"]),
        event_type=row["event_type"],
        session_id=_session(row),
        kind=DeliveryKind(row["kind"]),
        attempt=row["attempt"],
        at=row["at"],
        took=row["took"],
        outcome=DeliveryOutcome(row["outcome"]),
        status=row["status"],
        detail=row["detail"],
    )
    return NumberedDelivery(number=row["number"], delivery=delivery)


def _letter_values(letter: DeadLetter) -> tuple[object, ...]:
    return (
        letter.webhook_id,
        letter.event_id,
        letter.event_type,
        letter.session_id,
        letter.position,
        letter.attempts,
        letter.first_failed_at,
        letter.given_up_at,
        letter.outcome.value,
        letter.status,
    )


def _letter(row: asyncpg.Record) -> DeadLetter:
    return DeadLetter(
        webhook_id=WebhookId(row["endpoint_id"]),
        event_id=EventId(row["event_id"]),
        event_type=row["event_type"],
        session_id=_session(row),
        position=row["position"],
        attempts=row["attempts"],
        first_failed_at=row["first_failed_at"],
        given_up_at=row["given_up_at"],
        outcome=DeliveryOutcome(row["outcome"]),
        status=row["status"],
    )
