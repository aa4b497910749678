import asyncio
import time
from collections.abc import Callable

import aiohttp
import pytest

from sandbox.app import SandboxServer
from sandbox.config import SandboxConfig

from .device import RequestError
from .world import World


async def test_text_to_a_phone_and_its_acks(world: World) -> None:
    ada = await world.linked("15550001")
    sent = await ada.send_text("15550002@c.us", "hello")
    await ada.until(lambda: ada.receipts(sent) == ["delivered"])
    receipt = ada.named("receipt")[0]
    assert (receipt["chat"], receipt["participant"], receipt["self"]) == ("15550002@c.us", "15550002@c.us", False)
    held = await world.log("15550002", "15550001")
    assert [(each["id"], each["body"], each["from"], each["ack"]) for each in held] == [
        (sent, "hello", "15550001@c.us", 2)
    ]
    assert await world.post("/accounts/15550002/read", {"chat": "15550001@c.us"}, 200) == {"read": 1}
    await ada.until(lambda: ada.receipts(sent) == ["delivered", "read"])
    assert (await world.log("15550001", "15550002"))[0]["ack"] == 3


async def test_text_from_a_phone_and_reading_it(world: World) -> None:
    ada = await world.linked("15550001")
    sent = (await world.post("/accounts/15550002/send", {"to": "+15550001", "text": "hi"}))["id"]
    assert len(sent) == 20
    assert sent.startswith("3A")
    message = await ada.received(sent)
    lid = (await world.get("/accounts/15550002"))["lid"]
    assert message["content"] == {"type": "chat", "body": "hi"}
    assert {key: message[key] for key in ("chat", "from", "to", "from_me", "push_name", "peer_lid")} == {
        "chat": "15550002@c.us",
        "from": "15550002@c.us",
        "to": "15550001@c.us",
        "from_me": False,
        "push_name": "Bob",
        "peer_lid": lid,
    }
    await ada.ask(t="receipt", kind="read", chat=lid, ids=[sent])
    assert (await world.log("15550002", "15550001"))[0]["ack"] == 3


async def test_message_to_a_lid_reaches_the_same_chat(world: World) -> None:
    ada = await world.linked("15550001")
    lid = (await world.patch("15550002", lid="9000000000077"))["lid"]
    sent = await ada.send_text(lid, "by lid")
    assert (await world.log("15550002", "15550001@c.us"))[0]["id"] == sent
    assert (await world.log("15550001", lid))[0]["chat"] == "15550002@c.us"


async def test_devices_of_both_sides_get_copies(world: World) -> None:
    first, second = await world.linked("15550001"), await world.linked("15550001")
    bob = await world.linked("15550002")
    sent = await first.send_text("15550002@c.us", "to all")
    mine, his = await second.received(sent), await bob.received(sent)
    assert (mine["from_me"], mine["chat"]) == (True, "15550002@c.us")
    assert (his["from_me"], his["chat"]) == (False, "15550001@c.us")
    assert sent not in first.messages
    for device in (first, second):
        await device.until(lambda device=device: device.receipts(sent) == ["delivered"])
    from_phone = (await world.post("/accounts/15550001/send", {"to": "15550002", "text": "phone"}))["id"]
    assert (await first.received(from_phone))["from_me"] is True


async def test_an_id_is_routed_once(world: World) -> None:
    ada, bob = await world.linked("15550001"), await world.linked("15550002")
    for _ in range(3):
        await ada.send_text("15550002@c.us", "once", message_id="3EB0AA")
    await ada.send_text("15550002@c.us", "last", message_id="3EB0BB")
    await bob.received("3EB0BB")
    assert bob.copies == 2
    assert len(await world.log("15550002", "15550001")) == 2


async def test_receipts_are_monotonic_and_told_once(world: World) -> None:
    ada = await world.linked("15550001")
    bob, other = await world.linked("15550002"), await world.linked("15550002")
    await world.patch("15550002", online=False)
    bob.deliver = other.deliver = False
    sent = await ada.send_text("15550002@c.us", "x")
    await bob.received(sent)
    receipt = {"t": "receipt", "chat": "15550001@c.us", "ids": [sent, "unknown"]}
    await bob.ask(**receipt, kind="read")
    await other.ask(**receipt, kind="delivered")
    await other.ask(**receipt, kind="read")
    await bob.ask(**receipt, kind="played")
    await ada.until(lambda: ada.receipts(sent) == ["read", "played"])
    await other.until(lambda: other.receipts(sent) == ["read", "played"])
    own = other.named("receipt")[0]
    assert (own["self"], own["chat"], own["participant"]) == (True, "15550001@c.us", "15550002@c.us")
    assert bob.named("receipt") == []
    assert (await world.log("15550001", "15550002"))[0]["ack"] == 4


async def test_a_strangers_receipt_changes_nothing(world: World) -> None:
    await world.patch("15550002", online=False)
    await world.account("15550003", "Eve")
    ada, eve = await world.linked("15550001"), await world.linked("15550003")
    sent = await ada.send_text("15550002@c.us", "x")
    await eve.ask(t="receipt", kind="read", chat="15550001@c.us", ids=[sent])
    assert (await world.log("15550001", "15550002"))[0]["ack"] == 1


async def test_phone_follows_its_settings(world: World) -> None:
    ada = await world.linked("15550001")
    await world.patch("15550002", deliver_after_ms=50, read_after_ms=50)
    sent = await ada.send_text("15550002@c.us", "x")
    await ada.until(lambda: ada.receipts(sent) == ["delivered", "read"])
    held = (await world.log("15550002", "15550001"))[0]["receipts"][0]
    assert held["read_ms"] - held["delivered_ms"] >= 50


async def test_phone_catches_up_when_it_comes_online(world: World) -> None:
    ada = await world.linked("15550001")
    await world.patch("15550002", online=False, read_after_ms=0)
    sent = await ada.send_text("15550002@c.us", "x")
    await ada.ask(t="ping")
    assert ada.receipts(sent) == []
    assert (await world.call("POST", "/accounts/15550002/send", {"to": "15550001", "text": "x"}))[0] == 409
    await world.patch("15550002", online=True)
    await ada.until(lambda: ada.receipts(sent) == ["delivered", "read"])


async def test_note_to_oneself(world: World) -> None:
    ada, other = await world.linked("15550001"), await world.linked("15550001")
    sent = await ada.send_text("15550001@c.us", "note")
    assert (await other.received(sent))["from_me"] is True
    await ada.until(lambda: ada.receipts(sent) == ["read"])
    assert len(await world.log("15550001", "15550001")) == 1


async def test_quote_and_mentions_of_a_phone(world: World) -> None:
    ada = await world.linked("15550001")
    first = await ada.send_text("15550002@c.us", "question")
    body = {"to": "15550001", "text": "answer @15550001", "quoted_id": first, "mentions": ["15550001"]}
    content = (await ada.received((await world.post("/accounts/15550002/send", body))["id"]))["content"]
    assert content["mentions"] == ["15550001@c.us"]
    assert content["quoted"] == {
        "id": first,
        "participant": "15550001@c.us",
        "content": {"type": "chat", "body": "question"},
    }
    status, _ = await world.call("POST", "/accounts/15550002/send", {**body, "quoted_id": "nope"})
    assert status == 404


async def test_unknown_kinds_are_kept_as_they_are(world: World) -> None:
    ada = await world.linked("15550001")
    content = {"type": "hologram", "rays": [1, 2.5, None], "deep": {"ü": "✓"}}
    sent = (await world.post("/accounts/15550002/send", {"to": "15550001", "content": content}))["id"]
    assert (await ada.received(sent))["content"] == content


async def test_refused_messages(world: World) -> None:
    ada = await world.linked("15550001")
    good = {"t": "message", "id": "A1", "to": "15550002@c.us", "content": {"type": "chat", "body": "x"}}
    for change, code in (
        ({"to": "15559999@c.us"}, 404),
        ({"to": "bob"}, 400),
        ({"to": 5}, 400),
        ({"to": "1-2@g.us"}, 404),
        ({"id": ""}, 400),
        ({"id": "a b"}, 400),
        ({"content": "x"}, 400),
        ({"content": {}}, 400),
    ):
        with pytest.raises(RequestError, match=f"^{code} "):
            await ada.ask(**{**good, **change})
    await ada.ask(**good)


async def test_offline_queue_survives_a_restart(
    config: Callable[..., SandboxConfig], http: aiohttp.ClientSession
) -> None:
    async with SandboxServer(config()) as server:
        world = World(http, server)
        for phone in ("15550001", "15550002"):
            await world.account(phone, phone)
        ada = await world.linked("15550001")
        await ada.close()
        for number in range(600):
            await world.post("/accounts/15550002/send", {"to": "15550001", "text": str(number)})
    async with SandboxServer(config()) as server:
        again = World(http, server)
        ada.move_to(server.page_url)
        started = time.perf_counter()
        await ada.login()
        assert time.perf_counter() - started < 5
        assert ada.named("offline_start")[0]["count"] == 600
        bodies = [frame["msg"]["content"]["body"] for frame in ada.named("message")]
        assert bodies == [str(number) for number in range(600)]
        assert all(frame["offline"] for frame in ada.named("message"))
        await ada.ask(t="ping")
        devices = (await again.get("/accounts/15550001/devices"))["devices"]
        assert devices[0]["queued"] == 0
        await ada.close()
        await ada.login()
        assert ada.named("offline_start")[0]["count"] == 0
        await ada.close()


async def test_what_is_not_acknowledged_comes_again(world: World) -> None:
    ada = await world.linked("15550001")
    ada.acknowledge = False
    sent = (await world.post("/accounts/15550002/send", {"to": "15550001", "text": "x"}))["id"]
    await ada.received(sent)
    await ada.close()
    ada.acknowledge = True
    await ada.login()
    assert [(frame["msg"]["id"], frame["offline"]) for frame in ada.named("message")] == [(sent, True)]


async def test_history_comes_once_and_again_until_acknowledged(world: World) -> None:
    ada = await world.linked("15550001")
    ids = [await ada.send_text("15550002@c.us", str(number)) for number in range(120)]
    await world.post("/accounts/15550002/send", {"to": "15550001", "text": "reply"})
    second = world.device()
    second.acknowledge = False
    await second.register()
    await world.post("/accounts/15550001/scan", {"qr": second.qr})
    await second.closed(4515)
    await second.login(wait=False)
    await second.until(lambda: bool(second.named("history")))
    await second.close()
    second.acknowledge = True
    await second.login()
    frames = second.named("history")
    assert frames[-1]["progress"] == 100
    chat = frames[0]["chats"][0]
    assert (chat["id"], chat["name"], chat["unread"]) == ("15550002@c.us", "Bob", 1)
    messages = [message for frame in frames for message in frame["messages"]]
    assert len(messages) == 100
    assert [message["id"] for message in messages[:-1]] == ids[21:]
    assert messages[0]["ack"] == 2


async def test_typing_and_presence(world: World) -> None:
    ada, bob = await world.linked("15550001"), await world.linked("15550002")
    await ada.ask(t="presence_subscribe", jid="15550002@c.us")
    await ada.until(lambda: bool(ada.named("presence")))
    assert ada.named("presence")[0]["state"] == "unavailable"
    await bob.ask(t="presence", state="available")
    await ada.until(lambda: ada.named("presence")[-1]["state"] == "available")
    await bob.ask(t="chatstate", to="15550001@c.us", state="composing")
    await ada.until(lambda: [frame["state"] for frame in ada.named("chatstate")] == ["composing"])
    await world.post("/accounts/15550002/typing", {"chat": "15550001", "state": "paused"}, 200)
    await ada.until(lambda: len(ada.named("chatstate")) == 2)
    await bob.close()
    await ada.until(lambda: ada.named("presence")[-1]["state"] == "unavailable")
    assert ada.named("presence")[-1]["last_seen"] > 0


async def test_the_presence_of_nobody_keeps_the_connection(world: World) -> None:
    ada = await world.linked("15550001")
    for jid in ("120363000000000000@g.us", "15559999@c.us"):
        await ada.send(t="presence_subscribe", jid=jid)
    await ada.ask(t="ping")
    assert ada.named("presence") == []


async def test_questions(world: World) -> None:
    ada = await world.linked("15550001")
    items = (await ada.ask(t="iq", op="exists", phones=["15550002", "+15559999", "x"]))["items"]
    assert [item["exists"] for item in items] == [True, False, False]
    contact = await ada.ask(t="iq", op="contact", jid=items[0]["lid"])
    assert (contact["jid"], contact["name"]) == ("15550002@c.us", "Bob")
    assert (await ada.ask(t="iq", op="devices", jid="15550001@c.us"))["devices"] == [0, 1]
    with pytest.raises(RequestError, match="newsletter_create"):
        await ada.ask(t="iq", op="newsletter_create")


async def test_a_device_that_does_not_read_blocks_nobody(world: World) -> None:
    ada = await world.linked("15550001")
    slow = await world.linked("15550002")
    await slow.stop_reading()
    text = "x" * 20_000
    async with asyncio.timeout(30):
        for _ in range(800):
            await ada.send_text("15550002@c.us", text)
    devices = (await world.get("/accounts/15550002/devices"))["devices"]
    assert devices[0]["queued"] == 800
