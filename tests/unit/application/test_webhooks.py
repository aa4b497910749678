"""Endpoints: making, changing, trying, replaying them."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from application.events.retention import EventRetention
from application.idempotency.request_key import RequestKey
from application.webhooks.manage_webhooks import CreateWebhookCommand, RotateSecretCommand, UpdateWebhookCommand
from application.webhooks.needed_events import NeededEvents
from application.webhooks.read_webhooks import ListDeliveriesQuery
from application.webhooks.replay_events import ReplayEventsCommand
from domain.errors import PomboError
from domain.webhook import CONFIGURED_WEBHOOK, DeliveryKind, DeliveryOutcome, DisabledReason
from tests.contracts.samples import IDS, SALES, SUPPORT
from tests.unit.application.webhook_world import OTHER, URL, WebhookWorld, running

KEY = RequestKey(scope="me", key="k1")


@pytest.fixture
async def world() -> AsyncIterator[WebhookWorld]:
    async with running(WebhookWorld()) as opened:
        yield opened


async def refused(call: Any) -> tuple[str, str | None]:
    with pytest.raises(PomboError) as caught:
        await call
    return caught.value.reason, caught.value.field


@pytest.mark.parametrize(
    ("options", "reason", "field"),
    [
        ({"url": "ftp://hook.test/"}, "INVALID_WEBHOOK_URL", "url"),
        ({"url": "https://"}, "INVALID_WEBHOOK_URL", "url"),
        ({"url": "https://me:secret@hook.test/"}, "INVALID_WEBHOOK_URL", "url"),
        ({"url": "https://hook.test/#part"}, "INVALID_WEBHOOK_URL", "url"),
        ({"url": "https://hook.test/a b"}, "INVALID_WEBHOOK_URL", "url"),
        ({"url": "https://hook.test:99999/"}, "INVALID_WEBHOOK_URL", "url"),
        ({"url": "https://hook.test\\@10.0.0.1/"}, "INVALID_WEBHOOK_URL", "url"),
        ({"url": "https://hook.test/\r\nHost: x"}, "INVALID_WEBHOOK_URL", "url"),
        ({"url": "https://hook.test/" + "x" * 2_048}, "INVALID_WEBHOOK_URL", "url"),
        ({"url": "http://private.test/"}, "WEBHOOK_TARGET_REFUSED", "url"),
        ({"description": "x" * 501}, "INVALID_DESCRIPTION", "description"),
        ({"types": ["message.eaten"]}, "UNKNOWN_EVENT_TYPE", "types"),
        ({"session_ids": ["A B"]}, "INVALID_SESSION_ID", "session_ids"),
        ({"session_ids": [f"s{n}" for n in range(201)]}, "TOO_MANY_SESSIONS", "session_ids"),
        ({"give_up_after": timedelta(seconds=59)}, "INVALID_DURATION", "give_up_after"),
        *(
            ({"headers": headers}, "INVALID_WEBHOOK_HEADERS", "headers")
            for headers in (
                {"Host": "x"},
                {"content-length": "1"},
                {"Webhook-Id": "x"},
                {"Transfer-Encoding": "chunked"},
                {"X-A": "a\r\nHost: b"},
                {"X-A": "a\x00"},
                {"X A": "a"},
                {"": "a"},
                {"X-A": "a", "x-a": "b"},
                {"X-A": "x" * 2_049},
                {f"X-{n}": "a" for n in range(21)},
            )
        ),
    ],
)
async def test_what_is_wrong_is_refused(world: WebhookWorld, options: dict[str, Any], reason: str, field: str) -> None:
    assert await refused(world.create.execute(CreateWebhookCommand(**{"url": URL, **options}))) == (reason, field)
    endpoint = await world.endpoint()
    update = UpdateWebhookCommand(**{"webhook_id": endpoint.id, **options})
    assert await refused(world.update.execute(update)) == (reason, field)
    assert (await world.report(endpoint)).endpoint == endpoint


async def test_a_change(world: WebhookWorld) -> None:
    endpoint = await world.endpoint(types=("session.qr", "message.ack", "session.qr"), headers={"X-A": "b"})
    assert (endpoint.types, endpoint.secret[:6]) == (("message.ack", "session.qr"), "whsec_")
    await world.clock.move(timedelta(seconds=1))
    changed = await world.update.execute(
        UpdateWebhookCommand(webhook_id=endpoint.id, types=(), description="Ours", enabled=False)
    )
    assert (changed.types, changed.description, changed.headers) == ((), "Ours", {"X-A": "b"})
    assert (changed.disabled_reason, changed.disabled_at) == (DisabledReason.REQUESTED, world.clock.now())
    again = await world.update.execute(UpdateWebhookCommand(webhook_id=endpoint.id, enabled=True))
    assert (again.enabled, again.disabled_at) == (True, None)
    assert (await world.list.execute()).items == (again,)
    types = [event.type for event in await world.database.read(after=0, limit=9)]
    assert types == ["webhook.disabled"]


async def test_unknown_ones(world: WebhookWorld) -> None:
    nobody = IDS.webhook_id()
    missing = ("WEBHOOK_NOT_FOUND", None)
    assert await refused(world.get.execute(nobody)) == missing
    assert await refused(world.delete.execute(nobody)) == missing
    assert await refused(world.test.execute(nobody)) == missing
    assert await refused(world.dead_letters.execute(nobody)) == missing
    assert await refused(world.deliveries.execute(ListDeliveriesQuery(webhook_id=nobody))) == missing
    assert await refused(world.replay.execute(ReplayEventsCommand(webhook_id=nobody, after=0))) == missing
    assert await refused(world.get.execute("whk_1")) == ("INVALID_WEBHOOK_ID", "webhook_id")


async def test_a_rotated_secret_signs_beside_the_new_one_for_a_time(world: WebhookWorld) -> None:
    endpoint = await world.endpoint()
    rotated = await world.rotate.execute(RotateSecretCommand(webhook_id=endpoint.id))
    assert rotated.secret != endpoint.secret
    await world.test.execute(endpoint.id)
    await world.clock.move(timedelta(hours=24))
    await world.test.execute(endpoint.id)
    assert [each.secrets for each in world.receivers.tried] == [(rotated.secret, endpoint.secret), (rotated.secret,)]
    at_once = await world.rotate.execute(RotateSecretCommand(webhook_id=endpoint.id, overlap=timedelta(0)))
    assert at_once.signing_secrets(world.clock.now()) == (at_once.secret,)
    too_long = RotateSecretCommand(webhook_id=endpoint.id, overlap=timedelta(days=31))
    assert await refused(world.rotate.execute(too_long)) == ("INVALID_DURATION", "overlap")


async def test_a_test_tells_what_became_of_it(world: WebhookWorld) -> None:
    endpoint = await world.endpoint(enabled=False)
    delivery = await world.test.execute(endpoint.id)
    assert (delivery.outcome, delivery.status, delivery.kind) == (DeliveryOutcome.DELIVERED, 204, DeliveryKind.TEST)
    body = json.loads(world.receivers.received[0].body)
    assert (body["id"], body["type"], body["payload"]) == (
        delivery.event_id,
        "webhook.test",
        {"webhook_id": endpoint.id},
    )
    world.receivers.standing[URL] = 500
    assert (await world.test.execute(endpoint.id)).outcome is DeliveryOutcome.REFUSED
    assert len(await world.log(endpoint)) == 2
    assert (await world.report(endpoint)).endpoint.failing_since is None


async def test_a_test_that_goes_well_makes_what_waits_due(world: WebhookWorld) -> None:
    endpoint = await world.endpoint()
    world.receivers.standing[URL] = 500
    ids = await world.happen(SALES)
    await world.tried(1)
    world.receivers.standing.clear()
    await world.test.execute(endpoint.id)
    await world.tried(3)
    assert world.received() == ids


async def test_a_test_that_is_answered_410_disables(world: WebhookWorld) -> None:
    endpoint = await world.endpoint()
    world.receivers.standing[URL] = 410
    await world.test.execute(endpoint.id)
    assert (await world.report(endpoint)).endpoint.disabled_reason is DisabledReason.GONE


async def test_a_dead_letter_that_is_redelivered_leaves_the_list(world: WebhookWorld) -> None:
    endpoint = await world.endpoint(give_up_after=timedelta(minutes=1))
    world.receivers.standing[URL] = 500
    ids = await world.happen(SALES)
    for tries in (1, 2):
        await world.tried(tries)
        await world.clock.move(timedelta(minutes=6))
    await world.reach(endpoint, lambda report: report.dead_letters == 1)
    failed = await world.redeliver.execute(endpoint.id, ids[0])
    assert (failed.outcome, failed.kind, failed.attempt) == (DeliveryOutcome.REFUSED, DeliveryKind.REDELIVERY, 3)
    assert len(await world.letters(endpoint)) == 1
    world.receivers.standing.clear()
    assert (await world.redeliver.execute(endpoint.id, ids[0])).outcome is DeliveryOutcome.DELIVERED
    assert await world.letters(endpoint) == []
    assert world.receivers.received[-1].body == world.receivers.tried[0].body


async def test_an_event_that_is_not_in_the_log(world: WebhookWorld) -> None:
    endpoint = await world.endpoint()
    assert await refused(world.redeliver.execute(endpoint.id, IDS.event_id())) == ("EVENT_EXPIRED", "event_id")
    assert await refused(world.redeliver.execute(endpoint.id, "evt_1")) == ("INVALID_EVENT_ID", "event_id")


async def test_a_replay_brings_events_again_with_the_same_ids_in_order(world: WebhookWorld) -> None:
    before = await world.happen(SALES)
    await world.feed.wait_beyond(0)
    endpoint = await world.endpoint()
    await world.clock.move(timedelta(minutes=1))
    since = world.clock.now()
    ids = await world.happen(SALES, SUPPORT, SALES)
    await world.tried(3)
    await world.replay.execute(ReplayEventsCommand(webhook_id=endpoint.id, since=since))
    await world.tried(6)
    assert world.received() == [ids[0], ids[2]] * 2
    report = await world.replay.execute(ReplayEventsCommand(webhook_id=endpoint.id, after=0))
    assert report.backlog == 4
    await world.tried(10)
    # Also what happened before the endpoint was there.
    assert world.received()[4:] == [*before, ids[0], ids[2]]
    for asked in ({}, {"after": 0, "since": since}):
        command = ReplayEventsCommand(webhook_id=endpoint.id, **asked)  # type: ignore[arg-type] # a table's values
        assert (await refused(world.replay.execute(command)))[0] == "INVALID_REQUEST"
    for after in (-1, 99):
        command = ReplayEventsCommand(webhook_id=endpoint.id, after=after)
        assert await refused(world.replay.execute(command)) == ("INVALID_CURSOR", "after")


async def test_lists_page(world: WebhookWorld) -> None:
    endpoints = [await world.endpoint() for _ in range(3)]
    first = await world.list.execute(limit=2)
    rest = await world.list.execute(limit=2, page_token=first.next_after)
    assert [*first.items, *rest.items] == endpoints
    assert rest.next_after is None
    for _ in range(3):
        await world.test.execute(endpoints[0].id)
    page = await world.deliveries.execute(ListDeliveriesQuery(webhook_id=endpoints[0].id, limit=2))
    query = ListDeliveriesQuery(webhook_id=endpoints[0].id, limit=2, page_token=str(page.next_before))
    last = await world.deliveries.execute(query)
    assert (len(page.items), len(last.items), last.next_before) == (2, 1, None)
    bad = ("INVALID_PAGE_TOKEN", "page_token")
    assert await refused(world.list.execute(page_token="x")) == bad
    assert await refused(world.dead_letters.execute(endpoints[0].id, page_token="-1")) == bad
    assert (await refused(world.list.execute(limit=501)))[0] == "INVALID_PAGE_SIZE"


async def test_requests_with_a_key_are_done_once(world: WebhookWorld) -> None:
    command = CreateWebhookCommand(url=URL, request=KEY)
    endpoint = await world.create.execute(command)
    assert await world.create.execute(command) == endpoint
    assert len((await world.list.execute()).items) == 1
    again = CreateWebhookCommand(url=OTHER, request=KEY)
    assert (await refused(world.create.execute(again)))[0] == "IDEMPOTENCY_KEY_REUSED"

    def key(name: str) -> RequestKey:
        return RequestKey(scope="me", key=name)

    rotate = RotateSecretCommand(webhook_id=endpoint.id, request=key("r"))
    assert await world.rotate.execute(rotate) == await world.rotate.execute(rotate)
    update = UpdateWebhookCommand(webhook_id=endpoint.id, description="x", request=key("u"))
    assert await world.update.execute(update) == await world.update.execute(update)
    tested = await world.test.execute(endpoint.id, request=key("t"))
    assert await world.test.execute(endpoint.id, request=key("t")) == tested
    (event_id,) = await world.happen(SALES)
    await world.tried(2)
    posted = await world.redeliver.execute(endpoint.id, event_id, request=key("p"))
    assert await world.redeliver.execute(endpoint.id, event_id, request=key("p")) == posted
    assert len(world.receivers.tried) == 3
    replay = ReplayEventsCommand(webhook_id=endpoint.id, after=0, request=key("y"))
    assert (await world.replay.execute(replay)).backlog == 1
    await world.tried(4)
    assert (await world.replay.execute(replay)).backlog == 0
    for _ in range(2):
        await world.delete.execute(endpoint.id, request=key("d"))


async def test_the_endpoint_of_the_setting(world: WebhookWorld) -> None:
    assert await world.ensure.execute(None) is None
    made = await world.ensure.execute(URL)
    assert made is not None
    assert (made.endpoint.id, made.is_new, made.endpoint.configured) == (CONFIGURED_WEBHOOK, True, True)
    again = await world.ensure.execute(URL)
    assert again is not None
    assert (again.endpoint, again.is_new) == (made.endpoint, False)
    conflict = ("WEBHOOK_CONFIGURED", None)
    assert await refused(world.delete.execute(CONFIGURED_WEBHOOK)) == conflict
    assert (
        await refused(world.update.execute(UpdateWebhookCommand(webhook_id=CONFIGURED_WEBHOOK, url=OTHER))) == conflict
    )
    moved = await world.ensure.execute(OTHER)
    assert moved is not None
    assert (moved.endpoint.url, moved.endpoint.secret) == (OTHER, made.endpoint.secret)
    away = await world.ensure.execute(None)
    assert away is not None
    assert away.endpoint.disabled_reason is DisabledReason.UNCONFIGURED
    back = await world.ensure.execute(OTHER)
    assert back is not None
    assert back.endpoint.enabled
    await world.update.execute(UpdateWebhookCommand(webhook_id=CONFIGURED_WEBHOOK, enabled=False))
    kept = await world.ensure.execute(OTHER)
    assert kept is not None
    assert kept.endpoint.disabled_reason is DisabledReason.REQUESTED
    await world.update.execute(UpdateWebhookCommand(webhook_id=CONFIGURED_WEBHOOK, enabled=True))
    await world.ensure.execute(None)
    await world.delete.execute(CONFIGURED_WEBHOOK)
    assert (await world.list.execute()).items == ()


async def test_retention_leaves_what_waits_and_refuses_a_replay_of_what_is_gone(world: WebhookWorld) -> None:
    endpoint = await world.endpoint()
    await world.happen(SALES, SALES)
    await world.tried(2)
    world.receivers.standing[URL] = 500
    await world.happen(SALES, SALES)
    await world.tried(3)
    await world.clock.move(timedelta(days=2))
    needed = NeededEvents(world.database, world.clock)
    retention = EventRetention(world.database, world.clock, timedelta(days=1), needed.execute)
    assert await retention.prune() == 2
    gone = ReplayEventsCommand(webhook_id=endpoint.id, after=1)
    assert (await refused(world.replay.execute(gone)))[0] == "CURSOR_EXPIRED"
    assert (await world.replay.execute(ReplayEventsCommand(webhook_id=endpoint.id, after=0))).backlog == 2
    await world.update.execute(UpdateWebhookCommand(webhook_id=endpoint.id, enabled=False))
    assert await retention.prune() == 2
