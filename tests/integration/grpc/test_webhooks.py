"""Webhooks over gRPC."""

from datetime import timedelta

import grpc.aio
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from domain.event import NewEvent, QrIssued
from domain.ids import SessionId
from entrypoints.grpc.gen.pombo.v1 import webhook_pb2
from entrypoints.grpc.gen.pombo.v1 import webhook_service_pb2 as pb
from tests.unit.application.world import World

from .gateway import Gateway, fields, info

URL = "https://hook.test/"


async def made(gateway: Gateway, **options: object) -> pb.CreateWebhookResponse:
    request = pb.CreateWebhookRequest(url=URL, **options)  # type: ignore[arg-type] # the fields' own types
    answer: pb.CreateWebhookResponse = await gateway.webhooks.CreateWebhook(request)
    return answer


async def test_the_life_of_an_endpoint(gateway: Gateway) -> None:
    created = await made(gateway, types=["message.ack"], headers={"X-Key": "secret"})
    webhook = created.webhook
    assert created.secret.startswith("whsec_")
    assert (webhook.url, list(webhook.types), list(webhook.header_names)) == (URL, ["message.ack"], ["X-Key"])
    assert (webhook.enabled, webhook.give_up_after.ToTimedelta()) == (True, timedelta(days=5))
    listed = await gateway.webhooks.ListWebhooks(pb.ListWebhooksRequest())
    assert list(listed.webhooks) == [webhook]

    update = pb.UpdateWebhookRequest(webhook=webhook_pb2.Webhook(id=webhook.id, description="Ours"))
    changed = (await gateway.webhooks.UpdateWebhook(update)).webhook
    assert (changed.description, list(changed.types), changed.enabled) == ("Ours", ["message.ack"], True)
    update = pb.UpdateWebhookRequest(webhook=webhook_pb2.Webhook(id=webhook.id))
    update.update_mask.paths.extend(["types", "headers", "enabled"])
    changed = (await gateway.webhooks.UpdateWebhook(update)).webhook
    assert (list(changed.types), list(changed.header_names), changed.enabled) == ([], [], False)
    assert changed.disabled_reason == webhook_pb2.WEBHOOK_DISABLED_REASON_REQUESTED

    rotated = await gateway.webhooks.RotateWebhookSecret(
        pb.RotateWebhookSecretRequest(webhook_id=webhook.id, overlap=Duration(seconds=0))
    )
    assert rotated.secret != created.secret
    assert not rotated.webhook.HasField("previous_secret_expire_time")
    await gateway.webhooks.DeleteWebhook(pb.DeleteWebhookRequest(webhook_id=webhook.id))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.webhooks.GetWebhook(pb.GetWebhookRequest(webhook_id=webhook.id))
    assert (caught.value.code(), info(caught.value).reason) == (grpc.StatusCode.NOT_FOUND, "WEBHOOK_NOT_FOUND")


async def test_tries_and_replay(gateway: Gateway, world: World) -> None:
    webhook = (await made(gateway)).webhook
    tested = (await gateway.webhooks.TestWebhook(pb.TestWebhookRequest(webhook_id=webhook.id))).delivery
    assert (tested.kind, tested.outcome, tested.http_status) == (
        webhook_pb2.DELIVERY_KIND_TEST,
        webhook_pb2.DELIVERY_OUTCOME_DELIVERED,
        204,
    )
    now = world.clock.now()
    event = NewEvent(id=world.ids.event_id(), session_id=SessionId("ana"), time=now, payload=QrIssued(expires_at=now))
    async with world.database.begin() as uow:
        await uow.events.append([event])
    world.receivers.standing[URL] = 500
    again = pb.RedeliverEventRequest(webhook_id=webhook.id, event_id=event.id)
    posted = (await gateway.webhooks.RedeliverEvent(again)).delivery
    assert (posted.outcome, posted.http_status, posted.session_id) == (
        webhook_pb2.DELIVERY_OUTCOME_REFUSED,
        500,
        "ana",
    )
    listed = await gateway.webhooks.ListDeliveries(
        pb.ListDeliveriesRequest(webhook_id=webhook.id, outcome=webhook_pb2.DELIVERY_OUTCOME_REFUSED)
    )
    assert list(listed.deliveries) == [posted]
    first = await gateway.webhooks.ListDeliveries(pb.ListDeliveriesRequest(webhook_id=webhook.id, page_size=1))
    assert first.next_page_token
    letters = await gateway.webhooks.ListDeadLetters(pb.ListDeadLettersRequest(webhook_id=webhook.id))
    assert not letters.dead_letters

    since = Timestamp()
    since.FromDatetime(now - timedelta(seconds=1))
    for request in (
        pb.ReplayEventsRequest(webhook_id=webhook.id, after=0),
        pb.ReplayEventsRequest(webhook_id=webhook.id, since_time=since),
    ):
        replayed = await gateway.webhooks.ReplayEvents(request)
        assert replayed.health.backlog == 1
    health = (await gateway.webhooks.GetWebhook(pb.GetWebhookRequest(webhook_id=webhook.id))).health
    assert (health.backlog, health.dead_letter_count, health.HasField("last_success_time")) == (1, 0, True)


async def test_what_is_wrong_is_told(gateway: Gateway) -> None:
    webhook = (await made(gateway)).webhook
    wrong = pb.UpdateWebhookRequest(webhook=webhook_pb2.Webhook(id=webhook.id, url="x"))
    masked = pb.UpdateWebhookRequest(webhook=webhook_pb2.Webhook(id=webhook.id))
    masked.update_mask.paths.append("secret")
    outcome = pb.ListDeliveriesRequest(webhook_id=webhook.id, outcome=99)  # type: ignore[arg-type] # unknown on purpose
    for call, request, reason, named in (
        (gateway.webhooks.UpdateWebhook, wrong, "INVALID_WEBHOOK_URL", ["webhook.url"]),
        (gateway.webhooks.UpdateWebhook, masked, "INVALID_REQUEST", ["update_mask"]),
        (gateway.webhooks.ListDeliveries, outcome, "INVALID_REQUEST", ["outcome"]),
        (gateway.webhooks.ReplayEvents, pb.ReplayEventsRequest(webhook_id=webhook.id), "INVALID_REQUEST", ["since"]),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(request)
        assert (info(caught.value).reason, fields(caught.value)) == (reason, named)


async def test_a_request_id_makes_one_endpoint(gateway: Gateway) -> None:
    first, second = await made(gateway, request_id="one"), await made(gateway, request_id="one")
    assert first == second
    assert len((await gateway.webhooks.ListWebhooks(pb.ListWebhooksRequest())).webhooks) == 1
