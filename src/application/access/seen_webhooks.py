"""The webhooks that a caller sees."""

from collections.abc import Collection, Sequence
from typing import override

from application.access.seen_sessions import out_of_scope
from application.ports.webhook_repository import WebhookRepository
from domain.errors import NotFoundError
from domain.ids import SessionId, WebhookId
from domain.webhook import WebhookEndpoint


class SeenWebhooks(WebhookRepository):
    """Those that are told of some sessions, and of nothing else."""

    def __init__(self, webhooks: WebhookRepository, session_ids: frozenset[SessionId]) -> None:
        self._webhooks = webhooks
        self._session_ids = session_ids

    @override
    async def add(self, endpoint: WebhookEndpoint) -> None:
        if not endpoint.concerns_only(self._session_ids):
            raise out_of_scope("session_ids")
        await self._webhooks.add(endpoint)

    @override
    async def get(self, webhook_id: WebhookId, *, lock: bool = False) -> WebhookEndpoint:
        endpoint = await self._webhooks.get(webhook_id, lock=lock)
        if not endpoint.concerns_only(self._session_ids):
            raise NotFoundError(
                "WEBHOOK_NOT_FOUND", "There is no webhook with this id.", metadata={"webhook_id": webhook_id}
            )
        return endpoint

    @override
    async def list(
        self, *, after: WebhookId | None = None, limit: int | None = None, among: Collection[SessionId] | None = None
    ) -> Sequence[WebhookEndpoint]:
        seen = self._session_ids if among is None else self._session_ids & set(among)
        return await self._webhooks.list(after=after, limit=limit, among=seen)

    @override
    async def save(self, endpoint: WebhookEndpoint) -> None:
        await self.get(endpoint.id)
        if not endpoint.concerns_only(self._session_ids):
            raise out_of_scope("session_ids")
        await self._webhooks.save(endpoint)

    @override
    async def delete(self, webhook_id: WebhookId) -> None:
        await self.get(webhook_id)
        await self._webhooks.delete(webhook_id)
