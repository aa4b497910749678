"""Webhooks: endpoints, their deliveries and dead letters."""

from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from application.webhooks.manage_webhooks import CreateWebhookCommand, RotateSecretCommand, UpdateWebhookCommand
from application.webhooks.read_webhooks import ListDeliveriesQuery
from application.webhooks.replay_events import ReplayEventsCommand
from application.webhooks.representation import (
    dead_letter_to_dict,
    delivery_to_dict,
    new_webhook_to_dict,
    report_to_dict,
    webhook_to_dict,
)
from entrypoints.rest.config import API_PREFIX
from entrypoints.rest.json_codec import json_response
from entrypoints.rest.models import webhooks as models
from entrypoints.rest.reasons import BODY, problems
from entrypoints.rest.request_keys import KEYED, IdempotencyKey, key_of
from entrypoints.use_cases import UseCases

WEBHOOKS: Final = f"{API_PREFIX}/webhooks"
WEBHOOK: Final = f"{WEBHOOKS}/{{webhook_id}}"
_ONE: Final = ("INVALID_WEBHOOK_ID", "WEBHOOK_NOT_FOUND")
_PAGE: Final = ("INVALID_REQUEST", "INVALID_PAGE_SIZE", "INVALID_PAGE_TOKEN")
_FIELDS: Final = (
    *("INVALID_WEBHOOK_URL", "WEBHOOK_TARGET_REFUSED", "INVALID_WEBHOOK_HEADERS", "INVALID_DESCRIPTION"),
    *("UNKNOWN_EVENT_TYPE", "INVALID_SESSION_ID", "TOO_MANY_SESSIONS", "INVALID_DURATION"),
)
_LOCATION: Final[dict[int | str, dict[str, Any]]] = {
    201: {"headers": {"Location": {"description": "Where the webhook is.", "schema": {"type": "string"}}}}
}


class WebhookRoutes:
    """The routes of webhooks."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    def add_to(self, router: APIRouter) -> None:
        """Adds them to a router."""

        def add(
            path: str, endpoint: Any, method: str, name: str, model: Any, reasons: tuple[str, ...], **more: Any
        ) -> None:
            more.setdefault("responses", {})
            more["responses"] = more["responses"] | problems(*reasons)
            options = {"operation_id": name, "tags": ["Webhooks"], "response_model": model, **more}
            router.add_api_route(path, endpoint, methods=[method], **options)

        reasons: tuple[str, ...] = (*BODY, *KEYED, *_FIELDS)
        new = models.NewWebhook
        add(
            *(WEBHOOKS, self.create, "POST", "createWebhook", new, reasons),
            status_code=201,
            responses=_LOCATION,
        )
        add(WEBHOOKS, self.list, "GET", "listWebhooks", models.WebhookList, _PAGE)
        add(WEBHOOK, self.get, "GET", "getWebhook", models.WebhookReport, _ONE)
        reasons = (*BODY, *KEYED, *_ONE, *_FIELDS, "WEBHOOK_CONFIGURED")
        add(WEBHOOK, self.update, "PATCH", "updateWebhook", models.Webhook, reasons)
        reasons = (*KEYED, *_ONE, "WEBHOOK_CONFIGURED")
        add(WEBHOOK, self.delete, "DELETE", "deleteWebhook", None, reasons, status_code=204)
        reasons = (*BODY, *KEYED, *_ONE, "INVALID_DURATION")
        add(f"{WEBHOOK}/rotate-secret", self.rotate, "POST", "rotateWebhookSecret", new, reasons)
        add(f"{WEBHOOK}/test", self.test, "POST", "testWebhook", models.Delivery, (*KEYED, *_ONE))
        reasons = (*_ONE, *_PAGE, "INVALID_EVENT_ID")
        add(f"{WEBHOOK}/deliveries", self.deliveries, "GET", "listDeliveries", models.DeliveryList, reasons)
        reasons = (*_ONE, *_PAGE)
        add(f"{WEBHOOK}/dead-letters", self.dead_letters, "GET", "listDeadLetters", models.DeadLetterList, reasons)
        reasons = (*BODY, *KEYED, *_ONE, "INVALID_EVENT_ID", "EVENT_EXPIRED")
        add(f"{WEBHOOK}/redeliver", self.redeliver, "POST", "redeliverEvent", models.Delivery, reasons)
        reasons = (*BODY, *KEYED, *_ONE, "INVALID_CURSOR", "CURSOR_EXPIRED")
        add(f"{WEBHOOK}/replay", self.replay, "POST", "replayEvents", models.WebhookReport, reasons)

    async def create(self, body: models.CreateWebhookRequest, idempotency_key: IdempotencyKey = None) -> Response:
        """Creates an endpoint; it gets what happens from now on. Its secret is in the answer, and nowhere else."""
        endpoint = await self._use_cases.create_webhook.execute(
            CreateWebhookCommand(
                url=body.url,
                description=body.description,
                types=body.types,
                session_ids=body.session_ids,
                headers=body.headers,
                give_up_after=timedelta(seconds=body.give_up_after),
                enabled=body.enabled,
                request=key_of(idempotency_key),
            )
        )
        location = {"Location": WEBHOOK.format(webhook_id=endpoint.id)}
        return json_response(new_webhook_to_dict(endpoint), status=201, headers=location)

    async def list(self, query: Annotated[models.ListWebhooksQuery, Query()]) -> Response:
        """Lists endpoints in the order of their ids."""
        page = await self._use_cases.list_webhooks.execute(page_token=query.page_token, limit=query.page_size)
        return json_response(
            {"items": [webhook_to_dict(endpoint) for endpoint in page.items], "next_page_token": page.next_after}
        )

    async def get(self, webhook_id: str) -> Response:
        """Reads an endpoint, and how it fares: what waits for it, since when it fails, when it last took something."""
        return json_response(report_to_dict(await self._use_cases.get_webhook.execute(webhook_id)))

    async def update(
        self, webhook_id: str, body: models.UpdateWebhookRequest, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Changes an endpoint. What waits for it is tried at once."""
        give_up_after = None if body.give_up_after is None else timedelta(seconds=body.give_up_after)
        endpoint = await self._use_cases.update_webhook.execute(
            UpdateWebhookCommand(
                webhook_id=webhook_id,
                url=body.url,
                description=body.description,
                types=body.types,
                session_ids=body.session_ids,
                headers=body.headers,
                give_up_after=give_up_after,
                enabled=body.enabled,
                request=key_of(idempotency_key),
            )
        )
        return json_response(webhook_to_dict(endpoint))

    async def delete(self, webhook_id: str, idempotency_key: IdempotencyKey = None) -> Response:
        """Removes an endpoint with its delivery log and its dead letters."""
        await self._use_cases.delete_webhook.execute(webhook_id, request=key_of(idempotency_key))
        return Response(status_code=204)

    async def rotate(
        self,
        webhook_id: str,
        body: models.RotateSecretRequest | None = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Gives an endpoint a new secret. For the overlap both sign, so that a receiver changes over without a gap."""
        asked = body or models.RotateSecretRequest()
        endpoint = await self._use_cases.rotate_webhook_secret.execute(
            RotateSecretCommand(
                webhook_id=webhook_id, overlap=timedelta(seconds=asked.overlap), request=key_of(idempotency_key)
            )
        )
        return json_response(new_webhook_to_dict(endpoint))

    async def test(self, webhook_id: str, idempotency_key: IdempotencyKey = None) -> Response:
        """Posts a `webhook.test` event at once, enabled or not, and tells what became of it."""
        delivery = await self._use_cases.post_test_event.execute(webhook_id, request=key_of(idempotency_key))
        return json_response(delivery_to_dict(delivery))

    async def deliveries(self, webhook_id: str, query: Annotated[models.ListDeliveriesQuery, Query()]) -> Response:
        """Lists an endpoint's tries, newest first."""
        page = await self._use_cases.list_deliveries.execute(
            ListDeliveriesQuery(
                webhook_id=webhook_id,
                event_id=query.event_id,
                outcome=query.outcome,
                page_token=query.page_token,
                limit=query.page_size,
            )
        )
        token = None if page.next_before is None else str(page.next_before)
        return json_response(
            {"items": [delivery_to_dict(entry.delivery) for entry in page.items], "next_page_token": token}
        )

    async def dead_letters(self, webhook_id: str, query: Annotated[models.ListWebhooksQuery, Query()]) -> Response:
        """Lists the events that were given up for an endpoint, in the order of the event log."""
        page = await self._use_cases.list_dead_letters.execute(
            webhook_id, page_token=query.page_token, limit=query.page_size
        )
        token = None if page.next_after is None else str(page.next_after)
        return json_response(
            {"items": [dead_letter_to_dict(letter) for letter in page.items], "next_page_token": token}
        )

    async def redeliver(
        self, webhook_id: str, body: models.RedeliverRequest, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Posts one event at once, enabled or not, and tells what became of it. A dead letter that is taken is off."""
        delivery = await self._use_cases.redeliver_event.execute(
            webhook_id, body.event_id, request=key_of(idempotency_key)
        )
        return json_response(delivery_to_dict(delivery))

    async def replay(
        self, webhook_id: str, body: models.ReplayRequest, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Lets an endpoint's events come again from a point on, with the same ids, in order."""
        command = ReplayEventsCommand(
            webhook_id=webhook_id, since=body.since, after=body.after, request=key_of(idempotency_key)
        )
        return json_response(report_to_dict(await self._use_cases.replay_events.execute(command)))
