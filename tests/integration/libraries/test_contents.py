"""Contents other than text and files: sent by each of the two libraries, told by the other, and on the phones."""

import base64
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.playwright.browser import Browser

from .pair import Pair, paired
from .sandbox import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

_numbers = itertools.count()
type Json = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    folder: Path = tmp_path_factory.mktemp("contents")
    async with paired(browser, folder) as pair:
        yield pair


async def ann_sends(pair: Pair, function: str, *arguments: Any, **options: Any) -> tuple[Json, Json]:
    """What Bob's library told of a message of Ann's, and its content on his phone."""
    script = f"""([to, args, options]) => WPP.chat.{function}(to, ...args, {{waitForAck: true, ...options}})
      .then(({{id}}) => id)"""
    sent = await pair.page.evaluate(script, [pair.bob.jid, arguments, options])
    identifier = sent.split("_")[2]
    told = await pair.client.wait("message", lambda event: event["message"]["id"].split("_")[2] == identifier)
    return told["message"], pair.on_phone(pair.bob, sent)["content"]


async def bob_sends(pair: Pair, command: str, **arguments: Any) -> tuple[Json, Json]:
    """What wa-js told of a message of Bob's, and its content on Ann's phone."""
    sent = await pair.client.call(command, to=pair.ann.jid, **arguments)
    identifier = sent["id"].split("_")[2]

    async def find() -> Json | None:
        messages = await pair.page.events("chat.new_message")
        return next((each for each in messages if each["id"].split("_")[2] == identifier), None)

    found = await eventually(find, what=f"Bob's {command}")
    assert found is not None
    return found, pair.on_phone(pair.ann, sent["id"])["content"]


async def test_locations(pair: Pair) -> None:
    told, content = await ann_sends(pair, "sendLocationMessage", lat=52.52, lng=13.405, name="Alex", address="Berlin")
    assert told["type"] == "location"
    assert (told["data"]["lat"], told["data"]["lng"], told["data"]["loc"]) == (52.52, 13.405, "Alex\nBerlin")
    assert (content["lat"], content["lng"]) == (52.52, 13.405)
    place = {"name": "Alex", "address": "Berlin"}
    told, content = await bob_sends(pair, "location", latitude=-33.9, longitude=18.4, place=place)
    assert (told["type"], told["lat"], told["lng"], told["loc"]) == ("location", -33.9, 18.4, "Alex\nBerlin")
    assert content["type"] == "location"


async def test_contact_cards(pair: Pair) -> None:
    ann, _, bob, _ = pair
    told, content = await ann_sends(pair, "sendVCardContactMessage", {"id": bob.jid, "name": "Bob, the one; only"})
    assert told["type"] == "vcard"
    assert f"waid={bob.phone}:+{bob.phone}" in told["body"]
    assert "FN:Bob\\, the one\\; only" in content["body"]
    assert content["vcardFormattedName"] == "Bob, the one; only"
    told, content = await ann_sends(pair, "sendVCardContactMessage", [ann.jid, bob.jid])
    assert [told["type"], len(told["data"]["vcardList"])] == ["multi_vcard", 2]
    told, content = await bob_sends(pair, "cards", people=[ann.jid])
    assert (told["type"], told["vcardFormattedName"]) == ("vcard", "Ann")
    told, content = await bob_sends(pair, "cards", people=[ann.jid, bob.jid])
    assert [card["displayName"] for card in content["vcardList"]] == ["Ann", "Bob"]
    assert told["type"] == "multi_vcard"


async def test_event_invitations(pair: Pair) -> None:
    start = 1_900_000_000
    told, content = await ann_sends(pair, "sendEventMessage", name="Picnic", startTime=start, callType="video")
    assert (told["type"], told["data"]["eventName"], told["data"]["eventStartTime"]) == (
        "event_creation",
        "Picnic",
        start,
    )
    assert content["eventJoinLink"].startswith("https://call.whatsapp.com/video/")
    told, content = await bob_sends(pair, "event", name="Dinner", start=start * 1000)
    assert (told["type"], told["eventName"], content["eventStartTime"]) == ("event_creation", "Dinner", start)


async def test_group_invitations(pair: Pair) -> None:
    group = "120363000000000000@g.us"
    invitation = {"groupId": group, "groupName": "Hikers", "inviteCode": "AbCdEf", "inviteCodeExpiration": "1900000000"}
    thumbnail = base64.b64encode(b"jpeg").decode()
    told, content = await ann_sends(
        pair, "sendGroupInviteMessage", jpegThumbnail=thumbnail, caption="come", **invitation
    )
    assert told["type"] == "groups_v4_invite"
    assert (told["data"]["inviteCode"], told["data"]["inviteGrpName"]) == ("AbCdEf", "Hikers")
    assert (content["inviteGrp"], content["comment"], content["inviteGrpJpegThum"]) == (group, "come", thumbnail)


async def test_lists(pair: Pair) -> None:
    rows = [
        {"rowId": "a", "title": "Tea", "description": "green"},
        {"rowId": "b", "title": "Coffee", "description": ""},
    ]
    sections = [{"title": "Drinks", "rows": rows}]
    told, content = await ann_sends(
        pair, "sendListMessage", buttonText="Menu", description="Choose", title="Bar", sections=sections
    )
    assert (told["type"], told["data"]["list"]["sections"][0]["rows"][1]["title"]) == ("list", "Coffee")
    assert content["list"]["buttonText"] == "Menu"
    rows = [{"id": "a", "title": "Tea", "description": "green"}]
    sections = [{"title": "Drinks", "rows": rows}]
    told, content = await bob_sends(pair, "list", body="Choose", button="Menu", sections=sections, title="Bar")
    assert (told["type"], told["body"]) == ("list", "Choose")
    assert content["list"]["sections"][0]["rows"][0]["title"] == "Tea"


async def test_buttons(pair: Pair) -> None:
    buttons = [{"id": "yes", "text": "Yes"}, {"id": "no", "text": "No"}]
    told, content = await ann_sends(pair, "sendTextMessage", "Coming?", buttons=buttons, linkPreview=False)
    assert [button["displayText"] for button in told["data"]["buttons"]] == ["Yes", "No"]
    assert [button["selectionId"] for button in content["buttons"]] == ["yes", "no"]
    told, content = await bob_sends(
        pair, "buttons", body="Coming?", buttons=[{"id": "yes", "body": "Yes"}], title="Well"
    )
    assert [button["buttonText"]["displayText"] for button in told["dynamicReplyButtons"]] == ["Yes"]
    assert content["body"] == "Coming?"


async def test_a_link_preview_of_the_senders_making_arrives(pair: Pair) -> None:
    preview = {
        "title": "A title",
        "description": "What it is",
        "canonicalUrl": "https://example.org/page",
        "matchedText": "https://example.org/page",
        "thumbnail": base64.b64encode(b"jpeg").decode(),
        "richPreviewType": 0,
    }
    told, content = await ann_sends(pair, "sendTextMessage", "see https://example.org/page", linkPreview=preview)
    assert preview.items() <= told["data"].items()
    assert preview.items() <= content.items()
    assert told["data"]["subtype"] == "url"


async def test_mentioning_all_and_a_quoted_poll(pair: Pair) -> None:
    ann, page, bob, client = pair
    content = {"type": "chat", "body": "@all hear this", "nonJidMentions": 1}
    bob.send_content(ann, content)
    assert (await page.received("@all hear this"))["nonJidMentions"] == 1

    create = (
        """(to) => WPP.chat.sendCreatePollMessage(to, "Quote me", ["a", "b"], {waitForAck: true}).then(({id}) => id)"""
    )
    poll = await page.evaluate(create, bob.jid)
    shown = await client.wait("message", lambda event: event["message"]["data"].get("pollName") == "Quote me")
    await client.call("reply", message=shown["message"]["id"], text="why?")
    reply = await page.received("why?")
    quoted = """(id) => WPP.chat.getMessageById(id).then((msg) => WPP.whatsapp.functions.getQuotedMsgObj(msg))
      .then((msg) => [String(msg.id), msg.pollName])"""
    assert await page.evaluate(quoted, reply["id"]) == [poll, "Quote me"]


async def test_a_voice_note_is_marked_as_played(pair: Pair) -> None:
    ann, page, bob, _ = pair
    note = {"type": "ptt", "mimetype": "audio/ogg; codecs=opus", "duration": 3, "body": f"note {next(_numbers)}"}
    sent = bob.send_content(ann, note)
    await page.received(note["body"])
    key = f"false_{bob.jid}_{sent}"
    await page.evaluate("(id) => WPP.chat.markPlayed(id)", key)
    (receipt,) = (await pair.shows(bob, key, ack=4))["receipts"]
    assert receipt["played_ms"]


async def test_contents_survive_a_reload(pair: Pair) -> None:
    ann, page, bob, _ = pair
    buttons = [{"id": "yes", "text": "Yes"}]
    sent = await page.send(bob, "Still there?", buttons=buttons)
    await eventually(lambda: not ann.devices()[0]["queued"], what="the receipt in the page's storage")
    await page.page.reload()
    await page.attached()
    await page.ready()
    shown = "(id) => WPP.chat.getMessageById(id).then((msg) => msg.buttons.serialize().map((each) => each.displayText))"
    assert await page.evaluate(shown, sent["id"]) == ["Yes"]
