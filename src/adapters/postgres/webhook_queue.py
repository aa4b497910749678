"""What waits to be posted to webhook endpoints, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, override

import asyncpg

from adapters.postgres import webhook_statements as statements
from adapters.postgres.event_log import to_event
from adapters.postgres.transaction import Transaction
from adapters.postgres.webhook_repository import to_endpoint
from application.ports.webhook_queue import CLOCK_SLACK, MAX_BACKLOG, Advance, ClaimedLane, ClaimLostError, WebhookQueue
from domain.event import Event
from domain.ids import SessionId, WebhookId

_STEP: Final = 50_000
"""Positions that one scan goes through: a step of bounded length, however far behind an endpoint is."""


class PostgresWebhookQueue(WebhookQueue):
    """The lanes within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def scan(self) -> bool:
        return any(row["is_behind"] for row in await self._transaction.write(statements.SCAN, _STEP))

    @override
    async def claim(
        self,
        *,
        token: str,
        now: datetime,
        lease: timedelta,
        limit: int,
        per_endpoint: int,
        busy: Mapping[WebhookId, int],
    ) -> Sequence[ClaimedLane]:
        rows = await self._transaction.write(
            *(statements.CLAIM, token, now, lease, limit, list(busy), list(busy.values()), per_endpoint, CLOCK_SLACK)
        )
        return tuple(map(_claimed, rows))

    @override
    async def read(self, lane: ClaimedLane, *, limit: int) -> Sequence[Event]:
        query = statements.READ_OF_NONE if lane.session_id is None else statements.READ
        key = (lane.endpoint.id, lane.session_id or "")
        return tuple(map(to_event, await self._transaction.read(query, *key, lane.cursor, lane.target, limit)))

    @override
    async def advance(self, lane: ClaimedLane, *, to: int, now: datetime, keep_for: timedelta | None) -> Advance:
        until = None if keep_for is None else now + keep_for
        rows = await self._transaction.write(statements.ADVANCE, *_key(lane), to, until, lane.endpoint.updated_at)
        if not rows:
            raise ClaimLostError
        kept = replace(lane, cursor=to, target=rows[0]["target"], failures=0, first_failed_at=None)
        return Advance(lane=kept if rows[0]["kept"] else None, was_failing=rows[0]["was_failing"])

    @override
    async def postpone(
        self, lane: ClaimedLane, *, failures: int, first_failed_at: datetime, now: datetime, wait: timedelta
    ) -> None:
        if not await self._transaction.write(statements.POSTPONE, *_key(lane), failures, first_failed_at, now, wait):
            raise ClaimLostError

    @override
    async def release(self, tokens: Sequence[str]) -> None:
        await self._transaction.write(statements.RELEASE, list(tokens))

    @override
    async def wake(self, webhook_id: WebhookId, *, since: datetime | None = None, afresh: bool = False) -> None:
        await self._transaction.write(statements.WAKE, webhook_id, afresh, since)

    @override
    async def rewind(self, webhook_id: WebhookId, *, after: int) -> None:
        await self._transaction.write(statements.REWIND, webhook_id, after)

    @override
    async def backlog(self, webhook_id: WebhookId) -> int:
        return int((await self._transaction.read(statements.BACKLOG, webhook_id, MAX_BACKLOG))[0]["waiting"])

    @override
    async def needed_from(self, *, buried_since: datetime) -> int | None:
        position = (await self._transaction.read(statements.NEEDED, buried_since))[0]["position"]
        return None if position is None else int(position)


def _key(lane: ClaimedLane) -> tuple[str, str, str]:
    return (lane.endpoint.id, lane.session_id or "", lane.token)


def _claimed(row: asyncpg.Record) -> ClaimedLane:
    return ClaimedLane(
        endpoint=to_endpoint(row),
        session_id=SessionId(row["session_id"]) if row["session_id"] else None,
        cursor=row["cursor"],
        target=row["target"],
        failures=row["failures"],
        first_failed_at=row["first_failed_at"],
        token=row["claim_token"],
    )
