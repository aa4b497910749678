"""Answers by request key in memory."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, override

from adapters.memory.state import KeyedRow
from adapters.memory.transaction import Transaction
from application.idempotency.refusals import check_same, in_progress, is_busy
from application.ports.idempotency_repository import Claim, IdempotencyRepository, KeyedRequest


class MemoryIdempotencyRepository(IdempotencyRepository):
    """Answers within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def find(self, request: KeyedRequest) -> Mapping[str, Any] | None:
        row = self._transaction.keyed_request((request.scope, request.key))
        if row is None:
            return None
        check_same(request, row.fingerprint)
        return row.answer

    @override
    async def claim(self, request: KeyedRequest, *, now: datetime, busy_until: datetime) -> Claim:
        key = (request.scope, request.key)
        await self._transaction.lock(("request", *key))
        row = self._transaction.keyed_request(key)
        if row is None:
            row = KeyedRow(fingerprint=request.fingerprint, begun_at=now, busy_until=busy_until, answer=None)
            self._transaction.put_keyed_request(key, row)
            return Claim()
        check_same(request, row.fingerprint)
        if row.answer is not None:
            return Claim(answer=row.answer)
        if is_busy(row.busy_until, now=now, busy_until=busy_until):
            raise in_progress()
        self._transaction.put_keyed_request(key, replace(row, busy_until=busy_until))
        return Claim(taken_over=True, begun_at=row.begun_at)

    @override
    async def answer(self, request: KeyedRequest, answer: Mapping[str, Any]) -> None:
        key = (request.scope, request.key)
        await self._transaction.lock(("request", *key))
        row = self._transaction.keyed_request(key)
        if row is not None:
            self._transaction.put_keyed_request(key, replace(row, answer=dict(answer)))

    @override
    async def release(self, request: KeyedRequest) -> None:
        key = (request.scope, request.key)
        await self._transaction.lock(("request", *key))
        row = self._transaction.keyed_request(key)
        if row is not None and row.answer is None:
            self._transaction.put_keyed_request(key, None)

    @override
    async def prune(self, *, before: datetime, limit: int) -> int:
        rows = sorted(self._transaction.keyed_requests(), key=lambda entry: entry[1].begun_at)
        old = [key for key, row in rows if row.begun_at < before and self._transaction.can_lock(("request", *key))]
        for key in old[:limit]:
            await self._transaction.lock(("request", *key))
            self._transaction.put_keyed_request(key, None)
        return len(old[:limit])
