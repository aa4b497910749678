"""What whatsapp-web.js sees and does with chats, people and calls; the other side is a phone or wa-js."""

from .conftest import WaJsFactory, WwebjsFactory
from .sandbox import Account, Sandbox, eventually, in_thread
from .wwebjs import WwebjsClient


async def _linked(client: WwebjsClient, account: Account) -> None:
    await in_thread(account.scan, (await client.wait("qr"))["qr"])
    await client.wait("ready")


async def test_chats(wwebjs: WwebjsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    bob.send(ann, "hello")
    async with wwebjs() as client:
        await _linked(client, ann)
        assert await client.call("archive", chat=bob.jid) is True
        await client.wait("chat_archived", lambda event: event["now"] is True)
        assert await client.call("pin", chat=bob.jid) is True
        assert (await client.call("mute", chat=bob.jid))["muteExpiration"] == -1
        await client.call("seen", chat=bob.jid)
        await client.call("markUnread", chat=bob.jid)
        phone = ann.chat(bob)
        assert (phone["archived"], phone["muted_until_s"], phone["marked_unread"]) == (True, -1, True)
        assert phone["pinned_s"] > 0
        state = await client.call("chatState", chat=bob.jid)
        assert state == {"archived": True, "pinned": True, "isMuted": True, "muteExpiration": -1, "unread": -1}
        await client.call("seen", chat=bob.jid)
        assert ann.chat(bob)["marked_unread"] is False
        await client.call("unarchive", chat=bob.jid)
        await client.call("unpin", chat=bob.jid)
        await client.call("unmute", chat=bob.jid)
        phone = ann.chat(bob)
        assert (phone["archived"], phone["pinned_s"], phone["muted_until_s"]) == (False, 0, 0)
        # The phone's own changes arrive.
        ann.call("POST", "/chat", {"chat": bob.phone, "archived": True, "muted_until_s": -1})
        await client.wait("chat_archived", lambda event: event["now"] is True)
        assert await client.call("clearMessages", chat=bob.jid) is True
        assert ann.messages(bob) == []
        assert len(bob.messages(ann)) == 1
        assert await client.call("deleteChat", chat=bob.jid) is True
        await client.wait("chat_removed", lambda event: event["chat"] == bob.jid)
        assert ann.call("GET", "/chats")["chats"] == []


async def test_older_messages(wwebjs: WwebjsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    for number in range(120):
        await in_thread(bob.send, ann, f"m{number}")
    async with wwebjs() as client:
        await _linked(client, ann)
        assert await client.call("syncHistory", chat=bob.jid) is True

        async def all_there() -> bool:
            return len(await client.call("history", chat=bob.jid, limit=500)) == 120

        await eventually(all_there, what="the whole history")
        assert await client.call("syncHistory", chat=bob.jid) is False


async def test_typing_and_presence(wa_js: WaJsFactory, wwebjs: WwebjsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    bob.send(ann, "hello")
    ann.send(bob, "hi")
    async with wa_js() as page, wwebjs() as client:
        await _linked(client, bob)
        await page.link(ann)
        await page.evaluate("(chat) => WPP.contact.subscribePresence(chat)", bob.jid)
        type_of = "(chat) => WPP.chat.get(chat).presence.chatstate.type"

        async def shows(expected: str) -> None:
            async def equal() -> bool:
                return bool(await page.evaluate(type_of, bob.jid) == expected)

            await eventually(equal, what=expected)

        await client.call("typing", chat=ann.jid)
        await shows("typing")
        await client.call("recording", chat=ann.jid)
        await shows("recording_audio")
        await client.call("clearState", chat=ann.jid)
        await shows("available")
        await client.call("online")
        await eventually(lambda: ann.sees(bob)["state"] == "available", what="online")
        await client.call("offline")
        await eventually(lambda: ann.sees(bob)["state"] == "unavailable", what="offline", seconds=20)


async def test_people(wwebjs: WwebjsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    bob.send(ann, "hello")
    bob.call("PATCH", "", {"about": "at sea"})
    async with wwebjs() as client:
        await _linked(client, ann)
        person = await client.call("person", of=bob.jid)
        assert (person["pushname"], person["isMyContact"], person["isBlocked"]) == ("Bob", False, False)
        await client.call("saveContact", phone=bob.phone, first="Robert", last="Builder")
        [entry] = ann.call("GET", "/contacts")["contacts"]
        assert (entry["person"], entry["name"]) == (bob.phone, "Robert Builder")
        person = await client.call("person", of=bob.jid)
        assert (person["name"], person["isMyContact"]) == ("Robert Builder", True)
        assert bob.jid in await client.call("contacts")
        await client.call("deleteContact", phone=bob.jid)
        assert ann.call("GET", "/contacts")["contacts"] == []

        assert await client.call("about", of=bob.jid) == "at sea"
        assert await client.call("picture", of=bob.jid) is None
        bob.set_picture(b"\x89PNG")
        assert "/pp/" in await client.call("picture", of=bob.jid)
        bob.call("PATCH", "", {"show_about": "none", "show_picture": "none"})
        assert await client.call("about", of=bob.jid) is None
        assert await client.call("picture", of=bob.jid) is None
        assert await client.call("commonGroups", of=bob.jid) == []

        assert await client.call("block", of=bob.jid) is True
        assert ann.call("GET", "/blocklist")["blocked"] == [bob.phone]
        assert await client.call("blocked") == [bob.jid]
        assert (await client.call("person", of=bob.jid))["isBlocked"] is True
        assert await client.call("unblock", of=bob.jid) is True
        assert ann.call("GET", "/blocklist")["blocked"] == []


async def test_who_has_moved_to_a_lid(wwebjs: WwebjsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    bob.call("PATCH", "", {"addressing": "lid", "hide_phone": True})
    bob.send(ann, "hello")
    async with wwebjs() as client:
        await _linked(client, ann)
        [chat] = await client.call("chats")
        assert chat["id"] == bob.lid
        await client.call("send", to=bob.lid, text="answer")
        assert len(bob.held(ann, "answer")) == 1
        assert await client.call("lidAndPhone", ids=[bob.lid]) == [{"lid": bob.lid}]


async def test_calls(wwebjs: WwebjsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    async with wwebjs() as client:
        await _linked(client, ann)
        call = bob.call("POST", "/call", {"to": ann.phone})
        heard = await client.wait("call", lambda event: event["id"] == call["id"])
        assert (heard["from"], heard["isVideo"], heard["isGroup"], heard["fromMe"]) == (bob.jid, False, False, False)
        await client.call("rejectCall", call=call["id"])
        await eventually(lambda: bob.call("GET", "/calls")["calls"][-1]["state"] == "rejected", what="rejected")
