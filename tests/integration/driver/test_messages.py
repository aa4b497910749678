"""Messages, on one linked account: what goes beyond the contract of a page."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
import pytest_asyncio

from adapters.playwright.driver import PlaywrightWhatsAppDriver
from application.ports.page_events import (
    ConflictDetected,
    Connected,
    ConnectionLost,
    LoggedOut,
    MessagesSeen,
    SeenMessage,
)
from application.ports.whatsapp_driver import PageHealth, WhatsAppPage
from domain.content import Text, Unsupported
from domain.errors import DeadlineExceededError, RateLimitedError, UnavailableError
from domain.ids import SessionId
from domain.message import MessageStatus

from .world import Ear, Phone, Sandbox, in_page, link, text

pytestmark = pytest.mark.asyncio(loop_scope="package")


class World(NamedTuple):
    sandbox: Sandbox
    page: WhatsAppPage
    ear: Ear
    me: Phone
    ben: Phone


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def world(sandbox: Sandbox, driver: PlaywrightWhatsAppDriver) -> AsyncIterator[World]:
    me, ben = await sandbox.phone("Ana"), await sandbox.phone("Ben", read_after_ms=50)
    page = await driver.open(SessionId("messages"), 1)
    ear = await link(page, me)
    yield World(sandbox, page, ear, me, ben)
    await page.close()
    await ear.stop()


async def received(world: World, inner_id: str) -> SeenMessage:
    seen = await world.ear.until(
        MessagesSeen, lambda event: any(inner_id in message.whatsapp_id for message in event.messages)
    )
    return next(message for message in seen.messages if inner_id in message.whatsapp_id)


async def test_a_text_comes_in(world: World) -> None:
    inner = await world.ben.send(world.me, "olá\u2028 \ud83d\udc26")
    message = await received(world, inner)
    assert message.whatsapp_id == f"false_{world.ben.jid}_{inner}"
    assert (message.chat, message.sender, message.recipient) == (world.ben.jid, world.ben.jid, world.me.jid)
    assert not message.from_me
    assert message.content == Text(body="olá\u2028 🐦")
    assert message.push_name == "Ben"
    assert message.status is MessageStatus.DELIVERED
    assert abs(message.timestamp - datetime.now(UTC)) < timedelta(seconds=30)
    assert message.alternate is not None
    assert message.alternate.server == "lid"


async def test_a_burst_comes_in_whole_and_in_order(world: World) -> None:
    mark = len(world.ear.heard)
    for n in range(60):
        await world.ben.send(world.me, f"burst {n}")
    await world.ear.until(MessagesSeen, lambda event: event.messages[-1].content == Text(body="burst 59"), after=mark)
    bodies = [
        message.content.body
        for event in world.ear.heard[mark:]
        if isinstance(event, MessagesSeen)
        for message in event.messages
        if isinstance(message.content, Text)
    ]
    assert bodies == [f"burst {n}" for n in range(60)]


async def test_replies_both_ways(world: World) -> None:
    question = await world.page.send(text(world.ben, "question", 300))
    inner = await world.ben.send(world.me, "answer", quoted_id=question.whatsapp_id.rsplit("_", 1)[1])
    answer = await received(world, inner)
    assert answer.reply_to == question.whatsapp_id
    thanks = await world.page.send(text(world.ben, "thanks", 301, reply_to=answer.whatsapp_id))
    assert thanks.reply_to == answer.whatsapp_id
    held = await world.ben.held(world.me, "thanks")
    assert held[0]["quoted_id"] == inner


async def test_mentions_leave(world: World) -> None:
    body = f"hello @{world.ben.number}"
    sent = await world.page.send(text(world.ben, body, 303, mentions=(world.ben.jid,)))
    assert sent.content == Text(body=body, mentions=(world.ben.jid,))


async def test_an_unknown_kind_is_kept_raw(world: World) -> None:
    inner = await world.ben.send_content(
        world.me, {"type": "hologram", "depth": 3, "title": "new", "blob": "x" * 100_000}
    )
    message = await received(world, inner)
    assert isinstance(message.content, Unsupported)
    assert message.content.kind == "hologram"
    assert message.content.raw["type"] == "hologram"
    assert len(str(message.content.raw)) < 70_000


async def test_a_message_with_nonsense_in_it_comes_in_and_hides_no_other(world: World) -> None:
    inner = await world.ben.send_content(world.me, {"type": "chat", "body": "crafted", "mentionedJidList": 5})
    assert (await received(world, inner)).content == Text(body="crafted")
    since = datetime.now(UTC) - timedelta(minutes=5)
    assert any(inner in message.whatsapp_id for message in await world.page.recent(since=since, limit=1000))


async def test_a_number_in_an_error_isnt_a_refusal(world: World) -> None:
    """What failed in the page for a reason of its own may have left all the same."""
    await in_page(
        world.page,
        """{
          const job = importNamespace("WAWebSendMsgJob");
          const real = job.encryptAndSendMsg;
          job.encryptAndSendMsg = async () => {
            job.encryptAndSendMsg = real;
            throw new Error("no answer in 408 ms");
          };
        }""",
    )
    outgoing = text(world.ben, "who knows", 700)
    with pytest.raises(DeadlineExceededError) as caught:
        await world.page.send(outgoing)
    assert caught.value.reason == "SEND_UNCONFIRMED"
    await world.page.send(outgoing)
    assert len(await world.ben.held(world.me, "who knows")) == 1


@pytest.mark.parametrize(("kind", "reason"), [("restrict_463", "REACHOUT_TIMELOCK"), ("cap_475", "NEW_CHAT_CAP")])
async def test_restrictions_have_their_own_errors(world: World, kind: str, reason: str) -> None:
    stranger = await world.sandbox.phone("Stranger")
    limit = {"limit": 0} if kind == "cap_475" else {}
    await world.sandbox.call("POST", "/faults", {"kind": kind, "account": world.me.number, **limit})
    try:
        with pytest.raises(RateLimitedError) as caught:
            await world.page.send(text(stranger, "hello", 600))
    finally:
        await world.sandbox.call("DELETE", "/faults")
    assert caught.value.reason == reason
    assert await stranger.held(world.me, "hello") == []


async def test_after_a_conflict_only_a_connection_is_told_as_one(world: World) -> None:
    mark = len(world.ear.heard)
    await in_page(world.page, 'importNamespace("WAWebStreamModel").Stream.set({mode: "CONFLICT"})')
    await world.ear.until(ConflictDetected, after=mark)
    away = 'importNamespace("WAWebSocketModel").Socket.set({state: "OPENING"});'
    await in_page(world.page, away + 'importNamespace("WAWebStreamModel").Stream.set({mode: "MAIN"})')
    await world.ear.until(ConnectionLost, after=mark)
    assert Connected not in world.ear.kinds()[mark:]
    await in_page(world.page, 'importNamespace("WAWebSocketModel").Socket.set({state: "CONNECTED"})')
    await world.ear.until(Connected, after=mark)


async def test_a_lost_connection_is_told_and_comes_back(world: World) -> None:
    assert (await world.page.probe()).health is PageHealth.SOUND
    mark = len(world.ear.heard)
    fault = {"kind": "drop_socket", "account": world.me.number, "duration_ms": 6000}
    await world.sandbox.call("POST", "/faults", fault)
    await world.ear.until(ConnectionLost, after=mark)
    assert (await world.page.probe()).health is PageHealth.DISCONNECTED
    inner = await world.ben.send(world.me, "while you were out")
    await world.ear.until(Connected, after=mark)
    assert (await received(world, inner)).content == Text(body="while you were out")


async def test_a_reload_with_a_message_pending_sends_it_once(world: World) -> None:
    await world.page.send(text(world.ben, "the chat is there", 801))
    mark = len(world.ear.heard)
    fault = {"kind": "drop_socket", "account": world.me.number, "duration_ms": 60_000}
    await world.sandbox.call("POST", "/faults", fault)
    await world.ear.until(ConnectionLost, after=mark)
    outgoing = text(world.ben, "pending", 800)
    sending = asyncio.create_task(world.page.send(outgoing))
    async with asyncio.timeout(10):
        while await world.page.find(outgoing.whatsapp_id) is None:
            pass  # Each look is a way to the page and back.
    mark = len(world.ear.heard)
    await in_page(world.page, "location.reload()")
    with pytest.raises(UnavailableError) as caught:
        await sending
    assert caught.value.reason == "PAGE_UNAVAILABLE"
    await world.sandbox.call("DELETE", "/faults")
    await world.ear.until(Connected, after=mark)
    again = await world.page.send(outgoing)
    assert again.status is not None
    assert len(await world.ben.held(world.me, "pending")) == 1
    assert LoggedOut not in world.ear.kinds()


async def test_history_has_what_the_page_has_not_stored_yet(world: World) -> None:
    """It gathers what it stores: for a moment a message is in its memory alone."""
    sent = [await world.ben.send(world.me, f"just now {number}") for number in range(3)]
    await received(world, sent[-1])
    forget = """(async () => {
      const opened = indexedDB.open("model-storage");
      const database = await new Promise((resolve) => (opened.onsuccess = () => resolve(opened.result)));
      const work = database.transaction("message", "readwrite");
      work.objectStore("message").clear();
      await new Promise((resolve) => (work.oncomplete = resolve));
      database.close();
    })()"""
    await in_page(world.page, forget)
    newest = await world.page.chats.older(world.ben.jid, before=None, limit=2)
    assert [message.content for message in newest.messages] == [Text(body="just now 1"), Text(body="just now 2")]
    before = await world.page.chats.older(world.ben.jid, before=newest.messages[0].whatsapp_id, limit=1)
    assert [message.content for message in before.messages] == [Text(body="just now 0")]
