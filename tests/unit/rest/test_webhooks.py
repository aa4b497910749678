"""Webhooks over REST."""

import json
from typing import Any

import pytest

from application.webhooks.manage_webhooks import CreateWebhookCommand
from domain.webhook import DeliveryOutcome
from tests.unit.application.world import until
from tests.unit.rest.gateway import Answer, Gateway

WEBHOOKS = "/api/v1/webhooks"
URL = "https://hook.test/"
NOBODY = f"{WEBHOOKS}/whk_{'0' * 26}"


async def made(gateway: Gateway, **options: Any) -> dict[str, Any]:
    answer = await gateway.client.post(WEBHOOKS, {"url": URL, **options})
    assert answer.status == 201, answer.body
    shown: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{WEBHOOKS}/{shown['id']}"
    return shown


async def test_the_life_of_an_endpoint(gateway: Gateway) -> None:
    shown = await made(gateway, types=["session.status"], headers={"Authorization": "Bearer x"})
    one = f"{WEBHOOKS}/{shown['id']}"
    assert shown["secret"].startswith("whsec_")
    assert (shown["header_names"], shown["give_up_after"], shown["enabled"]) == (["Authorization"], 432_000, True)
    listed = (await gateway.client.get(WEBHOOKS)).json()
    public = {name: value for name, value in shown.items() if name != "secret"}
    assert listed == {"items": [public], "next_page_token": None}
    changed = await gateway.client.call("PATCH", one, json_body={"description": "Ours", "enabled": False, "url": None})
    assert (changed.json()["description"], changed.json()["disabled_reason"]) == ("Ours", "REQUESTED")
    report = (await gateway.client.get(one)).json()
    assert (report["backlog"], report["dead_letters"], report["last_success_at"]) == (0, 0, None)
    for answer in (changed, await gateway.client.get(one), await gateway.client.get(WEBHOOKS)):
        assert shown["secret"].encode() not in answer.body
        assert b"Bearer" not in answer.body
    assert (await gateway.client.call("DELETE", one)).status == 204
    assert (await gateway.client.get(one)).reason == "WEBHOOK_NOT_FOUND"


async def test_events_are_posted_and_the_tries_are_told(gateway: Gateway) -> None:
    shown = await made(gateway, types=["session.status"])
    gateway.receivers.scripts[URL].append(503)
    await gateway.link()
    one = f"{WEBHOOKS}/{shown['id']}"

    async def all_came() -> list[dict[str, Any]] | None:
        report = (await gateway.client.get(one)).json()
        items: list[dict[str, Any]] = (await gateway.client.get(f"{one}/deliveries")).json()["items"]
        return items if report["backlog"] == 0 and len(items) > 2 else None

    items = await until(all_came)
    assert (items[-1]["outcome"], items[-1]["http_status"], items[-1]["attempt"]) == ("REFUSED", 503, 1)
    assert (items[-2]["outcome"], items[-2]["attempt"]) == ("DELIVERED", 2)
    assert items[-1]["event_id"] == items[-2]["event_id"]
    log = (await gateway.client.get("/api/v1/events?types=session.status")).json()["items"]
    assert [json.loads(each.body) for each in gateway.receivers.received] == log[: len(gateway.receivers.received)]
    refused = await gateway.client.get(f"{one}/deliveries?outcome=REFUSED&page_size=1")
    assert [item["http_status"] for item in refused.json()["items"]] == [503]
    of_event = await gateway.client.get(f"{one}/deliveries?event_id={items[-1]['event_id']}&page_size=1")
    assert of_event.json()["next_page_token"] is not None


async def test_rotate_test_redeliver_replay(gateway: Gateway) -> None:
    shown = await made(gateway)
    one = f"{WEBHOOKS}/{shown['id']}"
    for body in (None, {}, {"overlap": 60}, {"overlap": 60.0}):
        rotated = (await gateway.client.post(f"{one}/rotate-secret", body)).json()
        assert rotated["secret"] != shown["secret"]
        assert rotated["previous_secret_expires_at"] is not None
    tested = (await gateway.client.post(f"{one}/test")).json()
    assert (tested["kind"], tested["outcome"], tested["event_type"]) == ("TEST", "DELIVERED", "webhook.test")
    gateway.receivers.standing[URL] = DeliveryOutcome.TIMEOUT
    assert (await gateway.client.post(f"{one}/test")).json()["outcome"] == "TIMEOUT"
    gateway.receivers.standing.clear()
    await gateway.show_qr()
    event = (await gateway.client.get("/api/v1/events")).json()["items"][0]
    again = (await gateway.client.post(f"{one}/redeliver", {"event_id": event["id"]})).json()
    assert (again["kind"], again["event_id"]) == ("REDELIVERY", event["id"])
    for body in ({"after": 0}, {"since": "2020-01-01T00:00:00+02:00"}):
        assert (await gateway.client.post(f"{one}/replay", body)).status == 200
    assert (await gateway.client.get(f"{one}/dead-letters")).json() == {"items": [], "next_page_token": None}


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "reason", "fields"),
    [
        ("POST", WEBHOOKS, {}, 400, "INVALID_REQUEST", ["url"]),
        ("POST", WEBHOOKS, {"url": URL, "secret": "x"}, 400, "INVALID_REQUEST", ["secret"]),
        ("POST", WEBHOOKS, {"url": "x"}, 400, "INVALID_WEBHOOK_URL", ["url"]),
        ("POST", WEBHOOKS, {"url": URL, "give_up_after": 1}, 400, "INVALID_DURATION", ["give_up_after"]),
        ("POST", WEBHOOKS, {"url": URL, "give_up_after": 10**12}, 400, "INVALID_REQUEST", ["give_up_after"]),
        ("POST", WEBHOOKS, {"url": URL, "headers": {"Host": "x"}}, 400, "INVALID_WEBHOOK_HEADERS", ["headers"]),
        ("GET", f"{WEBHOOKS}/x", None, 400, "INVALID_WEBHOOK_ID", ["webhook_id"]),
        ("GET", f"{WEBHOOKS}?page_size=0", None, 400, "INVALID_PAGE_SIZE", ["page_size"]),
        ("GET", f"{WEBHOOKS}?page_token=x", None, 400, "INVALID_PAGE_TOKEN", ["page_token"]),
        ("GET", f"{NOBODY}/deliveries?outcome=x", None, 400, "INVALID_REQUEST", ["outcome"]),
        ("GET", f"{NOBODY}/deliveries?event_id=x", None, 400, "INVALID_EVENT_ID", ["event_id"]),
        ("GET", f"{NOBODY}/deliveries?event_id=", None, 400, "INVALID_EVENT_ID", ["event_id"]),
        ("POST", f"{NOBODY}/rotate-secret", {"overlap": 60.5}, 400, "INVALID_REQUEST", ["overlap"]),
        ("PATCH", NOBODY, {}, 404, "WEBHOOK_NOT_FOUND", []),
        ("POST", f"{NOBODY}/test", None, 404, "WEBHOOK_NOT_FOUND", []),
        ("POST", f"{NOBODY}/replay", {}, 400, "INVALID_REQUEST", ["since"]),
        ("POST", f"{NOBODY}/replay", {"since": 5}, 400, "INVALID_REQUEST", ["since"]),
        ("POST", f"{NOBODY}/replay", {"since": "2020-01-01T00:00:00"}, 400, "INVALID_REQUEST", ["since"]),
        ("POST", f"{NOBODY}/replay", {"since": "yesterday"}, 400, "INVALID_REQUEST", ["since"]),
        ("POST", f"{NOBODY}/replay", {"after": 10**6}, 400, "INVALID_CURSOR", ["after"]),
        ("POST", f"{NOBODY}/redeliver", {"event_id": "evt_1"}, 400, "INVALID_EVENT_ID", ["event_id"]),
    ],
)
async def test_what_is_wrong_is_told(
    gateway: Gateway, method: str, target: str, body: Any, status: int, reason: str, fields: list[str]
) -> None:
    answer = await gateway.client.call(method, target, json_body=body)
    assert (answer.status, answer.reason, answer.fields) == (status, reason, fields)


async def test_an_event_that_is_gone(gateway: Gateway) -> None:
    endpoint = await gateway.use_cases.create_webhook.execute(CreateWebhookCommand(url=URL))
    answer = await gateway.client.post(f"{WEBHOOKS}/{endpoint.id}/redeliver", {"event_id": f"evt_{'0' * 26}"})
    assert (answer.status, answer.reason) == (410, "EVENT_EXPIRED")


async def test_a_key_makes_one_endpoint(gateway: Gateway) -> None:
    async def post() -> Answer:
        return await gateway.client.post(WEBHOOKS, {"url": URL}, Idempotency_Key="one")

    first, second = await post(), await post()
    assert first.json() == second.json()
    assert len((await gateway.client.get(WEBHOOKS)).json()["items"]) == 1
    other = await gateway.client.post(WEBHOOKS, {"url": f"{URL}b"}, Idempotency_Key="one")
    assert (other.status, other.reason) == (422, "IDEMPOTENCY_KEY_REUSED")
