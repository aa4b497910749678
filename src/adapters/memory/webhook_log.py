"""What became of webhook deliveries, in memory."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import override

from adapters.memory.transaction import Transaction
from adapters.memory.webhook_repository import endpoint_row
from application.ports.webhook_log import DeadLetter, Delivery, DeliveryFilter, NumberedDelivery, WebhookLog
from domain.ids import WebhookId
from domain.webhook import DeliveryOutcome


class MemoryWebhookLog(WebhookLog):
    """The tries and the dead letters within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._rows = transaction.webhooks

    @override
    async def record(self, delivery: Delivery) -> None:
        endpoint_row(self._transaction, delivery.webhook_id)
        number = self._rows.state.next_number()
        self._rows.deliveries.put(number, NumberedDelivery(number=number, delivery=delivery))
        letter = (delivery.webhook_id, delivery.event_id)
        if delivery.outcome is DeliveryOutcome.DELIVERED and self._rows.letters.get(letter):
            self._rows.letters.put(letter, None)

    @override
    async def deliveries(
        self, webhook_id: WebhookId, criteria: DeliveryFilter, *, before: int | None, limit: int
    ) -> Sequence[NumberedDelivery]:
        newest = sorted((entry for _, entry in self._rows.deliveries.items()), key=lambda entry: -entry.number)
        shown = (
            entry
            for entry in newest
            if entry.delivery.webhook_id == webhook_id
            and (before is None or entry.number < before)
            and criteria.event_id in {None, entry.delivery.event_id}
            and criteria.outcome in {None, entry.delivery.outcome}
        )
        return tuple(islice(shown, limit))

    @override
    async def last_success(self, webhook_id: WebhookId) -> datetime | None:
        good = DeliveryFilter(outcome=DeliveryOutcome.DELIVERED)
        newest = await self.deliveries(webhook_id, good, before=None, limit=1)
        return newest[0].delivery.at if newest else None

    @override
    async def bury(self, letter: DeadLetter) -> None:
        self._rows.letters.put((letter.webhook_id, letter.event_id), letter)

    @override
    async def dead_letters(self, webhook_id: WebhookId, *, after: int, limit: int) -> Sequence[DeadLetter]:
        mine = (letter for key, letter in self._rows.letters.items() if key[0] == webhook_id)
        behind = sorted((letter for letter in mine if letter.position > after), key=lambda letter: letter.position)
        return tuple(behind[:limit])

    @override
    async def count_dead_letters(self, webhook_id: WebhookId) -> int:
        return sum(1 for key, _ in self._rows.letters.items() if key[0] == webhook_id)

    @override
    async def prune(self, before: datetime, *, limit: int) -> int:
        oldest = sorted(self._rows.deliveries.items(), key=lambda item: item[0])[:limit]
        past = [number for number, entry in oldest if entry.delivery.at < before]
        for number in past:
            self._rows.deliveries.put(number, None)
        return len(past)
