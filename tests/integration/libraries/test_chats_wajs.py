"""What wa-js does with chats, and what the account's phone and other devices see of it."""

import asyncio
from typing import Any

from .conftest import WaJsFactory
from .sandbox import Account, Sandbox, eventually
from .wajs import WaJsPage

_STATE = """(chat) => {
  const {archive, pin, mute, unreadCount, msgs} = WPP.chat.get(chat);
  const bodies = msgs.getModelsArray().map((msg) => msg.body);
  return {archive, pinned: Boolean(pin), muted: mute.expiration, unread: unreadCount, bodies};
}"""


async def _state(page: WaJsPage, chat: Account) -> dict[str, Any]:
    state: dict[str, Any] = await page.evaluate(_STATE, chat.jid)
    return state


async def _shows(page: WaJsPage, chat: Account, **expected: Any) -> None:
    async def holds() -> bool:
        state = await _state(page, chat)
        return {name: state[name] for name in expected} == expected

    await eventually(holds, what=f"a chat with {expected}")


async def test_changes_reach_the_phone_and_another_device_and_outlive_a_reload(
    wa_js: WaJsFactory, sandbox: Sandbox
) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    bob.send(ann, "hello")
    async with wa_js("one") as page, wa_js("other") as other:
        await page.link(ann)
        await other.link(ann)
        await page.evaluate("(chat) => WPP.chat.archive(chat)", bob.jid)
        await page.evaluate("(chat) => WPP.chat.pin(chat)", bob.jid)
        muted = await page.evaluate("(chat) => WPP.chat.mute(chat, {duration: 3600})", bob.jid)
        assert muted["isMuted"] is True
        await eventually(lambda: ann.chat(bob)["archived"], what="the phone's chat archived")
        await eventually(lambda: ann.chat(bob)["pinned_s"] > 0, what="the phone's chat pinned")
        assert ann.chat(bob)["muted_until_s"] == muted["expiration"]
        await _shows(other, bob, archive=True, pinned=True, muted=muted["expiration"])

        await page.evaluate("(chat) => WPP.chat.markIsRead(chat)", bob.jid)
        await _shows(page, bob, unread=0)
        await page.evaluate("(chat) => WPP.chat.markIsUnread(chat)", bob.jid)
        await eventually(lambda: ann.chat(bob)["marked_unread"], what="the phone's chat marked as unread")
        await _shows(other, bob, unread=-1)
        await other.evaluate("(chat) => WPP.chat.markIsRead(chat)", bob.jid)
        await _shows(page, bob, unread=0)
        await eventually(lambda: not ann.chat(bob)["marked_unread"], what="the phone's chat read")

        await page.page.reload()
        await page.attached()
        await page.ready()
        await _shows(page, bob, archive=True, pinned=True, muted=muted["expiration"], unread=0)
        # The phone undoes it all, and the page follows.
        ann.call("POST", "/chat", {"chat": bob.phone, "archived": False, "pinned": False, "muted_until_s": 0})
        await _shows(page, bob, archive=False, pinned=False, muted=0)
        await page.evaluate("(chat) => WPP.chat.archive(chat)", bob.jid)
        # wa-js hands it to the page, and doesn't wait for what comes of it.
        await _shows(page, bob, archive=True, pinned=False, muted=0)
        await page.evaluate("(chat) => WPP.chat.unarchive(chat)", bob.jid)
        await eventually(lambda: not ann.chat(bob)["archived"], what="the phone's chat back")
        assert page.errors == other.errors == []


async def test_a_fourth_chat_is_not_pinned(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann = sandbox.account("Ann")
    others = [sandbox.account(f"P{number}") for number in range(4)]
    for other in others:
        other.send(ann, "hi")
    async with wa_js() as page:
        await page.link(ann)
        pin = "(chat) => WPP.chat.pin(chat).then(() => true, () => false)"
        assert [await page.evaluate(pin, other.jid) for other in others] == [True, True, True, False]
        first = "() => WPP.whatsapp.ChatStore.getModelsArray().slice(0, 3).every((chat) => chat.pin)"
        assert await page.evaluate(first) is True


async def test_clear_and_delete_are_this_account_s_alone(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    bob.send(ann, "one")
    bob.send(ann, "two")
    async with wa_js("one") as page, wa_js("other") as other:
        await page.link(ann)
        await other.link(ann)
        assert (await page.evaluate("(chat) => WPP.chat.clear(chat)", bob.jid))["status"] == 200
        await _shows(page, bob, bodies=[], unread=0)
        await _shows(other, bob, bodies=[], unread=0)
        assert ann.messages(bob) == []
        assert [message["body"] for message in bob.messages(ann)] == ["one", "two"]

        bob.send(ann, "three")
        await page.received("three")
        assert (await page.evaluate("(chat) => WPP.chat.delete(chat)", bob.jid))["status"] == 200
        gone = "(chat) => WPP.chat.get(chat) === undefined"
        assert await page.evaluate(gone, bob.jid) is True

        async def gone_there() -> bool:
            return bool(await other.evaluate(gone, bob.jid))

        await eventually(gone_there, what="the chat gone on the other device")
        assert ann.call("GET", "/chats")["chats"] == []
        await page.page.reload()
        await page.attached()
        await page.ready()
        assert await page.evaluate(gone, bob.jid) is True
        bob.send(ann, "four")
        await page.received("four")
        await _shows(page, bob, bodies=["four"])
        assert page.errors == other.errors == []


async def test_what_is_being_cleared_is_not_loaded_again(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    bob.send(ann, "hello")
    # Whoever looks for earlier messages once the page has let go of this one, which the database still has.
    look = """async (chat) => {
      const { msgs } = WPP.chat.get(chat);
      const { loadEarlierMsgs } = importNamespace("WAWebChatLoadMessages");
      const looked = new Promise((resolve) => msgs.once("remove", () => resolve(loadEarlierMsgs(WPP.chat.get(chat)))));
      await WPP.chat.clear(chat);
      return [((await looked) ?? []).length, msgs.length];
    }"""
    async with wa_js() as page:
        await page.link(ann)
        assert await page.evaluate(look, bob.jid) == [0, 0]


async def test_older_messages_come_from_the_phone(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    for number in range(130):
        await asyncio.to_thread(bob.send, ann, f"m{number}")
    ask = """(chat) => importNamespace("WAWebSendNonMessageDataRequest").sendPeerDataOperationRequest(
      3, {chatId: WPP.chat.get(chat).id})"""
    history = """(chat) => WPP.chat.getMessages(chat, {count: -1}).then((all) => all.map((msg) => msg.body))"""
    more = "(chat) => WPP.chat.get(chat).endOfHistoryTransferType"
    async with wa_js() as page:
        await page.link(ann)
        assert await page.evaluate(history, bob.jid) == [f"m{number}" for number in range(30, 130)]
        assert await page.evaluate(more, bob.jid) == 0
        await page.evaluate(ask, bob.jid)

        async def all_there() -> bool:
            return len(await page.evaluate(history, bob.jid)) == 130

        await eventually(all_there, what="the whole history")
        assert await page.evaluate(history, bob.jid) == [f"m{number}" for number in range(130)]
        assert await page.evaluate(more, bob.jid) == 1
        # It is no news, and it stays.
        assert await page.events("chat.new_message") == []
        await page.page.reload()
        await page.attached()
        await page.ready()
        assert await page.evaluate(history, bob.jid) == [f"m{number}" for number in range(130)]
        assert page.errors == []


async def test_presence_and_typing_both_ways(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    bob.send(ann, "hello")
    async with wa_js() as page:
        await page.link(ann)
        shows = {"markIsComposing": "composing", "markIsRecording": "recording", "markIsPaused": None}
        for command, shown in shows.items():
            await page.evaluate(f"(chat) => WPP.chat.{command}(chat)", bob.jid)
            await eventually(lambda shown=shown: bob.sees(ann)["typing"] == shown, what=str(shown))
        await page.evaluate("WPP.whatsapp.Stream.markAvailable()")
        await eventually(lambda: bob.sees(ann)["state"] == "available", what="online")

        await page.evaluate("(chat) => WPP.contact.subscribePresence(chat)", bob.jid)
        bob.call("POST", "/presence", {"state": "available"})
        state = "(chat) => [WPP.chat.get(chat).presence.isOnline, WPP.chat.get(chat).presence.chatstate.type]"

        def becomes(expected: list[Any]) -> Any:
            async def equal() -> bool:
                return bool(await page.evaluate(state, bob.jid) == expected)

            return equal

        await eventually(becomes([True, "available"]), what="online")
        bob.call("POST", "/typing", {"chat": ann.phone, "state": "recording"})
        await eventually(becomes([True, "recording_audio"]), what="recording")
        bob.call("POST", "/presence", {"state": "unavailable"})
        await eventually(becomes([False, "unavailable"]), what="offline")
        assert await page.evaluate("(chat) => WPP.chat.getLastSeen(chat)", bob.jid) > 0
        bob.call("PATCH", "", {"last_seen": "none"})
        bob.call("POST", "/presence", {"state": "available"})
        await eventually(becomes([True, "available"]), what="online")
        bob.call("POST", "/presence", {"state": "unavailable"})
        await eventually(becomes([False, "unavailable"]), what="offline")
        assert await page.evaluate("(chat) => WPP.chat.getLastSeen(chat)", bob.jid) is False
        assert page.errors == []
