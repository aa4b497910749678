"""What became of the deliveries that a caller sees."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, override

from application.ports.webhook_log import DeadLetter, Delivery, DeliveryFilter, NumberedDelivery, WebhookLog
from domain.ids import SessionId, WebhookId
from domain.webhook import DeliveryKind

_PIECE: Final = 500
"""Rows that are read at a time, to find those that are seen among them."""


class SeenWebhookLog(WebhookLog):
    """The tries and dead letters of some sessions, and tests. A webhook may have been told of others before."""

    def __init__(self, log: WebhookLog, session_ids: frozenset[SessionId]) -> None:
        self._log = log
        self._session_ids = session_ids

    @override
    async def record(self, delivery: Delivery) -> None:
        await self._log.record(delivery)

    @override
    async def deliveries(
        self, webhook_id: WebhookId, criteria: DeliveryFilter, *, before: int | None, limit: int
    ) -> Sequence[NumberedDelivery]:
        seen: list[NumberedDelivery] = []
        while True:
            read = await self._log.deliveries(webhook_id, criteria, before=before, limit=_PIECE)
            seen += (each for each in read if self._is_seen(each.delivery))
            if len(seen) >= limit or len(read) < _PIECE:
                return seen[:limit]
            before = read[-1].number

    @override
    async def last_success(self, webhook_id: WebhookId) -> datetime | None:
        return await self._log.last_success(webhook_id)

    @override
    async def bury(self, letter: DeadLetter) -> None:
        await self._log.bury(letter)

    @override
    async def dead_letters(self, webhook_id: WebhookId, *, after: int, limit: int) -> Sequence[DeadLetter]:
        seen: list[DeadLetter] = []
        while True:
            read = await self._log.dead_letters(webhook_id, after=after, limit=_PIECE)
            seen += (letter for letter in read if letter.session_id in self._session_ids)
            if len(seen) >= limit or len(read) < _PIECE:
                return seen[:limit]
            after = read[-1].position

    @override
    async def count_dead_letters(self, webhook_id: WebhookId) -> int:
        return await self._log.count_dead_letters(webhook_id)

    @override
    async def prune(self, before: datetime, *, limit: int) -> int:
        return await self._log.prune(before, limit=limit)

    def _is_seen(self, delivery: Delivery) -> bool:
        return delivery.session_id in self._session_ids or delivery.kind is DeliveryKind.TEST
