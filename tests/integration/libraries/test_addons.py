"""What is done to messages: wa-js on Ann's side, whatsapp-web.js on Bob's, and both of their phones."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.playwright.browser import Browser

from .pair import Pair, paired
from .sandbox import ControlError, eventually
from .wajs import WaJsPage

pytestmark = pytest.mark.asyncio(loop_scope="module")

type Json = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    folder: Path = tmp_path_factory.mktemp("addons")
    async with paired(browser, folder) as pair:
        yield pair


def emojis(message: Json) -> Json:
    return {each["from"]: each["emoji"] for each in message["reactions"]}


async def test_reactions_both_ways_and_taken_back(pair: Pair) -> None:
    ann, page, bob, client = pair
    hers, his = await pair.from_ann("react to this")
    await page.evaluate("([id, emoji]) => WPP.chat.sendReactionToMessage(id, emoji)", [hers, "🎉"])
    told = await client.wait("message_reaction", lambda event: event["emoji"] == "🎉")
    assert (told["of"], told["by"]) == (his, ann.jid)

    await client.call("react", of=his, emoji="👍🏽")
    heard = await pair.told("chat.new_reaction", reactionText="👍🏽")
    assert (heard["msgId"], heard["sender"]) == (hers, bob.jid)
    for phone in (ann, bob):
        assert emojis(pair.on_phone(phone, hers)) == {ann.jid: "🎉", bob.jid: "👍🏽"}

    shown = await client.call("reactions", of=his)
    assert shown == [{"emoji": "🎉", "mine": False, "by": [ann.jid]}, {"emoji": "👍", "mine": True, "by": [bob.jid]}]
    script = """(id) => WPP.chat.getReactions(id).then(({reactionByMe, reactions}) => [reactionByMe.reactionText,
      reactions.map(({aggregateEmoji, hasReactionByMe, senders}) =>
        [aggregateEmoji, hasReactionByMe, senders.map(({sender}) => String(sender))])])"""
    mine, groups = await page.evaluate(script, hers)
    assert mine == "🎉"
    assert sorted(groups) == [["🎉", True, [ann.jid]], ["👍", False, [bob.jid]]]

    await page.evaluate("(id) => WPP.chat.sendReactionToMessage(id, '')", hers)
    await client.wait("message_reaction", lambda event: event["of"] == his and event["emoji"] == "")
    await client.call("react", of=his, emoji="")
    await pair.told("chat.new_reaction", reactionText="", msgId=hers)
    assert emojis(pair.on_phone(bob, hers)) == {}


async def test_edits_both_ways(pair: Pair) -> None:
    ann, page, bob, client = pair
    hers, his = await pair.from_ann("helo Bob")
    await page.evaluate("(id) => WPP.chat.editMessage(id, 'hello Bob')", hers)
    edited = await client.wait("message_edit", lambda event: event["id"] == his)
    assert (edited["before"], edited["now"]) == ("helo Bob", "hello Bob")
    assert (await pair.shows(bob, hers, body="hello Bob"))["edits"]
    assert (await page.message(hers))["body"] == "hello Bob"

    hers, his = await pair.from_bob("helo Ann")
    answer = await client.call("edit", of=his, text="hello Ann")
    assert (answer["id"], answer["body"]) == (his, "hello Ann")
    await pair.told("chat.msg_edited", id=hers)
    assert (await page.message(hers))["body"] == "hello Ann"
    await pair.shows(ann, hers, body="hello Ann")
    # Nobody edits what another wrote.
    assert await client.call("edit", of=(await pair.from_ann("hers"))[1], text="his") is None


async def test_a_message_is_deleted_for_everyone_both_ways(pair: Pair) -> None:
    ann, page, bob, client = pair
    hers, his = await pair.from_ann("hers, for a while")
    answer = await page.evaluate("([chat, id]) => WPP.chat.deleteMessage(chat, id, true, true)", [bob.jid, hers])
    assert answer["isRevoked"] is True
    told = await client.wait("message_revoke_everyone", lambda event: event["of"] == his)
    # What is left has the id of the message that deleted it.
    assert told["message"]["id"] != his
    await pair.shows(bob, hers, type="revoked", body=None)
    assert (await pair.shows(ann, hers, type="revoked"))["revoked"]["by"] == ann.jid

    hers, his = await pair.from_bob("his, for a while")
    await client.call("delete", of=his, everyone=True)
    revoked = await pair.told("chat.msg_revoke", refId=hers)
    assert (revoked["type"], revoked["from"]) == ("sender_revoke", bob.jid)
    await pair.shows(ann, hers, type="revoked")
    left = """(id) => WPP.whatsapp.ChatStore.get(id).msgs.getModelsArray().filter((msg) => msg.type === "revoked")
      .map((msg) => [String(msg.protocolMessageKey), msg.body, msg.isSentByMe])"""
    assert [hers, "", False] in await page.evaluate(left, bob.jid)


async def test_deleting_for_oneself_leaves_the_others_copy(pair: Pair) -> None:
    ann, page, bob, client = pair
    hers, his = await pair.from_ann("kept by Bob")
    answer = await page.evaluate("([chat, id]) => WPP.chat.deleteMessage(chat, id, false, false)", [bob.jid, hers])
    assert answer["isDeleted"] is True
    assert ann.held(bob, "kept by Bob") == []
    assert len(bob.held(ann, "kept by Bob")) == 1

    await client.call("delete", of=his, everyone=False)
    await client.wait("message_revoke_me", lambda event: event["id"] == his)
    assert bob.held(ann, "kept by Bob") == []
    assert await client.call("message", key=his) is None


async def test_polls_votes_and_their_results_both_ways(pair: Pair) -> None:
    ann, page, bob, client = pair
    create = """([to, options]) => WPP.chat.sendCreatePollMessage(to, "Which colour?", ["red", "green", "blue"],
      {waitForAck: true, ...options}).then((sent) => sent.id)"""
    hers = await page.evaluate(create, [bob.jid, {"selectableCount": 1}])
    shown = await client.wait("message", lambda event: event["message"]["data"].get("pollName") == "Which colour?")
    his = shown["message"]["id"]
    assert [option["name"] for option in shown["message"]["data"]["pollOptions"]] == ["red", "green", "blue"]

    await client.call("vote", of=his, options=["green"])
    heard = await pair.told("chat.poll_response", msgId=hers, sender=bob.jid)
    assert [option["name"] for option in heard["selectedOptions"] if option] == ["green"]
    await pair.shows(ann, hers, results={"red": 0, "green": 1, "blue": 0})
    await client.call("vote", of=his, options=[])
    await pair.shows(ann, hers, results={"red": 0, "green": 0, "blue": 0})

    ann.call("POST", "/vote", {"id": hers.split("_")[2], "options": ["red"]})
    vote = await client.wait("vote_update", lambda event: event["of"] == his and event["by"] == ann.jid)
    assert vote["options"] == ["red"]
    assert {"by": ann.jid, "options": ["red"]} in await client.call("votes", of=his)
    votes = await page.evaluate(
        """(id) => WPP.chat.getVotes(id)
          .then(({votes}) => votes.map((vote) => [String(vote.sender), vote.selectedOptions.length]))""",
        hers,
    )
    assert [ann.jid, 1] in votes

    sent = await client.call("poll", to=ann.jid, question="When?", answers=["now", "later"], multiple=True)
    poll = await eventually(lambda: _poll(page, "When?"), what="Bob's poll")
    assert (poll["id"].split("_")[2], poll["pollSelectableOptionsCount"]) == (sent["id"].split("_")[2], 0)
    ann.call("POST", "/vote", {"id": sent["id"].split("_")[2], "options": ["now", "later"]})
    vote = await client.wait("vote_update", lambda event: event["of"] == sent["id"])
    assert vote["options"] == ["now", "later"]


async def _poll(page: WaJsPage, name: str) -> Json | None:
    return next((each for each in await page.events("chat.new_message") if each.get("pollName") == name), None)


async def test_pins_both_ways(pair: Pair) -> None:
    ann, page, bob, client = pair
    hers, his = await pair.from_ann("pin this")
    pinned = await page.evaluate(
        "(id) => WPP.chat.pinMsg(id, true, 'ThirtyDays').then(({pinned, result}) => [pinned, result])", hers
    )
    assert pinned == [True, "OK"]
    pin = pair.on_phone(bob, hers)["pinned"]
    assert (pin["by"], pin["until"] - pin["ts"]) == (ann.jid, 30 * 86_400)

    async def pins() -> list[str]:
        return [message["id"] for message in await client.call("pinned", chat=ann.jid)]

    async def none() -> bool:
        return await pins() == []

    assert await eventually(pins) == [his]
    assert await client.call("unpinMessage", of=his) is True
    assert pair.on_phone(ann, hers)["pinned"] is None
    await eventually(none)
    assert await client.call("pinMessage", of=his, seconds=7 * 86_400) is True
    pin = pair.on_phone(ann, hers)["pinned"]
    assert (pin["by"], pin["until"] - pin["ts"]) == (bob.jid, 7 * 86_400)
    await eventually(
        lambda: page.evaluate("(id) => WPP.whatsapp.PinInChatStore.getByParentMsgKey(id)?.pinType === 1", hers)
    )
    assert (await page.evaluate("(id) => WPP.chat.unpinMsg(id).then(({result}) => result)", hers)) == "OK"
    assert pair.on_phone(bob, hers)["pinned"] is None


async def test_stars_are_ones_own(pair: Pair) -> None:
    ann, page, bob, client = pair
    hers, his = await pair.from_bob("remember this")
    await page.evaluate("(id) => WPP.chat.starMessage(id, true)", hers)
    await client.call("star", of=his)
    assert [pair.on_phone(each, hers)["starred"] for each in (ann, bob)] == [True, True]
    await client.call("unstar", of=his)
    assert [pair.on_phone(each, hers)["starred"] for each in (ann, bob)] == [True, False]
    ann.call("POST", "/star", {"id": hers.split("_")[2], "starred": False})
    await eventually(
        lambda: page.evaluate("(id) => WPP.chat.getMessageById(id).then((msg) => msg.star === false)", hers)
    )


async def test_forwarding_marks_the_message_and_counts(pair: Pair) -> None:
    ann, page, bob, client = pair
    hers, _ = await pair.from_bob("pass it on")
    await page.evaluate("([to, id]) => WPP.chat.forwardMessages(to, [id])", [bob.jid, hers])
    once = await client.wait("message", lambda event: event["message"]["data"].get("forwardingScore") == 1)
    assert (once["message"]["body"], once["message"]["data"]["isForwarded"]) == ("pass it on", True)
    await client.call("forward", of=once["message"]["id"], to=ann.jid)

    def twice() -> list[Json]:
        return [each["content"] for each in ann.held(bob, "pass it on") if each["content"].get("forwardingScore") == 2]

    (content,) = await eventually(twice)
    assert content["isForwarded"] is True


async def test_what_was_done_survives_a_reload(pair: Pair) -> None:
    ann, page, bob, client = pair
    edited, _ = await pair.from_bob("befor")
    starred, _ = await pair.from_ann("starred and pinned")
    revoked, his = await pair.from_bob("not for long")
    bob.call("POST", "/edit", {"id": edited.split("_")[2], "text": "before"})
    bob.call("POST", "/react", {"id": edited.split("_")[2], "emoji": "💾"})
    await page.evaluate("(id) => WPP.chat.starMessage(id, true)", starred)
    await page.evaluate("(id) => WPP.chat.pinMsg(id, true)", starred)
    await client.call("delete", of=his, everyone=True)
    await pair.told("chat.msg_revoke", refId=revoked)
    await pair.told("chat.new_reaction", reactionText="💾")
    await eventually(lambda: not ann.devices()[0]["queued"], what="all of it in the page's storage")

    await page.page.reload()
    await page.attached()
    await page.ready()
    state = """async ([edited, starred, revoked]) => {
      const {body, latestEditMsgKey, hasReaction} = await WPP.chat.getMessageById(edited);
      const {reactions} = await WPP.chat.getReactions(edited);
      const {star} = await WPP.chat.getMessageById(starred);
      const pin = WPP.whatsapp.PinInChatStore.getByParentMsgKey(starred)?.pinType;
      const gone = await WPP.chat.getMessageById(revoked).then(() => false, () => true);
      const emojis = reactions.map((each) => each.aggregateEmoji);
      return [body, Boolean(latestEditMsgKey), hasReaction, emojis, star, pin, gone];
    }"""
    found = await page.evaluate(state, [edited, starred, revoked])
    assert found == ["before", True, True, ["💾"], True, 1, True]


async def test_what_is_too_old_is_not_edited_nor_deleted_whatever_the_library_says(pair: Pair) -> None:
    # Last of all: the clock doesn't go back.
    ann, page, bob, client = pair
    hers, his = await pair.from_ann("set in stone")
    ann.sandbox.call("POST", "/clock", {"advance_ms": 16 * 60_000})
    ahead = "WPP.whatsapp.functions.unixTime() - Date.now() / 1000 > 15 * 60"
    await eventually(lambda: page.evaluate(ahead), what="the page's clock")
    refused = "([id]) => WPP.chat.editMessage(id, 'too late').then(() => 'edited', (error) => error.code)"
    assert await page.evaluate(refused, [hers]) == "edit_message_error"
    with pytest.raises(ControlError):
        ann.call("POST", "/edit", {"id": hers.split("_")[2], "text": "too late"})

    ann.sandbox.call("POST", "/clock", {"advance_ms": 60 * 3_600_000})
    answer = await page.evaluate("([chat, id]) => WPP.chat.deleteMessage(chat, id, true, true)", [bob.jid, hers])
    # A green answer, and nothing has happened.
    assert answer["sendMsgResult"] == "OK"
    assert pair.on_phone(bob, hers)["body"] == "set in stone"
    assert pair.on_phone(ann, hers)["body"] == "set in stone"
    assert (await client.call("message", key=his))["body"] == "set in stone"
