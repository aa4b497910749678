"""Chats, people, presence and calls over REST, their events, and who is who."""

from typing import Any

import pytest

from adapters.memory.faults import Operation, Refuse
from domain.call import CallOutcome
from domain.errors import UnavailableError
from domain.ids import SessionId
from tests.unit.application.world import until

from .gateway import ANA, BEN, Answer, Client, Gateway

API = "/api/v1/sessions/ana"
BEN_ID = f"{BEN}@c.us"
SLUG = SessionId("ana")


@pytest.fixture
async def linked(gateway: Gateway) -> Gateway:
    await gateway.link()
    return gateway


async def _events(client: Client, *types: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/api/v1/events?after=0&page_size=500&types={','.join(types)}")
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def _until_event(client: Client, kind: str, count: int = 1) -> list[dict[str, Any]]:
    async def enough() -> bool | None:
        return len(await _events(client, kind)) >= count or None

    await until(enough)
    return await _events(client, kind)


async def _received(client: Client, count: int) -> None:
    await _until_event(client, "message.received", count)


async def test_chats_are_listed_changed_cleared_and_deleted(linked: Gateway, client: Client) -> None:
    linked.whatsapp.phone_sends(BEN, ANA, "hello")
    await _received(client, 1)
    lid = str(linked.whatsapp.account(BEN).lid)
    [chat] = (await client.get(f"{API}/chats")).json()["items"]
    assert (chat["id"], chat["phone"], chat["lid"], chat["unread_count"]) == (BEN_ID, BEN_ID, lid, 1)
    assert (await client.get(f"{API}/chats/{lid}")).json() == chat
    assert (await client.get(f"{API}/chats/+{BEN}")).json() == chat
    body = {"archived": True, "pinned": True, "muted": True, "unread": False}
    changed = (await client.call("PATCH", f"{API}/chats/{BEN}", json_body=body)).json()
    assert (changed["archived"], changed["muted"], changed["muted_until"], changed["unread_count"]) == (
        True,
        True,
        None,
        0,
    )
    [event] = await _until_event(client, "chat.updated")
    assert (event["payload"]["chat"]["id"], "archived" in event["payload"]["changed"]) == (BEN_ID, True)
    assert (await client.get(f"{API}/chats?archived=false")).json()["items"] == []
    assert (await client.get(f"{API}/chats?archived=true&unread=false")).json()["items"] == [changed]
    assert (await client.post(f"{API}/chats/{BEN}/clear", {})).status == 200
    assert (await client.call("DELETE", f"{API}/chats/{BEN}")).status == 204
    gone = await client.get(f"{API}/chats/{BEN}")
    assert (gone.status, gone.reason) == (404, "CHAT_NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "reason"),
    [
        ("PATCH", f"/chats/{BEN}", {}, 400, "INVALID_REQUEST"),
        ("PATCH", f"/chats/{BEN}", {"muted": False, "muted_until": "2030-01-01T00:00:00Z"}, 400, "INVALID_REQUEST"),
        ("PATCH", f"/chats/{BEN}", {"muted": True, "muted_until": "2020-01-01T00:00:00Z"}, 400, "INVALID_TIME"),
        ("PATCH", f"/chats/{BEN}", {"muted": True, "muted_until": "soon"}, 400, "INVALID_REQUEST"),
        ("PATCH", f"/chats/{BEN}", {"muted": True, "muted_until": "2030-01-01T00:00:00"}, 400, "INVALID_REQUEST"),
        ("PATCH", f"/chats/{BEN}", {"archived": "yes"}, 400, "INVALID_REQUEST"),
        ("PATCH", "/chats/nobody", {"archived": True}, 400, "INVALID_PHONE"),
        ("POST", f"/chats/{BEN}/history", {"limit": 0}, 400, "INVALID_PAGE_SIZE"),
        ("POST", f"/chats/{BEN}/history", {"limit": 201}, 400, "INVALID_PAGE_SIZE"),
        ("POST", f"/chats/{BEN}/history", {"before": "x"}, 400, "INVALID_MESSAGE_ID"),
        ("POST", "/contacts/check", {"contacts": []}, 400, "INVALID_REQUEST"),
        ("POST", "/contacts/check", {"contacts": ["15550100200"] * 101}, 400, "INVALID_REQUEST"),
        ("POST", "/contacts/check", {"contacts": ["@x"]}, 400, "INVALID_USERNAME"),
        ("POST", "/contacts/check", {"contacts": ["123456789@g.us"]}, 400, "NOT_A_PERSON"),
        ("PUT", f"/contacts/{BEN}", {"first_name": ""}, 400, "INVALID_NAME"),
        ("PUT", f"/contacts/{BEN}", {"first_name": "x" * 101}, 400, "INVALID_NAME"),
        ("PUT", f"/contacts/{BEN}", {"first_name": "a\u0000b"}, 400, "INVALID_NAME"),
        ("PUT", f"/contacts/{BEN}", {"first_name": "a", "last_name": "\u202e"}, 400, "INVALID_NAME"),
        ("PUT", "/contacts/120363000000000000@g.us", {"first_name": "x"}, 400, "NOT_A_PERSON"),
        ("PUT", "/blocklist/120363000000000000@g.us", None, 400, "NOT_A_PERSON"),
        ("PUT", "/blocklist/15559998888", None, 422, "NUMBER_NOT_ON_WHATSAPP"),
        ("PUT", f"/chats/{BEN}/activity", {"activity": "DANCING"}, 400, "INVALID_REQUEST"),
        ("PUT", "/presence", {}, 400, "INVALID_REQUEST"),
        ("POST", "/calls/none/reject", None, 404, "CALL_NOT_FOUND"),
    ],
)
@pytest.mark.usefixtures("linked")
async def test_what_cannot_be_done_is_refused(
    client: Client, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    answer = await client.call(method, API + path, json_body=body)
    assert (answer.status, answer.reason) == (status, reason)
    assert await _events(client, "chat.updated", "contact.updated") == []


async def test_nothing_is_asked_of_a_session_that_does_not_run(client: Client) -> None:
    await client.post("/api/v1/sessions", {"id": "ana", "start": False})
    for path in ("/chats", "/contacts", "/blocklist", "/calls", f"/contacts/{BEN}/about"):
        answer = await client.get(API + path)
        assert (answer.status, answer.reason) == (409, "SESSION_NOT_RUNNING")
    assert (await client.get("/api/v1/sessions/none/chats")).reason == "SESSION_NOT_FOUND"


async def test_a_change_is_done_once_per_key(linked: Gateway, client: Client) -> None:
    linked.whatsapp.phone_sends(BEN, ANA, "hello")
    await _received(client, 1)

    async def archive(wanted: bool) -> Answer:
        return await client.call(
            "PATCH", f"{API}/chats/{BEN}", json_body={"archived": wanted}, headers={"Idempotency-Key": "k1"}
        )

    first = (await archive(True)).json()
    linked.whatsapp.account(ANA).people.state(linked.whatsapp.account(BEN).jid).archived = False
    assert (await archive(True)).json() == first
    assert not (await client.get(f"{API}/chats/{BEN}")).json()["archived"]
    assert (await archive(False)).reason == "IDEMPOTENCY_KEY_REUSED"


async def test_a_change_whose_outcome_was_lost_is_taken_up_again(linked: Gateway, client: Client) -> None:
    linked.whatsapp.phone_sends(BEN, ANA, "hello")
    await _received(client, 1)
    away = UnavailableError("PAGE_UNAVAILABLE", "The page is gone.")
    linked.whatsapp.script(SLUG, Operation.PEOPLE, Refuse(away))

    async def block() -> Answer:
        return await client.call("PUT", f"{API}/blocklist/{BEN}", headers={"Idempotency-Key": "k2"})

    assert (await block()).status == 503
    assert (await block()).json()["blocked"] is True
    assert (await block()).json()["blocked"] is True


async def test_history_is_stored_once(linked: Gateway, client: Client) -> None:
    # What the page knows and the log doesn't: the phone's messages from before.
    for number in range(5):
        linked.whatsapp.mute(SLUG)
        linked.whatsapp.phone_sends(BEN, ANA, f"m{number}")
    linked.whatsapp.mute(SLUG, muted=False)
    first = (await client.post(f"{API}/chats/{BEN}/history", {"limit": 2})).json()
    assert ([item["text"]["body"] for item in first["items"]], first["added"], first["more"]) == (["m3", "m4"], 2, True)
    before = first["items"][0]["id"]
    rest = (await client.post(f"{API}/chats/{BEN}/history", {"limit": 50, "before": before})).json()
    assert ([item["text"]["body"] for item in rest["items"]], rest["added"], rest["more"]) == (
        ["m0", "m1", "m2"],
        3,
        False,
    )
    again = (await client.post(f"{API}/chats/{BEN}/history", {"limit": 50, "before": before})).json()
    assert (again["items"], again["added"]) == (rest["items"], 0)
    stored = (await client.get(f"/api/v1/messages?session_id=ana&chat_id={BEN}")).json()["items"]
    assert len(stored) == 5
    assert len(await _events(client, "message.received")) == 5


async def test_people_are_checked_saved_blocked_and_looked_up(linked: Gateway, client: Client) -> None:
    account = linked.whatsapp.account(BEN)
    account.people.username, account.people.about = "ben.b", "at sea"
    found = (await client.post(f"{API}/contacts/check", {"contacts": [BEN, "@ben.b", "15559998888"]})).json()["items"]
    assert [(each["exists"], each["lid"]) for each in found] == [
        (True, str(account.lid)),
        (True, str(account.lid)),
        (False, None),
    ]
    saved = (await client.call("PUT", f"{API}/contacts/{BEN}", json_body={"first_name": "Benedita"})).json()
    assert (saved["name"], saved["saved"], saved["push_name"]) == ("Benedita", True, f"Phone {BEN}")
    assert (await client.get(f"{API}/contacts?saved=true")).json()["items"] == [saved]
    [event] = await _until_event(client, "contact.updated")
    assert event["payload"]["contact"] == saved
    assert (await client.get(f"{API}/contacts/{BEN}/about")).json() == {"about": "at sea"}
    assert (await client.get(f"{API}/contacts/{BEN}/picture")).json() == {"url": None}
    assert (await client.get(f"{API}/contacts/{BEN}/business")).json() == {"profile": None}
    assert (await client.get(f"{API}/contacts/{BEN}/groups")).json() == {"items": []}
    assert (await client.call("DELETE", f"{API}/contacts/{BEN}")).json()["saved"] is False
    assert (await client.call("PUT", f"{API}/blocklist/{BEN}")).json()["blocked"] is True
    assert [each["id"] for each in (await client.get(f"{API}/blocklist")).json()["items"]] == [BEN_ID]
    assert (await client.call("DELETE", f"{API}/blocklist/{BEN}")).json()["blocked"] is False
    by_name = (await client.get(f"{API}/contacts/@ben.b/identity")).json()
    assert by_name == {
        "contact_id": BEN_ID,
        "phone": BEN_ID,
        "lid": str(account.lid),
        "username": "ben.b",
        "addresses": [BEN_ID, str(account.lid)],
    }
    assert (await client.get(f"{API}/contacts/@nobody/identity")).reason == "CONTACT_NOT_FOUND"


async def test_a_person_who_becomes_known_under_two_addresses_is_one(linked: Gateway, client: Client) -> None:
    account = linked.whatsapp.account(BEN)
    lid = str(account.lid)
    account.people.moved_to_lid = account.people.hides_phone = True
    linked.whatsapp.phone_sends(BEN, ANA, "by lid")
    await _received(client, 1)
    assert (await client.get(f"{API}/contacts/{lid}/identity")).json()["addresses"] == [lid]
    # The number becomes known: later messages name both.
    account.people.hides_phone = False
    linked.whatsapp.phone_sends(BEN, ANA, "by both")
    account.people.moved_to_lid = False
    linked.whatsapp.phone_sends(BEN, ANA, "by number")
    await _received(client, 3)
    [merged] = await _until_event(client, "contact.merged")
    assert merged["payload"] == {
        "contact_id": BEN_ID,
        "phone": BEN_ID,
        "lid": lid,
        "username": None,
        "merged": [lid],
    }
    by_lid = (await client.get(f"/api/v1/messages?session_id=ana&chat_id={lid}")).json()["items"]
    by_number = (await client.get(f"/api/v1/messages?session_id=ana&chat_id={BEN}")).json()["items"]
    assert by_lid == by_number
    assert {item["text"]["body"] for item in by_lid} == {"by lid", "by both", "by number"}


async def test_presence_is_shown_subscribed_to_and_ended(linked: Gateway, client: Client) -> None:
    linked.whatsapp.phone_sends(BEN, ANA, "hello")
    await _received(client, 1)
    assert (await client.call("PUT", f"{API}/presence", json_body={"online": True})).status == 204
    assert linked.whatsapp.account(ANA).people.online
    typing = {"activity": "COMPOSING"}
    assert (await client.call("PUT", f"{API}/chats/{BEN}/activity", json_body=typing)).status == 204
    assert [each.value for each in linked.whatsapp.account(BEN).people.typing.values()] == ["COMPOSING"]
    shown = (await client.call("PUT", f"{API}/presence/{BEN}")).json()
    assert (shown["chat_id"], shown["online"]) == (BEN_ID, False)
    # A new page is told again what the session wants to hear of.
    page = linked.whatsapp.page(SLUG)
    linked.whatsapp.kill_page(SLUG)

    async def told_again() -> bool | None:
        fresh = linked.whatsapp.profile(SLUG).page
        return (fresh is not None and fresh is not page and bool(fresh._people.presence.subscribed)) or None

    await until(told_again)
    assert (await client.call("DELETE", f"{API}/presence/{BEN}")).status == 204


async def test_calls_ring_and_end(linked: Gateway, client: Client) -> None:
    call = linked.whatsapp.call(BEN, ANA, video=True)
    [event] = await _until_event(client, "call.received")
    assert (event["payload"]["call"]["id"], event["payload"]["call"]["phone"]) == (call.id, BEN_ID)
    assert [each["id"] for each in (await client.get(f"{API}/calls")).json()["items"]] == [call.id]
    for _ in range(2):
        assert (await client.post(f"{API}/calls/{call.id}/reject")).json()["id"] == call.id
    [rejected] = await _until_event(client, "call.rejected")
    assert rejected["payload"]["call"]["id"] == call.id
    other = linked.whatsapp.call(BEN, ANA)
    linked.whatsapp.stop_call(ANA, other, CallOutcome.ACCEPTED_ELSEWHERE)
    [ended] = await _until_event(client, "call.ended")
    assert ended["payload"]["outcome"] == "ACCEPTED_ELSEWHERE"
    answer = await client.post(f"{API}/calls/{other.id}/reject")
    assert (answer.status, answer.reason) == (404, "CALL_NOT_FOUND")
