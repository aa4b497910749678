"""Messages that say something of another one, between a device and a phone, and by WhatsApp's rules."""

from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from sandbox.app import SandboxServer
from sandbox.config import SandboxConfig

from .device import Device, RequestError
from .world import World

ADA, BOB = "15550001", "15550002"
HOUR_MS = 3_600_000
type Json = dict[str, Any]


async def send(device: Device, to: str, content: Json, message_id: str) -> str:
    await device.ask(t="message", id=message_id, to=f"{to}@c.us", content=content)
    return message_id


def key(author: str, message_id: str) -> Json:
    return {"id": message_id, "participant": f"{author}@c.us"}


def reaction(target: Json, emoji: str) -> Json:
    return {"type": "reaction", "reactionParentKey": target, "reactionText": emoji}


def edit(target: Json, body: str) -> Json:
    return {"type": "protocol", "subtype": "message_edit", "protocolMessageKey": target, "body": body}


def revoke(target: Json, subtype: str = "sender_revoke") -> Json:
    return {"type": "protocol", "subtype": subtype, "protocolMessageKey": target}


async def only(world: World, phone: str, chat: str) -> Json:
    (message,) = await world.log(phone, chat)
    return message


async def test_reactions_show_on_both_phones_one_per_person(world: World) -> None:
    ada = await world.linked(ADA)
    target = key(ADA, await ada.send_text(f"{BOB}@c.us", "hello"))
    await world.post(f"/accounts/{BOB}/react", {"id": target["id"], "emoji": "👍"})
    await send(ada, BOB, reaction(target, "🎉"), "3EB001")
    told = (await world.post(f"/accounts/{BOB}/react", {"id": target["id"], "emoji": "🙏"}))["id"]
    for phone, chat in ((ADA, BOB), (BOB, ADA)):
        reactions = (await only(world, phone, chat))["reactions"]
        assert {each["from"]: each["emoji"] for each in reactions} == {f"{ADA}@c.us": "🎉", f"{BOB}@c.us": "🙏"}
    message = await ada.received(told)
    assert message["content"] == reaction(target, "🙏")
    await send(ada, BOB, reaction(target, ""), "3EB002")
    assert [each["from"] for each in (await only(world, BOB, ADA))["reactions"]] == [f"{BOB}@c.us"]


async def test_an_add_on_is_routed_once_and_its_receipt_comes(world: World) -> None:
    ada = await world.linked(ADA)
    target = key(ADA, await ada.send_text(f"{BOB}@c.us", "hello"))
    for _ in range(3):
        await send(ada, BOB, reaction(target, "🎉"), "3EB001")
    assert len((await only(world, BOB, ADA))["reactions"]) == 1
    await ada.until(lambda: ada.receipts("3EB001") == ["delivered"])
    assert (await world.get(f"/accounts/{BOB}/chats"))["chats"][0]["unread"] == 1


async def test_an_edit_within_a_quarter_of_an_hour_changes_the_text(world: World) -> None:
    ada = await world.linked(ADA)
    target = key(ADA, await ada.send_text(f"{BOB}@c.us", "helo"))
    await world.post("/clock", {"advance_ms": 60_000}, 200)
    await send(ada, BOB, edit(target, "hello"), "3EB001")
    held = await only(world, BOB, ADA)
    assert (held["body"], held["content"]) == ("hello", {"type": "chat", "body": "hello"})
    assert [(each["id"], each["body"]) for each in held["edits"]] == [("3EB001", "hello")]
    assert 60 <= held["edits"][0]["ts"] - held["ts"] < 90

    await world.post("/clock", {"advance_ms": 15 * 60_000 + 1}, 200)
    with pytest.raises(RequestError) as refused:
        await send(ada, BOB, edit(target, "too late"), "3EB002")
    assert refused.value.code == 410
    assert (await only(world, BOB, ADA))["body"] == "hello"


async def test_nobody_edits_or_revokes_what_another_wrote(world: World) -> None:
    ada, bob = await world.linked(ADA), await world.linked(BOB)
    target = key(ADA, await ada.send_text(f"{BOB}@c.us", "mine"))
    for content in (edit(target, "yours"), revoke(target), revoke(target, "admin_revoke")):
        with pytest.raises(RequestError) as refused:
            await send(bob, ADA, content, "3EB001")
        assert refused.value.code == 403
    status, _ = await world.call("POST", f"/accounts/{BOB}/edit", {"id": target["id"], "text": "yours"})
    assert status == 403
    assert (await only(world, ADA, BOB))["body"] == "mine"


async def test_a_revoked_message_leaves_nothing_but_the_fact(world: World) -> None:
    ada = await world.linked(ADA)
    target = key(ADA, await ada.send_text(f"{BOB}@c.us", "a secret"))
    await send(ada, BOB, reaction(target, "🤫"), "3EB001")
    await world.post("/clock", {"advance_ms": 59 * HOUR_MS}, 200)
    await send(ada, BOB, revoke(target), "3EB002")
    for phone, chat in ((ADA, BOB), (BOB, ADA)):
        held = await only(world, phone, chat)
        assert (held["type"], held["body"], held["content"]) == ("revoked", None, {"type": "revoked"})
        assert (held["revoked"]["by"], held["reactions"]) == (f"{ADA}@c.us", [])
        assert 59 * 3600 <= held["revoked"]["ts"] - held["ts"] < 59 * 3600 + 30
    # What is gone takes no reaction, and is deleted once more without complaint.
    with pytest.raises(RequestError) as refused:
        await send(ada, BOB, reaction(target, "👍"), "3EB003")
    assert refused.value.code == 404
    await send(ada, BOB, revoke(target), "3EB004")
    # A new device never hears what was said.
    late = await world.linked(BOB)
    (view,) = late.messages.values()
    assert view["content"] == {"type": "revoked"}
    assert [each["content"]["subtype"] for each in view["addons"]] == ["sender_revoke"]


async def test_after_two_days_and_a_half_a_message_stays(world: World) -> None:
    ada = await world.linked(ADA)
    target = key(ADA, await ada.send_text(f"{BOB}@c.us", "for good"))
    await world.post("/clock", {"advance_ms": 60 * HOUR_MS + 1}, 200)
    with pytest.raises(RequestError) as refused:
        await send(ada, BOB, revoke(target), "3EB001")
    assert refused.value.code == 410
    assert (await only(world, BOB, ADA))["body"] == "for good"


def poll(selectable: int) -> Json:
    names = ("red", "green", "blue")
    options = [{"name": name, "localId": number} for number, name in enumerate(names)]
    return {
        "type": "poll_creation",
        "pollName": "Which?",
        "pollOptions": options,
        "pollSelectableOptionsCount": selectable,
    }


def event(**more: Any) -> Json:
    return {"eventName": "Fair", "eventStartTime": 1_900_000_000, **more}


def event_edit(target: Json, **more: Any) -> Json:
    return {"type": "protocol", "subtype": "message_edit", "protocolMessageKey": target, **event(**more)}


async def test_each_person_has_one_answer_to_an_invitation(world: World) -> None:
    ada = await world.linked(ADA)
    target = key(ADA, await send(ada, BOB, {"type": "event_creation", **event()}, "3EB0"))
    told = (await world.post(f"/accounts/{BOB}/respond", {"id": "3EB0", "response": "maybe"}))["id"]
    answer = {"type": "rsvp", "rsvpParentKey": target, "rsvp": 1}
    assert (await ada.received(told))["content"] == {**answer, "rsvp": 3}
    await send(ada, BOB, answer, "3EB001")
    await world.post(f"/accounts/{BOB}/respond", {"id": "3EB0", "response": "not_going"})
    for phone, chat in ((ADA, BOB), (BOB, ADA)):
        held = (await only(world, phone, chat))["responses"]
        assert {each["from"]: each["response"] for each in held} == {f"{ADA}@c.us": "going", f"{BOB}@c.us": "not_going"}
    await world.post(f"/accounts/{BOB}/respond", {"id": "3EB0", "response": "none"})
    assert [each["from"] for each in (await only(world, BOB, ADA))["responses"]] == [f"{ADA}@c.us"]
    late = await world.linked(BOB)
    (view,) = late.messages.values()
    assert [each["content"]["rsvp"] for each in view["addons"]] == [3, 1, 2, 0]


async def test_an_answer_is_one_of_three_and_to_an_invitation(world: World) -> None:
    ada = await world.linked(ADA)
    text = key(ADA, await ada.send_text(f"{BOB}@c.us", "hello"))
    invitation = key(ADA, await send(ada, BOB, {"type": "event_creation", **event()}, "3EB0"))
    for target, given in ((text, 1), (invitation, 4), (invitation, True), (invitation, "1"), (invitation, None)):
        answer = {"type": "rsvp", "rsvpParentKey": target, "rsvp": given}
        with pytest.raises(RequestError) as refused:
            await send(ada, BOB, answer, "3EB001")
        assert refused.value.code == 400
    status, _ = await world.call("POST", f"/accounts/{BOB}/respond", {"id": "3EB0", "response": "perhaps"})
    assert status == 400


MENU = {
    "buttonText": "Menu",
    "listType": 1,
    "sections": [
        {"title": "Hot", "rows": [{"rowId": "tea", "title": "Tea", "description": ""}]},
        {"title": "Cold", "rows": [{"rowId": "ice", "title": "Ice", "description": "of lemons"}]},
    ],
}
LEMONS = {"title": "Ice", "description": "of lemons", "listType": 1, "singleSelectReply": {"selectedRowId": "ice"}}


@pytest.mark.parametrize(
    ("menu", "choice", "chosen"),
    [
        ({"type": "list", "list": MENU}, "ice", {"type": "list_response", "body": "Ice", "listResponse": LEMONS}),
        (
            {"type": "chat", "body": "?", "buttons": [{"selectionId": "y", "displayText": "Yes"}]},
            "y",
            {"type": "template_button_reply", "body": "Yes", "selectedId": "y", "selectedIndex": 0},
        ),
        (
            {
                "type": "chat",
                "body": "?",
                "dynamicReplyButtons": [{"buttonId": "n", "buttonText": {"displayText": "No"}, "type": 1}],
            },
            "n",
            {"type": "buttons_response", "body": "No", "selectedButtonId": "n"},
        ),
    ],
    ids=["list", "template buttons", "reply buttons"],
)
async def test_a_choice_is_an_answer_to_the_menu(world: World, menu: Json, choice: str, chosen: Json) -> None:
    ada = await world.linked(ADA)
    target = key(ADA, await send(ada, BOB, menu, "3EB0"))
    told = (await world.post(f"/accounts/{BOB}/choose", {"id": "3EB0", "choice": choice}))["id"]
    assert (await ada.received(told))["content"] == {**chosen, "quoted": {**target, "content": menu}}
    for other, refused in (("none such", 404), (None, 400)):
        status, _ = await world.call("POST", f"/accounts/{BOB}/choose", {"id": "3EB0", "choice": other})
        assert status == refused


async def test_nothing_is_chosen_where_there_is_no_menu(world: World) -> None:
    ada = await world.linked(ADA)
    await ada.send_text(f"{BOB}@c.us", "hello")
    for content in ({"type": "list"}, {"type": "list", "list": {"sections": [1, {"rows": "x"}]}}, {"type": "chat"}):
        await send(ada, BOB, content, "3EB0" + str(len(str(content))))
    for message in await world.log(BOB, ADA):
        status, told = await world.call("POST", f"/accounts/{BOB}/choose", {"id": message["id"], "choice": "x"})
        assert (status, told["error"]["code"]) == (404, "CHOICE_NOT_FOUND")


async def test_an_event_is_edited_whole_by_its_author_until_it_is_canceled(world: World) -> None:
    ada = await world.linked(ADA)
    first = {"type": "event_creation", **event(eventDescription="seeds", messageSecret="c2VjcmV0")}
    target = key(ADA, await send(ada, BOB, first, "3EB0"))
    status, _ = await world.call("POST", f"/accounts/{BOB}/edit", {"id": "3EB0", "event": event()})
    assert status == 403
    # Events are edited for longer than texts.
    await world.post("/clock", {"advance_ms": HOUR_MS}, 200)
    await send(ada, BOB, event_edit(target, eventName="Fête", eventEndTime=1_900_000_001), "3EB001")
    held = await only(world, BOB, ADA)
    edited = {"eventName": "Fête", "eventStartTime": 1_900_000_000, "eventEndTime": 1_900_000_001}
    assert held["content"] == {"type": "event_creation", "messageSecret": "c2VjcmV0", **edited}
    assert [(each["id"], each["body"]) for each in held["edits"]] == [("3EB001", "Fête")]
    for wrong in (
        {"eventName": ""},
        {"eventStartTime": "now"},
        {"eventEndTime": 1},
        {"eventLocation": "here"},
        {"eventDescription": 5},
        {"eventJoinLink": {}},
        {"isEventCanceled": "yes"},
    ):
        with pytest.raises(RequestError) as refused:
            await send(ada, BOB, event_edit(target, **wrong), "3EB002")
        assert refused.value.code == 400
    await world.post(f"/accounts/{ADA}/edit", {"id": "3EB0", "event": event(isEventCanceled=True)})
    with pytest.raises(RequestError) as refused:
        await send(ada, BOB, event_edit(target), "3EB003")
    assert refused.value.code == 403
    assert (await only(world, BOB, ADA))["content"]["isEventCanceled"] is True


async def test_votes_are_counted_each_person_once(world: World) -> None:
    ada = await world.linked(ADA)
    target = key(ADA, await send(ada, BOB, poll(0), "3EB0"))
    await world.post(f"/accounts/{BOB}/vote", {"id": "3EB0", "options": ["red", "blue"]})
    vote = {"type": "poll_update", "pollUpdateParentKey": target, "selectedOptionLocalIds": [2]}
    await world.post("/clock", {"advance_ms": 60_000}, 200)
    await send(ada, BOB, vote, "3EB001")
    held = await only(world, BOB, ADA)
    assert held["results"] == {"red": 1, "green": 0, "blue": 2}
    await world.post(f"/accounts/{BOB}/vote", {"id": "3EB0", "options": []})
    held = await only(world, ADA, BOB)
    assert held["results"] == {"red": 0, "green": 0, "blue": 1}
    assert [(each["from"], each["options"]) for each in held["votes"]] == [(f"{ADA}@c.us", ["blue"])]
    assert 60 <= held["votes"][0]["ts"] - held["ts"] < 90


@pytest.mark.parametrize("chosen", [[0, 1], [7], [0, 0], "0", [True], None])
async def test_a_vote_that_the_poll_does_not_allow_is_refused(world: World, chosen: Any) -> None:
    ada = await world.linked(ADA)
    target = key(ADA, await send(ada, BOB, poll(1), "3EB0"))
    vote = {"type": "poll_update", "pollUpdateParentKey": target, "selectedOptionLocalIds": chosen}
    with pytest.raises(RequestError) as refused:
        await send(ada, BOB, vote, "3EB001")
    assert refused.value.code == 400


async def test_a_pin_lasts_as_long_as_it_was_made_for(world: World) -> None:
    ada = await world.linked(ADA)
    target = key(ADA, await ada.send_text(f"{BOB}@c.us", "read this"))
    pin = {"type": "pinned_message", "pinParentKey": target, "pinMessageType": 1, "pinExpiryDuration": 86_400}
    await send(ada, BOB, pin, "3EB001")
    pinned = (await only(world, BOB, ADA))["pinned"]
    assert (pinned["by"], pinned["until"] - pinned["ts"]) == (f"{ADA}@c.us", 86_400)
    await world.post(f"/accounts/{BOB}/unpin", {"id": target["id"]})
    assert (await only(world, ADA, BOB))["pinned"] is None
    await world.post(f"/accounts/{BOB}/pin", {"id": target["id"]})
    assert (await only(world, ADA, BOB))["pinned"]["by"] == f"{BOB}@c.us"
    await world.post("/clock", {"advance_ms": 24 * HOUR_MS}, 200)
    assert (await only(world, ADA, BOB))["pinned"] is None


async def test_what_names_no_message_of_the_chat_is_refused(world: World) -> None:
    await world.account("15550003", "Eve")
    ada, eve = await world.linked(ADA), await world.linked("15550003")
    target = key(ADA, await ada.send_text(f"{BOB}@c.us", "between us"))
    await send(ada, BOB, reaction(target, "👍"), "3EB001")
    strange = [
        (ada, BOB, reaction(key(ADA, "3EB0FFFF"), "👍"), 404),
        (ada, BOB, reaction(key(ADA, "3EB001"), "👍"), 404),
        (eve, ADA, reaction(target, "👀"), 404),
        (eve, BOB, reaction(target, "👀"), 404),
        (ada, BOB, reaction({"id": target["id"]}, "👍"), 400),
        (ada, BOB, reaction({}, "👍"), 400),
        (ada, BOB, {"type": "reaction", "reactionParentKey": target}, 400),
        (ada, BOB, edit(target, ""), 400),
        (ada, BOB, {"type": "pinned_message", "pinParentKey": target, "pinMessageType": 3}, 400),
        (ada, BOB, {"type": "pinned_message", "pinParentKey": target, "pinMessageType": 1}, 400),
    ]
    for device, to, content, code in strange:
        with pytest.raises(RequestError) as refused:
            await send(device, to, content, "3EB002")
        assert refused.value.code == code, content


async def test_stars_and_deletions_are_the_accounts_own_and_reach_its_devices(world: World) -> None:
    first, second = await world.linked(ADA), await world.linked(ADA)
    sent = await first.send_text(f"{BOB}@c.us", "note this")
    marked = {"chat": f"{BOB}@c.us", "messages": [key(ADA, sent)]}
    await first.ask(t="iq", op="star", starred=True, **marked)
    await second.until(lambda: bool(second.named("star")))
    assert second.named("star")[0]["messages"] == marked["messages"]
    assert first.named("star") == []
    assert (await only(world, ADA, BOB))["starred"] is True
    assert (await only(world, BOB, ADA))["starred"] is False

    await world.post(f"/accounts/{ADA}/delete", {"id": sent}, 200)
    for device in (first, second):
        await device.until(lambda device=device: bool(device.named("delete_messages")))
    assert await world.log(ADA, BOB) == []
    assert (await only(world, BOB, ADA))["body"] == "note this"


async def test_a_forwarded_message_carries_the_mark_and_no_more(world: World) -> None:
    ada = await world.linked(ADA)
    quoted = {"id": "x", "participant": f"{BOB}@c.us", "content": {"type": "chat", "body": "?"}}
    sent = await send(ada, BOB, {"type": "chat", "body": "pass it on", "quoted": quoted}, "3EB0")
    forwarded = (await world.post(f"/accounts/{BOB}/forward", {"id": sent, "to": ADA}))["id"]
    assert (await ada.received(forwarded))["content"] == {
        "type": "chat",
        "body": "pass it on",
        "isForwarded": True,
        "forwardingScore": 1,
    }


async def test_a_new_device_gets_what_was_done_to_messages_with_them(world: World) -> None:
    ada = await world.linked(ADA)
    target = key(ADA, await ada.send_text(f"{BOB}@c.us", "helo"))
    await send(ada, BOB, edit(target, "hello"), "3EB001")
    await world.post(f"/accounts/{BOB}/react", {"id": target["id"], "emoji": "👍"})
    late = await world.linked(BOB)
    (view,) = late.messages.values()
    assert view["content"]["body"] == "helo"
    assert [each["content"]["type"] for each in view["addons"]] == ["protocol", "reaction"]


async def test_a_restart_forgets_nothing_of_it(
    config: Callable[..., SandboxConfig], http: aiohttp.ClientSession
) -> None:
    async with SandboxServer(config()) as server:
        world = World(http, server)
        for phone, name in ((ADA, "Ada"), (BOB, "Bob")):
            await world.account(phone, name)
        sent = (await world.post(f"/accounts/{ADA}/send", {"to": BOB, "text": "helo"}))["id"]
        await world.post(f"/accounts/{ADA}/edit", {"id": sent, "text": "hello"})
        await world.post(f"/accounts/{BOB}/react", {"id": sent, "emoji": "👍"})
        await world.post(f"/accounts/{BOB}/star", {"id": sent}, 200)
        moved = await world.post("/clock", {"advance_ms": HOUR_MS}, 200)
    async with SandboxServer(config()) as server:
        world = World(http, server)
        held = await only(world, BOB, ADA)
        assert (held["body"], held["starred"], held["reactions"][0]["emoji"]) == ("hello", True, "👍")
        assert (await world.get("/clock"))["now_ms"] >= moved["now_ms"]
        status, _ = await world.call("POST", f"/accounts/{ADA}/edit", {"id": sent, "text": "later"})
        assert status == 410
