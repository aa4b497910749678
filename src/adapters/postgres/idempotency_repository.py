"""Answers by request key in PostgreSQL."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, override

import asyncpg

from adapters.postgres.stored_json import dump, load
from adapters.postgres.transaction import Transaction
from application.idempotency.refusals import check_same, in_progress, is_busy
from application.ports.idempotency_repository import Claim, IdempotencyRepository, KeyedRequest

# Waits for a transaction that has inserted the same key: once that has committed its row is found by the next
# statement, and once it has been taken back this one inserts.
_BEGIN: Final = """
INSERT INTO pombo.keyed_requests (scope, key, fingerprint, begun_at, busy_until) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING RETURNING key
"""
_LOCK: Final = """
SELECT fingerprint, begun_at, busy_until, answer FROM pombo.keyed_requests WHERE scope = $1 AND key = $2 FOR UPDATE
"""
_FIND: Final = "SELECT fingerprint, answer FROM pombo.keyed_requests WHERE scope = $1 AND key = $2"
_TAKE_OVER: Final = "UPDATE pombo.keyed_requests SET busy_until = $3 WHERE scope = $1 AND key = $2"
_ANSWER: Final = "UPDATE pombo.keyed_requests SET answer = $3 WHERE scope = $1 AND key = $2"
_RELEASE: Final = "DELETE FROM pombo.keyed_requests WHERE scope = $1 AND key = $2 AND answer IS NULL"
_PRUNE: Final = """
DELETE FROM pombo.keyed_requests WHERE (scope, key) IN (
    SELECT scope, key FROM pombo.keyed_requests WHERE begun_at < $1 ORDER BY begun_at LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING key
"""


class PostgresIdempotencyRepository(IdempotencyRepository):
    """Answers within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def find(self, request: KeyedRequest) -> Mapping[str, Any] | None:
        rows = await self._transaction.read(_FIND, request.scope, request.key)
        if not rows:
            return None
        check_same(request, rows[0]["fingerprint"])
        return _answer(rows[0])

    @override
    async def claim(self, request: KeyedRequest, *, now: datetime, busy_until: datetime) -> Claim:
        row: asyncpg.Record | None = None
        while row is None:
            if await self._transaction.write(_BEGIN, request.scope, request.key, request.fingerprint, now, busy_until):
                return Claim()
            # Gone again where it was released in between.
            row = next(iter(await self._transaction.write(_LOCK, request.scope, request.key)), None)
        check_same(request, row["fingerprint"])
        if (answer := _answer(row)) is not None:
            return Claim(answer=answer)
        if is_busy(row["busy_until"], now=now, busy_until=busy_until):
            raise in_progress()
        await self._transaction.write(_TAKE_OVER, request.scope, request.key, busy_until)
        return Claim(taken_over=True, begun_at=row["begun_at"])

    @override
    async def answer(self, request: KeyedRequest, answer: Mapping[str, Any]) -> None:
        await self._transaction.write(_ANSWER, request.scope, request.key, dump(dict(answer)))

    @override
    async def release(self, request: KeyedRequest) -> None:
        await self._transaction.write(_RELEASE, request.scope, request.key)

    @override
    async def prune(self, *, before: datetime, limit: int) -> int:
        return len(await self._transaction.write(_PRUNE, before, limit))


def _answer(row: asyncpg.Record) -> Mapping[str, Any] | None:
    answer: Mapping[str, Any] | None = load(row["answer"])
    return answer
