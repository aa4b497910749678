"""Every route with every role, and every route that names what isn't in a key's scope."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from application.access.policy import OPEN, POLICY, Place
from domain.access import Role
from domain.ids import SessionId, WebhookId
from domain.webhook import DeliveryKind
from tests import media_files
from tests.contracts.webhook_log import delivery, letter
from tests.unit.access_samples import key_with

from .gateway import ANA, BEN, Answer, Client, Gateway

CHECKED_IN: Final = Path(__file__).parents[3] / "docs" / "openapi.json"
MISSING: Final = "0" * 26


@dataclass(frozen=True)
class Operation:
    name: str
    method: str
    path: str


OPERATIONS: Final = {
    operation["operationId"]: Operation(operation["operationId"], method.upper(), path)
    for path, operations in json.loads(CHECKED_IN.read_text(encoding="utf-8"))["paths"].items()
    for method, operation in operations.items()
}
"""Of the document only the names are taken; that it is up to date is tested where it is made."""

DOCUMENTATION: Final = {
    "readDocument": "/openapi.json",
    "readDocumentationPage": "/docs",
    "readDocumentationFile": "/docs/start.js",
}
OPERATIONS.update({name: Operation(name, "GET", path) for name, path in DOCUMENTATION.items()})

NAMES: Final = {
    "chat_id": BEN,
    "contact_id": BEN,
    "person_id": BEN,
    "call_id": "ABC",
    "group_id": "120363000000000001@g.us",
    "code": "ABCDEFGHIJKLMNOPQRSTUV",
    "user_id": f"usr_{MISSING}",
    "key_id": f"key_{MISSING}",
}
TEXT: Final = {"to": BEN, "type": "text", "text": {"body": "hi"}}
BODIES: Final[dict[str, Any]] = {
    "sendMessage": {"session_id": "ana", **TEXT},
    "sendMedia": {"session_id": "ana", "to": BEN, "type": "image", "image": {"link": "https://example.org/a.jpg"}},
    "editMessage": {"text": {"body": "better"}},
    "reactToMessage": {"emoji": "👍"},
    "voteInPoll": {"options": ["a"]},
    "pinMessage": {},
    "forwardMessage": {"to": BEN},
    "updateSession": {"name": "Other"},
    "requestPairingCode": {"phone": ANA},
    "updateChat": {"archived": True},
    "clearChat": {},
    "fetchChatHistory": {},
    "checkContacts": {"contacts": [BEN]},
    "saveContact": {"first_name": "Ben"},
    "addSuppression": {"address": BEN},
    "setPresence": {"online": True},
    "setActivity": {"activity": "COMPOSING"},
    "createGroup": {"subject": "Us", "participants": [BEN]},
    "updateGroup": {"subject": "Us"},
    "setGroupPicture": {"base64": "aGk="},
    "changeGroupParticipants": {"action": "ADD", "participants": [BEN]},
    "decideGroupRequests": {"approve": True, "participants": [BEN]},
    "joinGroup": {"code": NAMES["code"]},
    "updateWebhook": {"description": "Other"},
    "createUser": {"name": "Ana", "role": "reader"},
    "createApiKey": {"user_id": f"usr_{MISSING}", "name": "x", "role": "reader"},
    "redeliverEvent": {"event_id": f"evt_{MISSING}"},
    "replayEvents": {"after": 0},
}


async def call(client: Client, operation: Operation, names: dict[str, str]) -> Answer:
    body = BODIES.get(operation.name)
    return await client.call(operation.method, operation.path.format(**NAMES, **names), json_body=body)


@pytest.mark.parametrize("role", Role)
async def test_every_route_with_every_role(gateway: Gateway, role: Role) -> None:
    client = Client(gateway.app, key=await key_with(gateway.use_cases, role))
    names = {
        "session_id": "nobody",
        "message_id": f"msg_{MISSING}",
        "media_id": f"media_{MISSING}",
        "webhook_id": f"whk_{MISSING}",
    }
    for operation in OPERATIONS.values():
        answer = await call(client, operation, names)
        if operation.name in OPEN:
            assert answer.status == 200, operation
        elif role.allows(POLICY[operation.name].role):
            assert answer.status not in {401, 403, 500}, (operation, answer.body)
        else:
            assert (answer.status, answer.reason) == (403, "ROLE_TOO_LOW"), operation
            assert answer.json()["metadata"] == {"role": POLICY[operation.name].role.value}


@pytest.mark.parametrize("key", [None, "wrong"])
async def test_every_route_without_a_good_key(gateway: Gateway, key: str | None) -> None:
    client = Client(gateway.app, key=key)
    for operation in OPERATIONS.values():
        answer = await call(
            client, operation, dict.fromkeys(("session_id", "message_id", "media_id", "webhook_id"), "x")
        )
        reason = "API_KEY_MISSING" if key is None else "API_KEY_INVALID"
        if operation.name not in OPEN:
            assert (answer.status, answer.reason) == (401, reason), operation


@dataclass(frozen=True)
class Others:
    """What belongs to a session, and a caller who is for another one."""

    gateway: Gateway
    names: dict[str, str]
    scoped: Client
    all: Client


@pytest.fixture
async def others(gateway: Gateway) -> Others:
    await gateway.link()
    client = gateway.client
    sent = await client.post("/api/v1/messages/send", {"session_id": "ana", **TEXT})
    hook = await client.post("/api/v1/webhooks", {"url": "https://example.org/hook", "session_ids": ["ana"]})
    headers = {"content-type": "image/jpeg"}
    file = await client.call("POST", "/api/v1/media", body=media_files.picture(), headers=headers)
    names = {
        "session_id": "ana",
        "message_id": sent.json()["id"],
        "webhook_id": hook.json()["id"],
        "media_id": file.json()["id"],
    }
    scoped = Client(gateway.app, key=await key_with(gateway.use_cases, Role.OPERATOR, ["mine"]))
    return Others(gateway, names, scoped, Client(gateway.app, key=await key_with(gateway.use_cases, Role.OPERATOR)))


NOT_THERE: Final = {
    Place.SESSION: "SESSION_NOT_FOUND",
    Place.MESSAGE: "MESSAGE_NOT_FOUND",
    Place.WEBHOOK: "WEBHOOK_NOT_FOUND",
    Place.MEDIA: "MEDIA_NOT_FOUND",
}


async def test_what_is_out_of_scope_is_not_there(others: Others) -> None:
    for kind in ("sessions", "messages", "webhooks", "media"):
        name = others.names[{"sessions": "session_id", "media": "media_id"}.get(kind, f"{kind[:-1]}_id")]
        info = "/info" if kind == "media" else ""
        assert (await others.all.get(f"/api/v1/{kind}/{name}{info}")).status == 200
    missing = {
        "session_id": "gone",
        "message_id": f"msg_{MISSING}",
        "media_id": f"media_{MISSING}",
        "webhook_id": f"whk_{MISSING}",
    }
    tried, seen = 0, []
    for operation in OPERATIONS.values():
        if operation.name in OPEN or POLICY[operation.name].place not in NOT_THERE:
            continue
        answer = await call(others.scoped, operation, others.names)
        if (answer.status, answer.reason) != (404, NOT_THERE[POLICY[operation.name].place]):
            seen.append((operation.name, answer.reason))
            continue
        # Nothing in the answer tells it from one that doesn't exist.
        none = await call(others.scoped, operation, missing)
        told, same = answer.json(), none.json()
        if operation.name not in {"sendMessage", "sendMedia"}:
            assert told.pop("metadata").keys() == same.pop("metadata").keys()
            assert told | {"request_id": ""} == same | {"request_id": ""}, operation
        tried += 1
    assert seen == []
    assert tried > 70


async def test_lists_show_what_is_in_scope(others: Others) -> None:
    for target in ("sessions", "messages", "webhooks", "media", "events"):
        assert (await others.all.get(f"/api/v1/{target}")).json()["items"], target
        assert (await others.scoped.get(f"/api/v1/{target}")).json()["items"] == [], target
    assert (await others.scoped.get("/api/v1/messages?session_id=ana")).json()["items"] == []
    assert (await others.scoped.get("/api/v1/events?session_id=ana")).json()["items"] == []
    mine = Client(others.gateway.app, key=await key_with(others.gateway.use_cases, Role.READER, ["ana", "mine"]))
    assert [session["id"] for session in (await mine.get("/api/v1/sessions")).json()["items"]] == ["ana"]
    assert (await mine.get("/api/v1/messages")).json()["items"]
    events = (await mine.get("/api/v1/events")).json()["items"]
    assert {event["session_id"] for event in events} == {"ana"}


async def test_each_of_many_messages_is_bound_by_itself(others: Others) -> None:
    await others.gateway.client.post("/api/v1/sessions", {"id": "mine", "start": False})
    entries = [{"session_id": "ana", **TEXT}, {"session_id": "mine", **TEXT}]
    answer = await others.scoped.post("/api/v1/messages/bulk", {"messages": entries})
    reasons = [result["error"]["reason"] for result in answer.json()["results"]]
    assert reasons == ["SESSION_NOT_FOUND", "SESSION_NOT_WORKING"]


async def test_what_is_made_is_in_scope(others: Others) -> None:
    client = others.scoped
    assert (await client.post("/api/v1/sessions", {"id": "mine", "start": False})).status == 201
    for body in ({"id": "ana"}, {"id": "new", "start": False}, {}):
        refused = await client.post("/api/v1/sessions", body)
        assert (refused.status, refused.reason) == (403, "SESSION_OUT_OF_SCOPE")
    url = "https://example.org/other"
    for session_ids in ([], ["ana"], ["mine", "ana"]):
        refused = await client.post("/api/v1/webhooks", {"url": url, "session_ids": session_ids})
        assert (refused.status, refused.reason) == (403, "SESSION_OUT_OF_SCOPE")
    made = await client.post("/api/v1/webhooks", {"url": url, "session_ids": ["mine"]})
    assert made.status == 201
    one = f"/api/v1/webhooks/{made.json()['id']}"
    for session_ids in ([], ["ana"]):
        refused = await client.call("PATCH", one, json_body={"session_ids": session_ids})
        assert (refused.status, refused.reason) == (403, "SESSION_OUT_OF_SCOPE")
    assert (await client.get(one)).json()["session_ids"] == ["mine"]
    listed = (await client.get("/api/v1/webhooks")).json()["items"]
    assert [hook["id"] for hook in listed] == [made.json()["id"]]


async def test_an_event_of_another_session_is_not_posted_to_an_endpoint_of_ones_own(others: Others) -> None:
    made = await others.scoped.post("/api/v1/webhooks", {"url": "https://example.org/x", "session_ids": ["mine"]})
    theirs = (await others.all.get("/api/v1/events")).json()["items"][0]["id"]
    target = f"/api/v1/webhooks/{made.json()['id']}/redeliver"
    assert (await others.scoped.post(target, {"event_id": theirs})).reason == "EVENT_EXPIRED"


async def test_what_a_webhook_was_told_of_other_sessions_is_not_shown(others: Others) -> None:
    hook = {"url": "https://example.org/was-for-both", "session_ids": ["ana", "mine"]}
    webhook_id = WebhookId((await others.all.post("/api/v1/webhooks", hook)).json()["id"])
    ana, mine = SessionId("ana"), SessionId("mine")
    async with others.gateway.database.begin() as uow:
        for number in range(5):
            for session_id in (mine, ana, None):
                await uow.webhook_log.record(delivery(webhook_id, session_id=session_id))
                position = 10 * number + (1 if session_id == mine else 2 if session_id == ana else 3)
                await uow.webhook_log.bury(letter(webhook_id, position, session_id=session_id))
        await uow.webhook_log.record(delivery(webhook_id, session_id=None, kind=DeliveryKind.TEST))
    one = f"/api/v1/webhooks/{webhook_id}"
    assert (await others.all.call("PATCH", one, json_body={"session_ids": ["mine"]})).status == 200
    expected = {"deliveries": ["mine"] * 5 + [None], "dead-letters": ["mine"] * 5}
    for what, sessions in expected.items():
        assert len((await others.all.get(f"{one}/{what}")).json()["items"]) > 10
        seen, token = [], ""
        while token is not None:
            page = (await others.scoped.get(f"{one}/{what}?page_size=2&page_token={token}")).json()
            assert 1 <= len(page["items"]) <= 2
            seen += [item["session_id"] for item in page["items"]]
            token = page["next_page_token"]
        assert sorted(seen, key=str, reverse=True) == sessions


async def test_files_are_seen_by_whose_they_are_and_with_the_messages_that_hold_them(others: Others) -> None:
    headers = {"content-type": "image/jpeg"}
    content = media_files.picture(seed=3)
    put = await others.scoped.call("POST", "/api/v1/media", body=content, headers=headers)
    mine = put.json()["id"]
    assert (await others.scoped.get(f"/api/v1/media/{mine}/info")).status == 200
    assert [file["id"] for file in (await others.scoped.get("/api/v1/media")).json()["items"]] == [mine]
    key = await key_with(others.gateway.use_cases, Role.OPERATOR, ["ana"])
    of_ana = Client(others.gateway.app, key=key)
    assert (await of_ana.get(f"/api/v1/media/{mine}")).reason == "MEDIA_NOT_FOUND"
    theirs = others.names["media_id"]
    body = {"session_id": "ana", "to": BEN, "type": "image", "image": {"id": theirs}}
    assert (await of_ana.post("/api/v1/messages/send", body)).reason == "MEDIA_NOT_FOUND"
    # Once a message of its session holds the file, it is the session's too.
    assert (await others.all.post("/api/v1/messages/send", body)).status == 201
    assert (await of_ana.get(f"/api/v1/media/{theirs}")).status == 200
    assert (await of_ana.post("/api/v1/messages/send", body)).status == 201
    assert (await others.scoped.get(f"/api/v1/media/{theirs}")).reason == "MEDIA_NOT_FOUND"
