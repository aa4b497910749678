"""whatsapp-web.js 1.34.7 does on the sandbox what it does on the real page."""

from .conftest import WwebjsFactory
from .sandbox import Sandbox, eventually, in_thread


async def test_links_by_qr_and_exchanges_text_with_receipts(wwebjs: WwebjsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    async with wwebjs() as client:
        shown = await client.wait("qr")
        assert shown["qr"].count(",") == 4
        await in_thread(ann.scan, shown["qr"])
        ready = await client.wait("ready")
        assert (ready["wid"]["_serialized"], ready["pushname"]) == (ann.jid, "Ann")
        assert await client.call("state") == "CONNECTED"

        sent = await client.call("send", to=bob.jid, text="hello")
        await client.acked(sent["id"], 1)
        assert len(bob.held(ann, "hello")) == 1
        await client.acked(sent["id"], 2)
        bob.read(ann)
        await client.acked(sent["id"], 3)

        bob.send(ann, "hello yourself")
        received = await client.received("hello yourself")
        assert received["from"] == bob.jid
        await eventually(lambda: bob.held(ann, "hello yourself")[0]["ack"] == 2, what="a delivery receipt")
        await client.call("reply", message=received["id"], text="a reply")
        (reply,) = bob.held(ann, "a reply")
        assert reply["quoted_id"] == bob.held(ann, "hello yourself")[0]["id"]
        # whatsapp-web.js marks a chat as seen before it sends.
        await eventually(lambda: bob.held(ann, "hello yourself")[0]["ack"] == 3, what="a read receipt")

        (chat,) = await client.call("chats")
        assert chat == {"id": bob.jid, "name": "Bob", "unread": 0}
        history = await client.call("history", chat=bob.jid, limit=10)
        assert [message["body"] for message in history] == ["hello", "hello yourself", "a reply"]
        assert await client.call("numberId", number="19998887776") is None
        assert (await client.call("numberId", number=bob.phone))["_serialized"] == bob.jid
        assert await client.call("lidAndPhone", ids=[bob.jid]) == [{"lid": bob.lid, "pn": bob.jid}]
        assert (await client.call("contact", of=bob.jid))["pushname"] == "Bob"


async def test_a_restart_needs_no_qr_and_logout_ends_it(wwebjs: WwebjsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    async with wwebjs() as client:
        await in_thread(ann.scan, (await client.wait("qr"))["qr"])
        await client.wait("ready")
        sent = await client.call("send", to=bob.jid, text="before", options={"waitUntilMsgSent": True})
        # What a page hasn't stored yet goes with it. It stores in order, and takes a receipt off its queue when that is
        # stored; so with the receipt the message is.
        await eventually(lambda: ann.held(bob, "before")[0]["ack"] >= 2, what="the receipt")
        await eventually(lambda: not ann.devices()[0]["queued"], what="the message in the page's storage")
    bob.send(ann, "while away")

    async with wwebjs() as client:
        await client.wait("ready")
        assert not [event for event in client.events if event["event"] == "qr"]
        assert (await client.call("message", key=sent["id"]))["body"] == "before"
        history = await client.call("history", chat=bob.jid, limit=10)
        assert [message["body"] for message in history] == ["before", "while away"]
        await client.call("logout")
        assert ann.devices() == []

    async with wwebjs() as client:
        await client.wait("qr")


async def test_links_by_pairing_code_and_is_told_when_it_is_unlinked(wwebjs: WwebjsFactory, sandbox: Sandbox) -> None:
    ann = sandbox.account("Ann")
    async with wwebjs(pairWithPhoneNumber=ann.phone) as client:
        shown = await client.wait("code")
        assert len(shown["code"]) == 8
        await in_thread(ann.enter_code, shown["code"])
        await client.wait("ready")
        (device,) = ann.devices()
        ann.unlink(device["device"])
        assert (await client.wait("disconnected"))["reason"] == "LOGOUT"
