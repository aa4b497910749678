"""Request keys, scheduled and canceled messages, and bulk sends over REST."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import UnavailableError
from tests.unit.application.world import until

from .gateway import Client, Gateway
from .test_messages import MESSAGES, NOBODYS, SEND, bodies, text

BULK = f"{MESSAGES}/bulk"
KEY = {"idempotency_key": "9b2d4c6f-8a1b-4c5d-8e9f-0a2b4f7a1c0e"}


def soon(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


async def test_a_send_with_a_key_is_done_once(gateway: Gateway, client: Client) -> None:
    await gateway.link()
    answers = await asyncio.gather(*(client.post(SEND, text(), **KEY) for _ in range(3)))
    again = await client.post(SEND, text(), prefer="respond-async", **KEY)
    assert {answer.status for answer in (*answers, again)} == {201}
    assert len({answer.json()["id"] for answer in (*answers, again)}) == 1
    assert bodies(gateway) == ["hi"]
    # The order of an object's members says nothing.
    turned = dict(reversed(text().items()))
    assert (await client.post(SEND, turned, **KEY)).json()["id"] == again.json()["id"]
    other = await client.post(SEND, text("ho"), **KEY)
    assert (other.status, other.reason) == (422, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize("key", ["", "x" * 256, "\xff"])
@pytest.mark.parametrize("target", [SEND, BULK, "/api/v1/sessions", "/api/v1/sessions/ana/start"])
async def test_bad_keys(gateway: Gateway, client: Client, key: str, target: str) -> None:
    body = {BULK: {"messages": [text()]}, "/api/v1/sessions": {"id": "x"}}.get(target, text())
    answer = await client.post(target, body, idempotency_key=key)
    assert (answer.status, answer.reason, answer.fields) == (400, "INVALID_IDEMPOTENCY_KEY", ["Idempotency-Key"])
    assert await gateway.event_head() == 0


async def test_a_session_with_a_key_is_made_once(client: Client) -> None:
    answers = [await client.post("/api/v1/sessions", {"name": "Ana", "start": False}, **KEY) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert len((await client.get("/api/v1/sessions")).json()["items"]) == 1
    session = answers[0].json()["id"]
    key = {"Idempotency-Key": "d"}
    for _ in range(2):
        assert (await client.call("DELETE", f"/api/v1/sessions/{session}", headers=key)).status == 204
    assert (await client.call("DELETE", f"/api/v1/sessions/{session}")).status == 404


async def test_scheduled_and_canceled(gateway: Gateway, client: Client) -> None:
    await gateway.link()
    answer = await client.post(SEND, text(not_before=soon(hours=1), deadline=soon(hours=2)))
    message = answer.json()
    assert (answer.status, message["status"]) == (202, "QUEUED")
    assert message["not_before"] < message["expires_at"]
    for _ in range(2):
        canceled = await client.post(f"{MESSAGES}/{message['id']}/cancel")
        assert (canceled.status, canceled.json()["status"]) == (200, "CANCELED")
    sent = (await client.post(SEND, text())).json()
    late = await client.post(f"{MESSAGES}/{sent['id']}/cancel")
    assert (late.status, late.reason) == (409, "MESSAGE_NOT_CANCELABLE")
    unknown = await client.post(f"{MESSAGES}/{NOBODYS}/cancel")
    assert (unknown.status, unknown.reason) == (404, "MESSAGE_NOT_FOUND")
    assert bodies(gateway) == ["hi"]


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"not_before": "tomorrow"}, "INVALID_REQUEST", "not_before"),
        ({"not_before": "2026-01-01T00:00:00"}, "INVALID_REQUEST", "not_before"),
        # Meant as a span, or a count of seconds or milliseconds, of which nobody knows which.
        ({"not_before": 60}, "INVALID_REQUEST", "not_before"),
        ({"not_before": "60"}, "INVALID_REQUEST", "not_before"),
        ({"deadline": 7_258_118_400_000}, "INVALID_REQUEST", "deadline"),
        ({"not_before": soon(days=400)}, "INVALID_NOT_BEFORE", "not_before"),
        ({"deadline": soon(days=-1)}, "INVALID_DEADLINE", "deadline"),
        ({"deadline": "9999-12-31T23:59:59-14:00"}, "INVALID_REQUEST", "deadline"),
        ({"not_before": soon(hours=2), "deadline": soon(hours=1)}, "INVALID_DEADLINE", "deadline"),
    ],
)
async def test_bad_times(gateway: Gateway, client: Client, change: dict[str, Any], reason: str, field: str) -> None:
    await gateway.link()
    answer = await client.post(SEND, text() | change)
    assert (answer.status, answer.reason, answer.fields) == (400, reason, [field])


async def test_a_bulk_with_bad_entries(gateway: Gateway, client: Client) -> None:
    await gateway.link()
    entries: list[Any] = [
        text("one"),
        text(""),
        "nonsense",
        text("x", to="12"),
        text("x") | {"session_id": "NO"},
        text("x") | {"session_id": "nobody"},
        text("x", kind="y"),
        text("x", deadline=soon(days=-1)),
        text("two"),
    ]
    answers = [await client.post(BULK, {"messages": entries}, **KEY) for _ in range(2)]
    for answer in answers:
        assert (answer.status, answer.json()["accepted"], answer.json()["refused"]) == (200, 2, 7)
        results = answer.json()["results"]
        assert [result["error"] and result["error"]["reason"] for result in results] == [
            None,
            "EMPTY_TEXT",
            "INVALID_REQUEST",
            "INVALID_PHONE",
            "INVALID_SESSION_ID",
            "SESSION_NOT_FOUND",
            "INVALID_REQUEST",
            "INVALID_DEADLINE",
            None,
        ]
        assert [error["field"] for error in results[6]["error"]["errors"]] == ["kind"]
        assert results[5]["error"]["status"] == 404
    accepted = [result["message"] for result in answers[0].json()["results"] if result["message"]]
    for message in accepted:

        async def sent(path: str = f"{MESSAGES}/{message['id']}") -> str | None:
            return (await client.get(path)).json()["sent_at"]  # type: ignore[no-any-return]  # a time or null

        await until(sent)
    assert bodies(gateway) == ["one", "two"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"messages": []}, "INVALID_REQUEST"),
        ({}, "INVALID_REQUEST"),
        ({"messages": "x"}, "INVALID_REQUEST"),
        ({"messages": [{}] * 1_001}, "TOO_MANY_MESSAGES"),
    ],
)
async def test_bulks_that_are_none(client: Client, body: Any, reason: str) -> None:
    answer = await client.post(BULK, body)
    assert (answer.status, answer.reason, answer.fields) == (400, reason, ["messages"])


async def test_a_bulk_far_too_large_is_refused_before_its_entries_are_read(client: Client) -> None:
    begun = time.process_time()
    answer = await client.post(BULK, {"messages": [{}] * 250_000})
    assert (answer.status, answer.reason) == (400, "TOO_MANY_MESSAGES")
    # To read them takes ten seconds and more, in which the gateway does nothing else.
    assert time.process_time() - begun < 5


async def test_without_the_database_nothing_is_accepted(gateway: Gateway, client: Client) -> None:
    await gateway.link()
    await client.post(SEND, text("before"))
    gateway.break_database(UnavailableError("DATABASE_UNAVAILABLE", "Away."))
    for target, body in ((SEND, text()), (BULK, {"messages": [text()]})):
        answer = await client.post(target, body, **KEY)
        assert (answer.status, answer.reason) == (503, "DATABASE_UNAVAILABLE")
    gateway.database.fault = None
    assert (await client.post(SEND, text("after"), **KEY)).status == 201
    assert bodies(gateway) == ["before", "after"]
