"""Webhook endpoints at rest."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Protocol

from domain.ids import SessionId, WebhookId
from domain.webhook import WebhookEndpoint


class WebhookRepository(Protocol):
    """Where events are posted to. Part of a unit of work. Secrets are among it: they sign, so they can't be hashed."""

    @abstractmethod
    async def add(self, endpoint: WebhookEndpoint) -> None:
        """Adds an endpoint; it gets what comes behind the event log's present head.

        Raises:
            AlreadyExistsError: ``WEBHOOK_EXISTS``.
        """

    @abstractmethod
    async def get(self, webhook_id: WebhookId, *, lock: bool = False) -> WebhookEndpoint:
        """One endpoint; with ``lock`` nobody else changes it before this unit of work ends.

        Who locks an endpoint and writes lanes too does it in this order.

        Raises:
            NotFoundError: ``WEBHOOK_NOT_FOUND``.
        """

    @abstractmethod
    async def list(
        self, *, after: WebhookId | None = None, limit: int | None = None, among: Collection[SessionId] | None = None
    ) -> Sequence[WebhookEndpoint]:
        """Endpoints in the order of their ids, those after the given one.

        With ``among`` only those that are told of some of these sessions, and of nothing else.
        """

    @abstractmethod
    async def save(self, endpoint: WebhookEndpoint) -> None:
        """Stores an endpoint that exists.

        Raises:
            NotFoundError: ``WEBHOOK_NOT_FOUND``.
        """

    @abstractmethod
    async def delete(self, webhook_id: WebhookId) -> None:
        """Removes an endpoint with its lanes, its delivery log and its dead letters.

        Raises:
            NotFoundError: ``WEBHOOK_NOT_FOUND``.
        """
