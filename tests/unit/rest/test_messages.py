from typing import Any

import pytest

from adapters.memory.driver import Hang, Operation, Refuse
from domain.content import Text
from domain.errors import RateLimitedError
from domain.ids import SessionId

from .gateway import ANA, BEN, Client, Gateway

NOBODYS = "msg_01ARZ3NDEKTSV4RRFFQ69G5FAV"
SEND = "/api/v1/messages/send"
MESSAGES = "/api/v1/messages"
ANAS = SessionId("ana")


def text(body: str = "hi", **more: Any) -> dict[str, Any]:
    return {"session_id": "ana", "to": f"+{BEN}", "type": "text", "text": {"body": body}, **more}


def bodies(gateway: Gateway) -> list[str]:
    messages = gateway.whatsapp.account(BEN).phone_messages.values()
    return [message.content.body for message in messages if isinstance(message.content, Text)]


async def test_a_send_answers_when_whatsapp_has_it(gateway: Gateway, client: Client) -> None:
    await gateway.link()
    answer = await client.post(SEND, text())
    message = answer.json()
    assert answer.status == 201
    assert answer.headers["location"] == f"{MESSAGES}/{message['id']}"
    assert "preference-applied" not in answer.headers
    assert message["status"] in {"SENT", "DELIVERED", "READ"}
    assert (message["direction"], message["chat_id"], message["from"]) == ("outbound", f"{BEN}@c.us", f"{ANA}@c.us")
    assert message["text"] == {"body": "hi", "mentions": []}
    assert bodies(gateway) == ["hi"]
    stored = (await client.get(answer.headers["location"])).json()
    assert (stored["id"], stored["whatsapp_id"]) == (message["id"], message["whatsapp_id"])


async def test_mentions_and_replies(gateway: Gateway, client: Client) -> None:
    await gateway.link()
    first = (await client.post(SEND, text())).json()
    body = text(context={"message_id": first["id"]})
    body["text"]["mentions"] = [f"+{BEN}", f"{BEN}@s.whatsapp.net"]
    second = (await client.post(SEND, body)).json()
    assert second["context"] == {"message_id": first["whatsapp_id"]}
    assert second["text"]["mentions"] == [f"{BEN}@c.us"]


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        ("respond-async", "respond-async"),
        ("handling=lenient, Respond-Async", "respond-async"),
        ("wait=0", "wait=0"),
        ("respond-async, wait=0", "respond-async, wait=0"),
    ],
)
async def test_a_send_that_isnt_waited_for(gateway: Gateway, client: Client, prefer: str, applied: str) -> None:
    await gateway.link()
    gateway.whatsapp.script(ANAS, Operation.SEND, Hang())
    answer = await client.post(SEND, text(), prefer=prefer)
    assert (answer.status, answer.headers["preference-applied"]) == (202, applied)
    assert answer.json()["status"] == "QUEUED"
    assert answer.headers["location"] == f"{MESSAGES}/{answer.json()['id']}"


async def test_a_wait_that_is_over(gateway: Gateway, client: Client) -> None:
    await gateway.link()
    gateway.whatsapp.script(ANAS, Operation.SEND, Hang())
    answer = await client.post(SEND, text(), prefer="wait=1")
    assert (answer.status, answer.headers["preference-applied"]) == (202, "wait=1")
    assert answer.json()["status"] in {"QUEUED", "SENDING"}


@pytest.mark.parametrize(
    ("change", "reason", "fields"),
    [
        ({"to": "hello"}, "INVALID_PHONE", ["to"]),
        ({"to": "a@c.us"}, "INVALID_JID", ["to"]),
        ({"to": f"{BEN}@example.org"}, "INVALID_JID", ["to"]),
        ({"to": "status@broadcast"}, "RECIPIENT_NOT_ADDRESSABLE", ["to"]),
        ({"to": None}, "INVALID_REQUEST", ["to"]),
        ({"session_id": "No!"}, "INVALID_SESSION_ID", ["session_id"]),
        ({"text": {"body": " "}}, "EMPTY_TEXT", ["text.body"]),
        ({"text": None}, "INVALID_REQUEST", ["text"]),
        ({"text": {"body": "a\x00"}}, "INVALID_TEXT", ["text.body"]),
        ({"text": {"body": "a" * 65_537}}, "TEXT_TOO_LONG", ["text.body"]),
        ({"text": {"body": "a", "mentions": [BEN, "x"]}}, "INVALID_PHONE", ["text.mentions[1]"]),
        ({"text": {"body": "a", "mentions": [BEN, 7]}}, "INVALID_REQUEST", ["text.mentions[1]"]),
        ({"text": {"body": "a", "mentions": ["12345678@g.us"]}}, "INVALID_MENTION", ["text.mentions"]),
        ({"text": {"body": 1, "preview": True}}, "INVALID_REQUEST", ["text.body", "text.preview"]),
        ({"type": "song"}, "INVALID_REQUEST", ["type"]),
        ({"type": "image"}, "INVALID_REQUEST", ["image", "text"]),
        ({"context": {"message_id": "\n"}}, "INVALID_REPLY", ["context.message_id"]),
        ({"context": {}}, "INVALID_REQUEST", ["context.message_id"]),
        ({"To": "x"}, "INVALID_REQUEST", ["To"]),
    ],
)
async def test_bad_sends(
    gateway: Gateway, client: Client, change: dict[str, Any], reason: str, fields: list[str]
) -> None:
    await gateway.link()
    before = await gateway.event_head()
    answer = await client.post(SEND, text() | change)
    assert (answer.status, answer.reason, answer.fields) == (400, reason, fields)
    assert await gateway.event_head() == before
    assert bodies(gateway) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nonsense", b"\xff\xfe", b'{"to": "\\ud800"}', b"[" * 100_000, b'{"a":' + b"9" * 5_000 + b"}"],
)
@pytest.mark.parametrize("target", [SEND, "/api/v1/sessions"])
async def test_bodies_that_arent_json(client: Client, body: bytes, target: str) -> None:
    answer = await client.call("POST", target, body=body, headers={"content-type": "application/json"})
    assert (answer.status, answer.reason) == (400, "INVALID_REQUEST")
    assert answer.fields


@pytest.mark.parametrize("target", [SEND, "/api/v1/sessions"])
async def test_bodies_of_another_type(client: Client, target: str) -> None:
    answer = await client.call(
        "POST", target, body=b"a=b", headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert (answer.status, answer.reason) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_body_without_a_type_is_json(client: Client) -> None:
    assert (await client.call("POST", "/api/v1/sessions", body=b'{"id": "a", "start": false}')).status == 201


async def test_a_send_to_a_session_that_isnt_working(gateway: Gateway, client: Client) -> None:
    await gateway.show_qr()
    answer = await client.post(SEND, text())
    assert (answer.status, answer.reason) == (409, "SESSION_NOT_WORKING")
    assert answer.json()["metadata"]["status"] == "SCAN_QR_CODE"


async def test_sends_to_what_there_isnt(gateway: Gateway, client: Client) -> None:
    unknown = await client.post(SEND, text())
    assert (unknown.status, unknown.reason) == (404, "SESSION_NOT_FOUND")
    await gateway.link()
    number = await client.post(SEND, text() | {"to": "+15550109999"})
    assert (number.status, number.reason, number.fields) == (422, "NUMBER_NOT_ON_WHATSAPP", ["to"])
    reply = await client.post(SEND, text(context={"message_id": NOBODYS}))
    assert (reply.status, reply.reason) == (404, "MESSAGE_NOT_FOUND")


async def test_a_send_that_whatsapp_limits(gateway: Gateway, client: Client) -> None:
    await gateway.link()
    gateway.whatsapp.script(ANAS, Operation.SEND, Refuse(RateLimitedError("REACHOUT_TIMELOCK", "Not now.")))
    answer = await client.post(SEND, text())
    assert (answer.status, answer.reason) == (429, "REACHOUT_TIMELOCK")
    message = (await client.get(f"{MESSAGES}/{answer.json()['metadata']['message_id']}")).json()
    assert (message["status"], message["error"]["reason"]) == ("FAILED", "REACHOUT_TIMELOCK")


async def test_list_and_filter(gateway: Gateway, client: Client) -> None:
    await gateway.link()
    sent = [(await client.post(SEND, text(body))).json() for body in ("one", "two", "three")]
    first = (await client.get(f"{MESSAGES}?session_id=ana&direction=outbound&page_size=2")).json()
    assert [item["text"]["body"] for item in first["items"]] == ["three", "two"]
    rest = (await client.get(f"{MESSAGES}?page_size=2&page_token={first['next_page_token']}")).json()
    assert ([item["text"]["body"] for item in rest["items"]], rest["next_page_token"]) == (["one"], None)

    async def count(query: str) -> int:
        return len((await client.get(f"{MESSAGES}?{query}")).json()["items"])

    assert await count(f"chat_id=%2B{BEN}") == 3
    assert await count(f"chat_id={ANA}@c.us") == 0
    assert await count("direction=inbound") == 0
    assert await count("status=QUEUED") == 0
    assert await count(f"since={sent[1]['created_at']}&until={sent[2]['created_at']}") == 1


@pytest.mark.parametrize(
    ("query", "reason", "field"),
    [
        ("chat_id=x@y", "INVALID_JID", "chat_id"),
        ("chat_id=12", "INVALID_PHONE", "chat_id"),
        ("session_id=A", "INVALID_SESSION_ID", "session_id"),
        ("direction=up", "INVALID_REQUEST", "direction"),
        ("status=sent", "INVALID_REQUEST", "status"),
        ("since=yesterday", "INVALID_REQUEST", "since"),
        ("since=2026-01-01T00:00:00", "INVALID_REQUEST", "since"),
        ("until=0001-01-01T00:00:00%2B14:00", "INVALID_REQUEST", "until"),
        ("until=0.5", "INVALID_REQUEST", "until"),
        ("since=1763820201", "INVALID_REQUEST", "since"),
        ("page_size=0", "INVALID_PAGE_SIZE", "page_size"),
        ("page_token=abc", "INVALID_PAGE_TOKEN", "page_token"),
        ("offset=1", "INVALID_REQUEST", "offset"),
    ],
)
async def test_bad_filters(client: Client, query: str, reason: str, field: str) -> None:
    answer = await client.get(f"{MESSAGES}?{query}")
    assert (answer.status, answer.reason, answer.fields) == (400, reason, [field])


async def test_an_unknown_message(client: Client) -> None:
    answer = await client.get(f"{MESSAGES}/{NOBODYS}")
    assert (answer.status, answer.reason) == (404, "MESSAGE_NOT_FOUND")
    malformed = await client.get(f"{MESSAGES}/msg_%00")
    assert (malformed.status, malformed.reason) == (400, "INVALID_MESSAGE_ID")
