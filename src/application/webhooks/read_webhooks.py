"""Read webhook endpoints, their deliveries and their dead letters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from application.page_tokens import no_page_token, read_id_token
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.ports.webhook_log import DeadLetter, DeliveryFilter, NumberedDelivery
from domain.errors import InvalidArgumentError
from domain.ids import WebhookId, parse_event_id, parse_webhook_id
from domain.webhook import DeliveryOutcome, WebhookEndpoint

MAX_PAGE: Final = 500
_HIGHEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookReport:
    """An endpoint and how it fares. ``backlog`` counts up to ``webhook_queue.MAX_BACKLOG``."""

    endpoint: WebhookEndpoint
    backlog: int
    dead_letters: int
    last_success_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPage:
    """Endpoints in the order of their ids; ``next_after`` None when there are no more."""

    items: Sequence[WebhookEndpoint]
    next_after: WebhookId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPage:
    """Tries, newest first; ``next_before`` None when there are no more."""

    items: Sequence[NumberedDelivery]
    next_before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterPage:
    """Dead letters in the order of the log; ``next_after`` None when there are no more."""

    items: Sequence[DeadLetter]
    next_after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDeliveriesQuery:
    """``page_token`` is the last page's ``next_before``."""

    webhook_id: str
    event_id: str | None = None
    outcome: DeliveryOutcome | None = None
    page_token: str | None = None
    limit: int = 100


async def report_of(uow: UnitOfWork, endpoint: WebhookEndpoint) -> WebhookReport:
    """How an endpoint fares."""
    return WebhookReport(
        endpoint=endpoint,
        backlog=await uow.webhook_queue.backlog(endpoint.id),
        dead_letters=await uow.webhook_log.count_dead_letters(endpoint.id),
        last_success_at=await uow.webhook_log.last_success(endpoint.id),
    )


class GetWebhook:
    """Reads one endpoint and how it fares."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, webhook_id: str) -> WebhookReport:
        """Reads.

        Raises:
            InvalidArgumentError: ``INVALID_WEBHOOK_ID``.
            NotFoundError: ``WEBHOOK_NOT_FOUND``.
        """
        async with self._uow.begin() as uow:
            return await report_of(uow, await uow.webhooks.get(parse_webhook_id(webhook_id)))


class ListWebhooks:
    """Lists endpoints."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, *, page_token: str | None = None, limit: int = 100) -> WebhookPage:
        """Reads a page.

        Raises:
            InvalidArgumentError: ``INVALID_PAGE_SIZE``, ``INVALID_PAGE_TOKEN``.
        """
        _check_size(limit)
        async with self._uow.begin() as uow:
            found = await uow.webhooks.list(after=read_id_token(page_token, parse_webhook_id), limit=limit + 1)
        return WebhookPage(items=found[:limit], next_after=found[limit - 1].id if len(found) > limit else None)


class ListDeliveries:
    """Lists an endpoint's tries."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, query: ListDeliveriesQuery) -> DeliveryPage:
        """Reads a page.

        Raises:
            InvalidArgumentError: ``INVALID_WEBHOOK_ID``, ``INVALID_EVENT_ID``, ``INVALID_PAGE_SIZE``,
                ``INVALID_PAGE_TOKEN``.
            NotFoundError: ``WEBHOOK_NOT_FOUND``.
        """
        _check_size(query.limit)
        webhook_id, before = parse_webhook_id(query.webhook_id), _number(query.page_token)
        event_id = None if query.event_id is None else parse_event_id(query.event_id)
        criteria = DeliveryFilter(event_id=event_id, outcome=query.outcome)
        async with self._uow.begin() as uow:
            await uow.webhooks.get(webhook_id)
            found = await uow.webhook_log.deliveries(webhook_id, criteria, before=before, limit=query.limit + 1)
        more = len(found) > query.limit
        return DeliveryPage(items=found[: query.limit], next_before=found[query.limit - 1].number if more else None)


class ListDeadLetters:
    """Lists the events that were given up for an endpoint."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, webhook_id: str, *, page_token: str | None = None, limit: int = 100) -> DeadLetterPage:
        """Reads a page.

        Raises:
            InvalidArgumentError: ``INVALID_WEBHOOK_ID``, ``INVALID_PAGE_SIZE``, ``INVALID_PAGE_TOKEN``.
            NotFoundError: ``WEBHOOK_NOT_FOUND``.
        """
        _check_size(limit)
        checked, after = parse_webhook_id(webhook_id), _number(page_token)
        async with self._uow.begin() as uow:
            await uow.webhooks.get(checked)
            found = await uow.webhook_log.dead_letters(checked, after=after or 0, limit=limit + 1)
        more = len(found) > limit
        return DeadLetterPage(items=found[:limit], next_after=found[limit - 1].position if more else None)


def _check_size(limit: int) -> None:
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidArgumentError("INVALID_PAGE_SIZE", f"A page has 1 to {MAX_PAGE} items.", field="page_size")


def _number(page_token: str | None) -> int | None:
    if not page_token:
        return None
    if not (page_token.isascii() and page_token.isdecimal() and len(page_token) <= len(str(_HIGHEST))):
        raise no_page_token()
    return min(int(page_token), _HIGHEST)
