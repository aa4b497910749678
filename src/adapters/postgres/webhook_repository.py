"""Webhook endpoints in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, override

import asyncpg

from adapters.postgres.stored_json import dump, load
from adapters.postgres.transaction import Transaction
from application.ports.webhook_repository import WebhookRepository
from domain.errors import AlreadyExistsError, NotFoundError
from domain.ids import SessionId, WebhookId
from domain.webhook import DisabledReason, RetiredSecret, WebhookEndpoint

COLUMNS: Final = """id, url, description, types, session_ids, headers, secret, retired_secret, retired_until,
    configured, disabled_reason, disabled_at, failing_since, give_up_after, created_at, updated_at"""

_ADD: Final = f"""
INSERT INTO pombo.webhook_endpoints ({COLUMNS}, scanned)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, position FROM pombo.event_log_head
ON CONFLICT (id) DO NOTHING
RETURNING id
"""  # noqa: S608 - of constants

_SAVE: Final = f"""
UPDATE pombo.webhook_endpoints
SET ({COLUMNS}) = ROW ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
WHERE id = $1
RETURNING id
"""  # noqa: S608 - of constants

_GET: Final = f"SELECT {COLUMNS} FROM pombo.webhook_endpoints WHERE id = $1"  # noqa: S608 - of constants
_LIST: Final = f"""
SELECT {COLUMNS} FROM pombo.webhook_endpoints
WHERE id > $1 AND ($3::text[] IS NULL OR (session_ids <> '{{}}' AND session_ids <@ $3)) ORDER BY id LIMIT $2
"""  # noqa: S608 - of constants


class PostgresWebhookRepository(WebhookRepository):
    """Webhook endpoints within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def add(self, endpoint: WebhookEndpoint) -> None:
        if not await self._transaction.write(_ADD, *_values(endpoint)):
            raise AlreadyExistsError(
                "WEBHOOK_EXISTS", "A webhook with this id exists.", metadata={"webhook_id": endpoint.id}
            )

    @override
    async def get(self, webhook_id: WebhookId, *, lock: bool = False) -> WebhookEndpoint:
        if lock:
            # Rows that refer to it may be written meanwhile.
            rows = await self._transaction.write(f"{_GET} FOR NO KEY UPDATE", webhook_id)
        else:
            rows = await self._transaction.read(_GET, webhook_id)
        return to_endpoint(_only(rows, webhook_id))

    @override
    async def list(
        self, *, after: WebhookId | None = None, limit: int | None = None, among: Collection[SessionId] | None = None
    ) -> Sequence[WebhookEndpoint]:
        only = None if among is None else list(among)
        return tuple(map(to_endpoint, await self._transaction.read(_LIST, after or "", limit, only)))

    @override
    async def save(self, endpoint: WebhookEndpoint) -> None:
        _only(await self._transaction.write(_SAVE, *_values(endpoint)), endpoint.id)

    @override
    async def delete(self, webhook_id: WebhookId) -> None:
        query = "DELETE FROM pombo.webhook_endpoints WHERE id = $1 RETURNING id"
        _only(await self._transaction.write(query, webhook_id), webhook_id)


def not_found(webhook_id: WebhookId) -> NotFoundError:
    """There is no such endpoint."""
    return NotFoundError("WEBHOOK_NOT_FOUND", "There is no webhook with this id.", metadata={"webhook_id": webhook_id})


def _only(rows: Sequence[asyncpg.Record], webhook_id: WebhookId) -> asyncpg.Record:
    if not rows:
        raise not_found(webhook_id)
    return rows[0]


def _values(endpoint: WebhookEndpoint) -> tuple[Any, ...]:
    retired = endpoint.retired
    return (
        endpoint.id,
        endpoint.url,
        endpoint.description,
        list(endpoint.types),
        list(endpoint.session_ids),
        dump(dict(endpoint.headers)),
        endpoint.secret,
        retired and retired.value,
        retired and retired.expires_at,
        endpoint.configured,
        endpoint.disabled_reason and endpoint.disabled_reason.value,
        endpoint.disabled_at,
        endpoint.failing_since,
        endpoint.give_up_after,
        endpoint.created_at,
        endpoint.updated_at,
    )


def to_endpoint(row: Mapping[str, Any]) -> WebhookEndpoint:
    """An endpoint of a row with ``COLUMNS``."""
    retired, reason = row["retired_secret"], row["disabled_reason"]
    return WebhookEndpoint(
        id=WebhookId(row["id"]),
        url=row["url"],
        description=row["description"],
        types=tuple(row["types"]),
        session_ids=tuple(SessionId(each) for each in row["session_ids"]),
        headers=load(row["headers"]),
        secret=row["secret"],
        retired=retired and RetiredSecret(value=retired, expires_at=row["retired_until"]),
        configured=row["configured"],
        disabled_reason=reason and DisabledReason(reason),
        disabled_at=row["disabled_at"],
        failing_since=row["failing_since"],
        give_up_after=row["give_up_after"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
