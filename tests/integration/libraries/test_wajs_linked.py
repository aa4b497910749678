"""What wa-js 4.6.0 does on a linked page; one browser serves all of these."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Error, async_playwright

from adapters.playwright.browser import Browser

from .sandbox import Account, Sandbox, eventually
from .wajs import WaJsPage

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Linked(NamedTuple):
    page: WaJsPage
    account: Account


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def linked(browser: Browser, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Linked]:
    profile: Path = tmp_path_factory.mktemp("linked")
    ann = sandbox.account("Ann")
    settings = {"ackTimeoutMs": 500}
    async with (
        async_playwright() as playwright,
        WaJsPage(playwright, browser, profile, sandbox.page, settings) as page,
    ):
        await page.link(ann)
        yield Linked(page, ann)
        assert page.errors == []


def _becomes[T](read: Callable[[], Awaitable[T]], expected: T) -> Callable[[], Awaitable[bool]]:
    async def equal() -> bool:
        return await read() == expected

    return equal


async def test_replies_and_mentions_arrive_both_ways(linked: Linked, sandbox: Sandbox) -> None:
    (page, ann), bob = linked, sandbox.account("Bob")
    question = bob.send(ann, "where?")
    asked = await page.received("where?")

    answer = await page.send(bob, f"here @{bob.phone}", quotedMsg=asked["id"], mentionedList=[bob.jid])

    (held,) = bob.held(ann, f"here @{bob.phone}")
    assert held["content"]["quoted"]["id"] == question
    assert held["content"]["quoted"]["participant"] == bob.jid
    assert held["content"]["quoted"]["content"] == {"type": "chat", "body": "where?"}
    assert held["content"]["mentions"] == [bob.jid]

    bob.call("POST", "/send", {"to": ann.phone, "text": "thanks", "quoted_id": held["id"], "mentions": [ann.phone]})
    thanks = await page.received("thanks")
    quoted = "async (id) => WPP.whatsapp.functions.getQuotedMsgObj(await WPP.chat.getMessageById(id)).id._serialized"
    assert await page.evaluate(quoted, thanks["id"]) == answer["id"]
    assert thanks["mentionedJidList"] == [ann.jid]
    assert page.errors == []


async def test_a_message_keeps_the_id_it_was_given_and_is_sent_once(linked: Linked, sandbox: Sandbox) -> None:
    (page, ann), bob = linked, sandbox.account("Bob")
    key = f"true_{bob.jid}_3EB0ABCDEF0123456789"
    first = await page.send(bob, "only once", messageId=key)
    again = await page.send(bob, "only once", messageId=key)
    assert first["id"] == again["id"] == key
    assert again["result"]["messageSendResult"] == "OK"
    (held,) = bob.held(ann, "only once")
    assert held["id"] == "3EB0ABCDEF0123456789"


async def test_an_unknown_number_does_not_exist(linked: Linked, sandbox: Sandbox) -> None:
    (page, _), bob = linked, sandbox.account("Bob")
    exists = (
        "(jid) => WPP.contact.queryExists(jid).then((found) => found && [found.wid._serialized, found.lid._serialized])"
    )
    assert await page.evaluate(exists, "19998887776@c.us") is None
    assert await page.evaluate(exists, bob.jid) == [bob.jid, bob.lid]
    assert (
        await page.evaluate(
            "(pn) => WPP.whatsapp.lidPnCache.getCurrentLid(WPP.whatsapp.WidFactory.createWid(pn))._serialized", bob.jid
        )
        == bob.lid
    )

    refused = await page.send("19998887776@c.us", "is anybody there")
    assert refused["result"] == {"messageSendResult": "ERROR_UNKNOWN", "error": 404}
    assert refused["ack"] == -1


async def test_a_chat_addressed_by_lid_is_the_chat_of_the_number(linked: Linked, sandbox: Sandbox) -> None:
    (page, _), bob = linked, sandbox.account("Bob")
    assert await page.evaluate("(lid) => WPP.chat.find(lid).then((chat) => chat.id._serialized)", bob.lid) == bob.jid


async def test_a_message_of_an_unknown_type_arrives_as_it_is(linked: Linked, sandbox: Sandbox) -> None:
    (page, ann), bob = linked, sandbox.account("Bob")
    secret = base64.b64encode(bytes(32)).decode()
    content = {"type": "hologram", "body": "strange", "depth": 3, "layers": [{"n": 1}], "messageSecret": secret}
    bob.send_content(ann, content)
    message = await page.received("strange")
    assert (message["type"], message["depth"], message["layers"]) == ("hologram", 3, [{"n": 1}])
    assert page.errors == []


async def test_a_lost_socket_comes_back_and_what_waited_is_sent_once(linked: Linked, sandbox: Sandbox) -> None:
    (page, ann), bob = linked, sandbox.account("Bob")
    await page.send(bob, "connected")
    sandbox.call("POST", "/faults", {"kind": "drop_socket", "account": ann.phone, "duration_ms": 1500})
    await eventually(_becomes(lambda: page.evaluate("WPP.whatsapp.Socket.state"), "OPENING"), what="OPENING")
    sent = await page.send(bob, "in the tunnel")
    assert sent["result"]["messageSendResult"] == "OK"
    assert await page.evaluate("WPP.whatsapp.Socket.state") == "CONNECTED"
    assert await page.evaluate("WPP.whatsapp.Stream.mode") == "MAIN"
    bob.send(ann, "welcome back")
    await page.received("welcome back")
    assert len(bob.held(ann, "in the tunnel")) == 1


async def test_a_lost_acknowledgement_is_asked_for_again(linked: Linked, sandbox: Sandbox) -> None:
    (page, ann), bob = linked, sandbox.account("Bob")
    sandbox.call("POST", "/faults", {"kind": "lose_acks", "account": ann.phone, "count": 1})
    sent = await page.send(bob, "heard?")
    assert sent["result"]["messageSendResult"] == "OK"
    assert len(bob.held(ann, "heard?")) == 1


async def test_a_restriction_fails_the_message_with_its_code(linked: Linked, sandbox: Sandbox) -> None:
    (page, ann), bob = linked, sandbox.account("Bob")
    sandbox.call("POST", "/faults", {"kind": "restrict_463", "account": ann.phone})
    try:
        refused = await page.send(bob, "you don't know me")
    finally:
        sandbox.call("DELETE", "/faults?kind=restrict_463")
    assert refused["result"] == {"messageSendResult": "ERROR_UNKNOWN", "error": 463}
    assert bob.held(ann, "you don't know me") == []


async def test_a_conflict_stays_until_it_is_taken_over(linked: Linked, sandbox: Sandbox) -> None:
    (page, ann), bob = linked, sandbox.account("Bob")
    sandbox.call("POST", "/faults", {"kind": "conflict", "account": ann.phone})
    await eventually(_becomes(lambda: page.evaluate("WPP.whatsapp.Socket.state"), "CONFLICT"))
    await page.evaluate("WPP.whatsapp.Socket.takeover()")
    await eventually(_becomes(lambda: page.evaluate("WPP.whatsapp.Stream.mode"), "MAIN"))
    assert (await page.send(bob, "mine again"))["result"]["messageSendResult"] == "OK"


async def test_a_conflict_is_taken_over_the_moment_it_is_told(linked: Linked, sandbox: Sandbox) -> None:
    """The connection that was replaced is still closing then."""
    (page, ann), bob = linked, sandbox.account("Bob")
    at_once = """WPP.whatsapp.Socket.on("change:state", function taken(_, state) {
      if (state !== "CONFLICT") return;
      WPP.whatsapp.Socket.off("change:state", taken);
      window.takenOver = true;
      queueMicrotask(() => WPP.whatsapp.Socket.takeover());
    })"""
    await page.evaluate(f"() => {{ {at_once} }}")
    sandbox.call("POST", "/faults", {"kind": "conflict", "account": ann.phone})
    await eventually(_becomes(lambda: page.evaluate("window.takenOver === true && WPP.whatsapp.Stream.mode"), "MAIN"))
    assert (await page.send(bob, "mine at once"))["result"]["messageSendResult"] == "OK"


async def test_twenty_at_once_arrive_once_each(linked: Linked, sandbox: Sandbox) -> None:
    (page, ann), bob = linked, sandbox.account("Bob")
    script = """([to, count]) => Promise.all(Array.from({length: count}, (_, number) =>
      WPP.chat.sendTextMessage(to, `number ${number}`, {linkPreview: false, createChat: true})
        .then((sent) => sent.sendMsgResult).then((result) => result.messageSendResult)))"""
    assert set(await page.evaluate(script, [bob.jid, 20])) == {"OK"}
    texts = [message["body"] for message in bob.messages(ann)]
    assert sorted(texts) == sorted(f"number {number}" for number in range(20))


async def test_what_is_not_implemented_throws_its_name(linked: Linked, sandbox: Sandbox) -> None:
    (page, _), bob = linked, sandbox.account("Bob")
    with pytest.raises(Error, match=r"WAWebBizLabelEditingAction\.labelAddAction is not implemented"):
        await page.evaluate("() => WPP.whatsapp.functions.labelAddAction()")
    with pytest.raises(Error, match=r"WAWebCmd\.Cmd\.openChatBottom is not implemented"):
        await page.evaluate("(jid) => WPP.chat.openChatBottom(jid)", bob.jid)
