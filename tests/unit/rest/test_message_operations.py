"""What is done to messages over REST."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from adapters.memory.driver import Hang, Operation, Refuse
from domain.changes import Edited, Reacted, Revoked
from domain.errors import UnavailableError, UnprocessableError
from domain.ids import WhatsAppMessageId
from domain.operations import PollVote

from .gateway import ANA, BEN, Client, Gateway
from .test_durability import KEY, soon
from .test_messages import ANAS, MESSAGES, NOBODYS, SEND, text


@pytest.fixture
async def sent(gateway: Gateway, client: Client) -> dict[str, Any]:
    await gateway.link()
    message: dict[str, Any] = (await client.post(SEND, text("helo"))).json()
    return message


def at(message: dict[str, Any], path: str = "") -> str:
    return f"{MESSAGES}/{message['id']}{path}"


async def test_a_message_is_edited_reacted_to_pinned_and_deleted(
    gateway: Gateway, client: Client, sent: dict[str, Any]
) -> None:
    edited = await client.call("PATCH", at(sent), json_body={"text": {"body": "hello"}})
    assert edited.status == 200
    answer = edited.json()
    assert (answer["operation"]["type"], answer["operation"]["status"]) == ("edit", "SENT")
    assert answer["message"]["text"] == {"body": "hello", "mentions": []}
    assert answer["message"]["edited_at"] is not None
    assert answer["operation"]["edit"]["message_id"] == sent["whatsapp_id"]

    reacted = (await client.call("PUT", at(sent, "/reaction"), json_body={"emoji": "👍"})).json()
    assert [each["emoji"] for each in reacted["message"]["reactions"]] == ["👍"]
    assert (await client.get(at(sent, "/reactions"))).json()["items"][0]["from_me"] is True
    assert (await client.call("DELETE", at(sent, "/reaction"))).json()["message"]["reactions"] == []

    pinned = (await client.post(at(sent, "/pin"), {})).json()
    assert pinned["operation"]["pin"]["duration"] == 604_800
    assert pinned["message"]["pinned_until"] is not None
    assert (await client.post(at(sent, "/unpin"))).json()["message"]["pinned_until"] is None

    starred = (await client.post(at(sent, "/star"))).json()
    assert starred["starred"] is True
    assert (await client.post(at(sent, "/unstar"))).json()["starred"] is False

    deleted = (await client.call("DELETE", at(sent))).json()
    assert (deleted["operation"]["type"], deleted["message"]["revoked_by"]) == ("revoke", f"{ANA}@c.us")
    done = gateway.whatsapp.account(BEN).done
    assert [type(change) for change in done if isinstance(change, Edited | Reacted | Revoked)] == [
        Edited,
        Reacted,
        Reacted,
        Revoked,
    ]
    for_me = (await client.call("DELETE", f"{at(sent)}?for=me")).json()
    assert (for_me["operation"], for_me["message"]["deleted_at"] is not None) == (None, True)
    receipts = (await client.get(at(sent, "/receipts"))).json()["items"]
    assert [receipt["participant"] for receipt in receipts] == [f"{BEN}@c.us"]


async def test_a_poll_is_voted_in_from_both_sides(gateway: Gateway, client: Client) -> None:
    await gateway.link()
    content = {"type": "poll", "poll": {"question": "?", "options": ["a", "b"]}}
    poll = (await client.post(SEND, {"session_id": "ana", "to": f"+{BEN}", **content})).json()
    voted = (await client.post(at(poll, "/vote"), {"options": ["b"]})).json()
    assert [(each["option"], each["votes"]) for each in voted["message"]["results"]] == [("a", 0), ("b", 1)]
    at_ben = WhatsAppMessageId(f"false_{ANA}@c.us_{poll['whatsapp_id'].split('_')[2]}")
    gateway.whatsapp.phone_does(BEN, PollVote(target=at_ben, options=("b",)))
    async with asyncio.timeout(5):
        while len((votes := (await client.get(at(poll, "/votes"))).json())["items"]) < 2:  # noqa: ASYNC110 - what is awaited is what the API says
            await asyncio.sleep(0.01)
    assert [(each["option"], each["votes"]) for each in votes["results"]] == [("a", 0), ("b", 2)]
    assert {vote["from"] for vote in votes["items"]} == {f"{ANA}@c.us", f"{BEN}@c.us"}


async def test_a_message_is_forwarded(gateway: Gateway, client: Client, sent: dict[str, Any]) -> None:
    answer = await client.post(at(sent, "/forward"), {"to": f"+{BEN}"})
    assert (answer.status, answer.json()["forwarded"]) == (201, True)
    assert answer.headers["location"] == at(answer.json())
    assert len(gateway.whatsapp.account(BEN).phone_messages) == 2


@pytest.mark.parametrize("meanwhile", [("PATCH", {"text": {"body": "hello"}}), ("DELETE", None)])
async def test_a_forward_with_a_key_is_done_once_whatever_became_of_the_message_meanwhile(
    gateway: Gateway, client: Client, sent: dict[str, Any], meanwhile: tuple[str, Any]
) -> None:
    method, body = meanwhile
    answer = await client.post(at(sent, "/forward"), {"to": f"+{BEN}"}, **KEY)
    assert (await client.call(method, at(sent), json_body=body)).status == 200
    again = await client.post(at(sent, "/forward"), {"to": f"+{BEN}"}, **KEY)
    assert (again.status, again.json()["id"]) == (201, answer.json()["id"])
    assert again.json()["text"]["body"] == "helo"
    assert len(gateway.whatsapp.account(BEN).phone_messages) == 2
    other = await client.post(at(sent, "/forward"), {"to": f"+{ANA}"}, **KEY)
    assert (other.status, other.reason) == (422, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "reason"),
    [
        ("PATCH", "", {"text": {"body": " "}}, 400, "EMPTY_TEXT"),
        ("PATCH", "", {"text": "x"}, 400, "INVALID_REQUEST"),
        ("PATCH", "", {"text": {"body": "x", "mentions": ["y"]}}, 400, "INVALID_PHONE"),
        ("PUT", "/reaction", {"emoji": "ok"}, 400, "INVALID_EMOJI"),
        ("POST", "/pin", {"duration": 5}, 400, "INVALID_DURATION"),
        ("POST", "/pin", {"duration": 10**30}, 400, "INVALID_DURATION"),
        ("POST", "/pin", {"duration": -(10**30)}, 400, "INVALID_DURATION"),
        ("POST", "/vote", {"options": ["a"]}, 422, "NOT_A_POLL"),
        ("GET", "/votes", None, 422, "NOT_A_POLL"),
        ("POST", "/played", None, 422, "NOT_PLAYABLE"),
        ("POST", "/forward", {"to": "x"}, 400, "INVALID_PHONE"),
        ("DELETE", "?for=nobody", None, 400, "INVALID_REQUEST"),
    ],
)
async def test_what_cant_be_done_is_refused_with_its_reason(
    client: Client, sent: dict[str, Any], method: str, path: str, body: Any, status: int, reason: str
) -> None:
    answer = await client.call(method, at(sent, path), json_body=body)
    assert (answer.status, answer.reason) == (status, reason)


async def scheduled(client: Client, _: Gateway) -> str:
    answer = await client.post(SEND, text("later", not_before=soon(hours=1)))
    return str(answer.json()["id"])


async def canceled(client: Client, gateway: Gateway) -> str:
    message = await scheduled(client, gateway)
    assert (await client.post(f"{MESSAGES}/{message}/cancel")).status == 200
    return message


async def sending(client: Client, gateway: Gateway) -> str:
    gateway.whatsapp.script(ANAS, Operation.SEND, Hang())
    message = (await client.post(SEND, text("now"), prefer="respond-async")).json()
    async with asyncio.timeout(5):
        while message["status"] != "SENDING":
            message = (await client.get(at(message))).json()
    return str(message["id"])


@pytest.mark.parametrize("not_sent", [scheduled, sending, canceled])
@pytest.mark.parametrize(("method", "route"), [("DELETE", "?for=me"), ("POST", "/star"), ("POST", "/unstar")])
async def test_what_has_not_left_is_neither_deleted_for_oneself_nor_marked(
    gateway: Gateway, client: Client, method: str, route: str, not_sent: Callable[[Client, Gateway], Awaitable[str]]
) -> None:
    """It might come to the account's phone all the same, and without its star."""
    await gateway.link()
    path = f"{MESSAGES}/{await not_sent(client, gateway)}"
    before = (await client.get(path)).json()
    answer = await client.call(method, f"{path}{route}")
    if not_sent is canceled and method == "DELETE":
        assert (answer.status, answer.reason) == (422, "TARGET_UNKNOWN")
    else:
        assert (answer.status, answer.reason) == (409, "TARGET_NOT_SENT")
        assert answer.json()["metadata"]["status"] == before["status"]
    assert (await client.get(path)).json() == before


async def test_a_message_is_deleted_for_oneself_again_and_not_where_the_page_lacks_it(
    gateway: Gateway, client: Client, sent: dict[str, Any]
) -> None:
    """From an older snapshot; the account's phone has it still."""
    lacked = UnprocessableError("TARGET_UNKNOWN", "The page doesn't have the message.")
    gateway.whatsapp.script(ANAS, Operation.COMMAND, Refuse(lacked))
    refused = await client.call("DELETE", at(sent, "?for=me"))
    assert (refused.status, refused.reason) == (422, "TARGET_UNKNOWN")
    assert (await client.get(at(sent))).json()["deleted_at"] is None
    # Of a request that was broken off it is what the deletion looks like.
    broken = UnavailableError("PAGE_UNAVAILABLE", "The page is gone.")
    key = {"Idempotency-Key": "d"}
    gateway.whatsapp.script(ANAS, Operation.COMMAND, Refuse(broken))
    gateway.whatsapp.script(ANAS, Operation.COMMAND, Refuse(lacked))
    assert (await client.call("DELETE", at(sent, "?for=me"), headers=key)).status == 503
    answers = [(await client.call("DELETE", at(sent, "?for=me"), headers=key)).json() for _ in range(2)]
    assert answers[0]["message"]["deleted_at"] is not None
    assert answers[0] == answers[1]


async def test_of_an_unknown_message_nothing_can_be_done(client: Client, sent: dict[str, Any]) -> None:
    assert sent["id"] != NOBODYS
    for method, path in (
        ("DELETE", ""),
        ("DELETE", "/reaction"),
        ("POST", "/star"),
        ("POST", "/unpin"),
        ("GET", "/receipts"),
    ):
        answer = await client.call(method, f"{MESSAGES}/{NOBODYS}{path}")
        assert (answer.status, answer.reason) == (404, "MESSAGE_NOT_FOUND"), path


async def test_lists_show_operations_when_asked_for(client: Client, sent: dict[str, Any]) -> None:
    await client.call("PUT", at(sent, "/reaction"), json_body={"emoji": "👍"})
    listed = (await client.get(MESSAGES)).json()["items"]
    assert [item["type"] for item in listed] == ["text"]
    listed = (await client.get(f"{MESSAGES}?types=reaction,text")).json()["items"]
    assert [item["type"] for item in listed] == ["reaction", "text"]
    answer = await client.get(f"{MESSAGES}?types=nonsense")
    assert (answer.status, answer.reason) == (400, "UNKNOWN_CONTENT_TYPE")
