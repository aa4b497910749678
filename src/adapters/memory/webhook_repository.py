"""Webhook endpoints in memory."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import islice
from typing import override

from adapters.memory.transaction import Transaction
from adapters.memory.webhook_tables import EndpointRow
from application.ports.webhook_repository import WebhookRepository
from domain.errors import AlreadyExistsError, NotFoundError
from domain.ids import SessionId, WebhookId
from domain.webhook import WebhookEndpoint


class MemoryWebhookRepository(WebhookRepository):
    """Webhook endpoints within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._rows = transaction.webhooks

    @override
    async def add(self, endpoint: WebhookEndpoint) -> None:
        await self._transaction.lock(endpoint.id)
        if self._rows.endpoints.get(endpoint.id):
            raise AlreadyExistsError(
                "WEBHOOK_EXISTS", "A webhook with this id exists.", metadata={"webhook_id": endpoint.id}
            )
        self._rows.endpoints.put(endpoint.id, EndpointRow(_own(endpoint), self._transaction.log_head()))

    @override
    async def get(self, webhook_id: WebhookId, *, lock: bool = False) -> WebhookEndpoint:
        if lock:
            await self._transaction.lock(webhook_id)
        return endpoint_row(self._transaction, webhook_id).endpoint

    @override
    async def list(
        self, *, after: WebhookId | None = None, limit: int | None = None, among: Collection[SessionId] | None = None
    ) -> Sequence[WebhookEndpoint]:
        rows = sorted(
            (item for item in self._rows.endpoints.items() if among is None or item[1].endpoint.concerns_only(among)),
            key=lambda item: item[0],
        )
        behind = (row.endpoint for key, row in rows if after is None or key > after)
        return tuple(islice(behind, limit))

    @override
    async def save(self, endpoint: WebhookEndpoint) -> None:
        await self._transaction.lock(endpoint.id)
        row = endpoint_row(self._transaction, endpoint.id)
        self._rows.endpoints.put(endpoint.id, EndpointRow(_own(endpoint), row.scanned))

    @override
    async def delete(self, webhook_id: WebhookId) -> None:
        await self._transaction.lock(webhook_id)
        endpoint_row(self._transaction, webhook_id)
        self._rows.endpoints.put(webhook_id, None)
        for lane, _ in tuple(self._rows.lanes.items()):
            if lane[0] == webhook_id:
                await self._transaction.lock(lane)
                self._rows.lanes.put(lane, None)
        for number, entry in tuple(self._rows.deliveries.items()):
            if entry.delivery.webhook_id == webhook_id:
                self._rows.deliveries.put(number, None)
        for letter, _ in tuple(self._rows.letters.items()):
            if letter[0] == webhook_id:
                self._rows.letters.put(letter, None)


def endpoint_row(transaction: Transaction, webhook_id: WebhookId) -> EndpointRow:
    """The endpoint's row.

    Raises:
        NotFoundError: ``WEBHOOK_NOT_FOUND``.
    """
    row = transaction.webhooks.endpoints.get(webhook_id)
    if row is None:
        raise NotFoundError(
            "WEBHOOK_NOT_FOUND", "There is no webhook with this id.", metadata={"webhook_id": webhook_id}
        )
    return row


def _own(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """A copy that the caller's later changes to its headers don't reach."""
    return replace(endpoint, headers=dict(endpoint.headers))
