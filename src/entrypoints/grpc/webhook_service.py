"""WebhookService: see proto/pombo/v1/webhook_service.proto."""

from datetime import timedelta
from typing import Any, Final, override

import grpc.aio

from application.webhooks.manage_webhooks import CreateWebhookCommand, RotateSecretCommand, UpdateWebhookCommand
from application.webhooks.read_webhooks import ListDeliveriesQuery, WebhookReport
from application.webhooks.replay_events import ReplayEventsCommand
from domain.errors import InvalidArgumentError
from domain.webhook import GIVE_UP_AFTER, ROTATION_OVERLAP, DeliveryOutcome
from entrypoints.grpc.converters.times import duration_from_proto, optional_time_to_proto, time_from_proto
from entrypoints.grpc.converters.webhooks import OUTCOMES, dead_letter_to_proto, delivery_to_proto, webhook_to_proto
from entrypoints.grpc.gen.pombo.v1 import webhook_pb2
from entrypoints.grpc.gen.pombo.v1 import webhook_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.webhook_service_pb2_grpc import WebhookServiceServicer
from entrypoints.grpc.request_keys import key_of
from entrypoints.use_cases import UseCases

type Context = grpc.aio.ServicerContext[Any, Any]

_DEFAULT_PAGE: Final = 100
_BY_VALUE: Final[dict[int, DeliveryOutcome]] = {value: outcome for outcome, value in OUTCOMES.items()}
_CHANGEABLE: Final = frozenset({"url", "description", "types", "session_ids", "give_up_after", "enabled", "headers"})
_INSIDE: Final = ("url", "description", "types", "session_ids", "give_up_after")


class WebhookService(WebhookServiceServicer):
    """The webhooks' use cases over gRPC."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    @override
    async def CreateWebhook(self, request: pb.CreateWebhookRequest, context: Context) -> pb.CreateWebhookResponse:
        command = CreateWebhookCommand(
            url=request.url,
            description=request.description,
            types=tuple(request.types),
            session_ids=tuple(request.session_ids),
            headers=dict(request.headers),
            give_up_after=duration_from_proto(request.give_up_after, field="give_up_after")
            if request.HasField("give_up_after")
            else GIVE_UP_AFTER,
            enabled=request.enabled if request.HasField("enabled") else True,
            request=key_of(request),
        )
        endpoint = await self._use_cases.create_webhook.execute(command)
        return pb.CreateWebhookResponse(webhook=webhook_to_proto(endpoint), secret=endpoint.secret)

    @override
    async def GetWebhook(self, request: pb.GetWebhookRequest, context: Context) -> pb.GetWebhookResponse:
        report = await self._use_cases.get_webhook.execute(request.webhook_id)
        return pb.GetWebhookResponse(webhook=webhook_to_proto(report.endpoint), health=_health(report))

    @override
    async def ListWebhooks(self, request: pb.ListWebhooksRequest, context: Context) -> pb.ListWebhooksResponse:
        page = await self._use_cases.list_webhooks.execute(
            page_token=request.page_token, limit=request.page_size or _DEFAULT_PAGE
        )
        return pb.ListWebhooksResponse(
            webhooks=[webhook_to_proto(endpoint) for endpoint in page.items], next_page_token=page.next_after or ""
        )

    @override
    async def UpdateWebhook(self, request: pb.UpdateWebhookRequest, context: Context) -> pb.UpdateWebhookResponse:
        try:
            endpoint = await self._use_cases.update_webhook.execute(_update(request))
        except InvalidArgumentError as error:
            raise _inside_webhook(error) from error
        return pb.UpdateWebhookResponse(webhook=webhook_to_proto(endpoint))

    @override
    async def DeleteWebhook(self, request: pb.DeleteWebhookRequest, context: Context) -> pb.DeleteWebhookResponse:
        await self._use_cases.delete_webhook.execute(request.webhook_id, request=key_of(request))
        return pb.DeleteWebhookResponse()

    @override
    async def RotateWebhookSecret(
        self, request: pb.RotateWebhookSecretRequest, context: Context
    ) -> pb.RotateWebhookSecretResponse:
        overlap: timedelta = ROTATION_OVERLAP
        if request.HasField("overlap"):
            overlap = duration_from_proto(request.overlap, field="overlap")
        endpoint = await self._use_cases.rotate_webhook_secret.execute(
            RotateSecretCommand(webhook_id=request.webhook_id, overlap=overlap, request=key_of(request))
        )
        return pb.RotateWebhookSecretResponse(webhook=webhook_to_proto(endpoint), secret=endpoint.secret)

    @override
    async def TestWebhook(self, request: pb.TestWebhookRequest, context: Context) -> pb.TestWebhookResponse:
        delivery = await self._use_cases.post_test_event.execute(request.webhook_id, request=key_of(request))
        return pb.TestWebhookResponse(delivery=delivery_to_proto(delivery))

    @override
    async def ListDeliveries(self, request: pb.ListDeliveriesRequest, context: Context) -> pb.ListDeliveriesResponse:
        page = await self._use_cases.list_deliveries.execute(
            ListDeliveriesQuery(
                webhook_id=request.webhook_id,
                event_id=request.event_id or None,
                outcome=_outcome(request.outcome),
                page_token=request.page_token,
                limit=request.page_size or _DEFAULT_PAGE,
            )
        )
        return pb.ListDeliveriesResponse(
            deliveries=[delivery_to_proto(entry.delivery) for entry in page.items],
            next_page_token="" if page.next_before is None else str(page.next_before),
        )

    @override
    async def ListDeadLetters(self, request: pb.ListDeadLettersRequest, context: Context) -> pb.ListDeadLettersResponse:
        page = await self._use_cases.list_dead_letters.execute(
            request.webhook_id, page_token=request.page_token, limit=request.page_size or _DEFAULT_PAGE
        )
        return pb.ListDeadLettersResponse(
            dead_letters=[dead_letter_to_proto(letter) for letter in page.items],
            next_page_token="" if page.next_after is None else str(page.next_after),
        )

    @override
    async def RedeliverEvent(self, request: pb.RedeliverEventRequest, context: Context) -> pb.RedeliverEventResponse:
        delivery = await self._use_cases.redeliver_event.execute(
            request.webhook_id, request.event_id, request=key_of(request)
        )
        return pb.RedeliverEventResponse(delivery=delivery_to_proto(delivery))

    @override
    async def ReplayEvents(self, request: pb.ReplayEventsRequest, context: Context) -> pb.ReplayEventsResponse:
        point = request.WhichOneof("point")
        report = await self._use_cases.replay_events.execute(
            ReplayEventsCommand(
                webhook_id=request.webhook_id,
                since=time_from_proto(request.since_time, field="since_time") if point == "since_time" else None,
                after=request.after if point == "after" else None,
                request=key_of(request),
            )
        )
        return pb.ReplayEventsResponse(webhook=webhook_to_proto(report.endpoint), health=_health(report))


def _health(report: WebhookReport) -> webhook_pb2.WebhookHealth:
    return webhook_pb2.WebhookHealth(
        backlog=report.backlog,
        dead_letter_count=report.dead_letters,
        last_success_time=optional_time_to_proto(report.last_success_at),
    )


def _outcome(value: int) -> DeliveryOutcome | None:
    if value == webhook_pb2.DELIVERY_OUTCOME_UNSPECIFIED:
        return None
    outcome = _BY_VALUE.get(value)
    if outcome is None:
        raise InvalidArgumentError("INVALID_REQUEST", "There is no such outcome.", field="outcome")
    return outcome


def _update(request: pb.UpdateWebhookRequest) -> UpdateWebhookCommand:
    webhook, paths = request.webhook, set(request.update_mask.paths)
    if not paths:
        # Without a mask, what the message holds is what is meant (https://google.aip.dev/134).
        paths = {name for name in _INSIDE[:4] if getattr(webhook, name)}
        paths |= {"give_up_after"} if webhook.HasField("give_up_after") else set()
        paths |= {"headers"} if request.headers else set()
    elif paths == {"*"}:
        paths = set(_CHANGEABLE)
    if not paths <= _CHANGEABLE:
        raise InvalidArgumentError(
            "INVALID_REQUEST",
            f"Of a webhook these can be changed: {', '.join(sorted(_CHANGEABLE))}.",
            field="update_mask",
        )
    return UpdateWebhookCommand(
        webhook_id=webhook.id,
        url=webhook.url if "url" in paths else None,
        description=webhook.description if "description" in paths else None,
        types=tuple(webhook.types) if "types" in paths else None,
        session_ids=tuple(webhook.session_ids) if "session_ids" in paths else None,
        headers=dict(request.headers) if "headers" in paths else None,
        give_up_after=duration_from_proto(webhook.give_up_after, field="webhook.give_up_after")
        if "give_up_after" in paths
        else None,
        enabled=webhook.enabled if "enabled" in paths else None,
        request=key_of(request),
    )


def _inside_webhook(error: InvalidArgumentError) -> InvalidArgumentError:
    """The same error, its field named as the request has it."""
    field = error.field
    if field in _INSIDE:
        field = f"webhook.{field}"
    elif field == "webhook_id":
        field = "webhook.id"
    return InvalidArgumentError(error.reason, error.message, field=field, metadata=error.metadata)
