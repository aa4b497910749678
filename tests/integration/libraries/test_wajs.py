"""wa-js 4.6.0 does on the sandbox what it does on the real page."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from .conftest import WaJsFactory
from .sandbox import ControlError, Sandbox, eventually, in_thread
from .wajs import WaJsPage


async def _acked(page: WaJsPage, key: str, expected: list[int]) -> None:
    async def told() -> bool:
        return await page.acks(key) == expected

    await eventually(told, what=f"acks {expected}")


def _becomes[T](read: Callable[[], Awaitable[T]], expected: T) -> Callable[[], Awaitable[bool]]:
    async def equal() -> bool:
        return await read() == expected

    return equal


async def test_links_by_qr_and_exchanges_text_with_receipts(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    async with wa_js() as page:
        assert await page.evaluate("[WPP.conn.isAuthenticated(), WPP.whatsapp.Socket.state]") == [False, "UNPAIRED"]
        await page.link(ann)
        assert await page.events("conn.authenticated") == [None]
        assert await page.evaluate("WPP.conn.getMyUserWid()._serialized") == ann.jid
        assert await page.evaluate("WPP.conn.getMyUserLid()._serialized") == ann.lid

        sent = await page.send(bob, "hello")

        assert (sent["result"]["messageSendResult"], sent["ack"]) == ("OK", 1)
        assert len(bob.held(ann, "hello")) == 1
        bob.read(ann)
        await _acked(page, sent["id"], [1, 2, 3])

        bob.send(ann, "hello yourself")
        received = await page.received("hello yourself")
        assert (received["from"], received["notifyName"]) == (bob.jid, "Bob")
        await eventually(lambda: bob.held(ann, "hello yourself")[0]["ack"] == 2, what="the page's delivery receipt")
        await page.evaluate("(chat) => WPP.chat.markIsRead(chat)", bob.jid)
        await eventually(lambda: bob.held(ann, "hello yourself")[0]["ack"] == 3, what="the page's read receipt")
        assert page.errors == []


async def test_a_restart_needs_no_qr_and_keeps_the_messages(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    async with wa_js() as page:
        await page.link(ann)
        sent = await page.send(bob, "before")
        await _acked(page, sent["id"], [1, 2])
    bob.send(ann, "while away")

    async with wa_js() as page:
        await page.ready()
        # What came while away is there; whether wa-js was listening when it came is a race, as it is on the real page.
        assert await page.evaluate("(chat) => WPP.chat.get(chat).unreadCount", bob.jid) == 1
        assert await page.message(sent["id"]) == {"body": "before", "ack": 2, "type": "chat", "quotedStanzaID": None}
        again = await page.send(bob, "before", messageId=sent["id"])
        assert again["result"]["messageSendResult"] == "OK"
        history = "(chat) => WPP.chat.getMessages(chat, {count: 10}).then((all) => all.map((each) => each.body))"
        assert await page.evaluate(history, bob.jid) == ["before", "while away"]
        assert page.errors == []
    assert len(bob.held(ann, "before")) == 1


async def test_a_linked_device_gets_the_history(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    bob.send(ann, "from before the link")
    async with wa_js() as page:
        await page.link(ann)
        chats = """async () =>
          (await WPP.chat.list()).map((chat) => [chat.id._serialized, chat.unreadCount, chat.msgs.last().body])"""
        assert await page.evaluate(chats) == [[bob.jid, 1, "from before the link"]]
        assert await page.events("chat.new_message") == []


async def test_links_by_pairing_code(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann = sandbox.account("Ann")
    async with wa_js() as page:
        await page.qr()
        code = await page.evaluate("(phone) => WPP.conn.genLinkDeviceCodeForPhoneNumber(phone)", ann.phone)
        assert len(code) == 8
        await in_thread(ann.enter_code, code)
        await page.ready()
        assert page.errors == []
    assert len(ann.devices()) == 1


async def test_qr_codes_rotate_end_and_come_anew(wa_js: WaJsFactory, tmp_path: Path) -> None:
    (tmp_path / "short").mkdir()
    short = Sandbox(tmp_path / "short", "--qr-first-ms", "1500", "--qr-next-ms", "1000", "--qr-refs", "2")
    try:
        ann = short.account("Ann")
        async with wa_js(url=short.page) as page:
            first = await page.qr()
            await eventually(_becomes(lambda: page.evaluate("WPP.whatsapp.Socket.state"), "UNPAIRED_IDLE"))
            assert len(await page.events("conn.qrcode_idle")) >= 1
            second = await page.qr()
            assert second != first
            with pytest.raises(ControlError) as refused:
                await in_thread(ann.scan, second)
            assert refused.value.status == 410

            renewed = await page.evaluate("WPP.conn.refreshQR().then((code) => code.fullCode)")
            assert renewed not in {first, second}
            await in_thread(ann.scan, renewed)
            await page.ready()
            assert page.errors == []
    finally:
        short.stop()


async def test_logout_is_told_and_leaves_a_new_browser(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann = sandbox.account("Ann")
    async with wa_js() as page:
        await page.link(ann)
        assert await page.evaluate("WPP.conn.logout()") is True
        assert ann.devices() == []
        await page.page.wait_for_url("**/?*post_logout=1*")
        await page.attached()
        assert await page.evaluate("WPP.conn.isAuthenticated()") is False
        assert await page.qr()
        assert await page.evaluate("localStorage.getItem('last-wid-md')") is None


async def test_unlinked_by_the_phone_it_logs_out(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    async with wa_js(logoutDelayMs=1500) as page:
        await page.link(ann)
        sent = await page.send(bob, "hello")
        (device,) = ann.devices()
        ann.unlink(device["device"])
        await eventually(lambda: page.events("conn.logout"), what="conn.logout")
        assert await page.events("conn.logout_reason") == ["unknown_companion"]
        await page.page.wait_for_url("**/?*post_logout=1*")
        await page.attached()
        assert await page.qr()
        await page.link(ann)
        # The history knows it, though this browser's own database was emptied.
        assert (await page.message(sent["id"]))["body"] == "hello"


async def test_local_storage_alone_restores_nothing(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann = sandbox.account("Ann")
    async with wa_js("whole") as page:
        await page.link(ann)
        stored = await page.evaluate("Object.entries(localStorage)")
        key = """async () => {
          const open = indexedDB.open("wawc_db_enc");
          const database = await new Promise((resolve) => { open.onsuccess = () => resolve(open.result); });
          const request = database.transaction("keys").objectStore("keys").getAll();
          const [record] = await new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
          return [record.key.algorithm.name, record.key.extractable];
        }"""
        assert await page.evaluate(key) == ["HKDF", False]
    names = {name for name, _ in stored}
    expected = {
        "WANoiseInfo",
        "WANoiseInfoIv",
        "WAWebEncKeySalt",
        "last-wid-md",
        "WALid",
        "me-display-name",
        "WABrowserId",
    }
    assert expected <= names

    async with wa_js("half") as page:
        await page.evaluate(
            "(entries) => entries.forEach(([name, value]) => localStorage.setItem(name, value))", stored
        )
        await page.page.reload()
        await page.attached()
        assert await page.evaluate("WPP.conn.isAuthenticated()") is False
        assert await page.qr()


async def test_two_devices_of_an_account_see_the_same(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    async with wa_js("first") as first, wa_js("second") as second:
        await first.link(ann)
        await second.link(ann)
        await first.send(bob, "from the first")
        copy = await second.received("from the first")
        assert (copy["from"], copy["to"]) == (ann.jid, bob.jid)
        assert copy["id"].startswith("true_")

        bob.send(ann, "to both")
        await first.received("to both")
        await second.received("to both")
        unread = "(chat) => WPP.chat.get(chat).unreadCount"
        assert await first.evaluate(unread, bob.jid) == 1
        await second.evaluate("(chat) => WPP.chat.markIsRead(chat)", bob.jid)
        await eventually(_becomes(lambda: first.evaluate(unread, bob.jid), 0), what="read on the other device")


async def test_typing_and_presence_are_told(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    async with wa_js("ann") as page, wa_js("bob") as other:
        await page.link(ann)
        await other.link(bob)
        await page.send(bob, "hello")
        await other.received("hello")
        await page.evaluate("(chat) => WPP.contact.subscribePresence(chat)", bob.jid)
        await other.evaluate("(chat) => WPP.chat.markIsComposing(chat)", ann.jid)

        async def typing() -> bool:
            return any(event["state"] == "typing" for event in await page.events("chat.presence_change"))

        await eventually(typing, what="typing")


_STORED = """(id) => new Promise((resolve, reject) => {
  const opening = indexedDB.open("model-storage");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const asking = opening.result.transaction("message").objectStore("message").getKey(id);
    asking.onerror = () => reject(asking.error);
    asking.onsuccess = () => { opening.result.close(); resolve(asking.result !== undefined); };
  };
})"""
"""Sends are told to be under way before they are on disk: a browser closed that instant would have nothing to send."""


async def test_a_message_left_unsent_by_a_closed_browser_is_sent_once_at_the_next_start(
    wa_js: WaJsFactory, sandbox: Sandbox
) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    async with wa_js() as page:
        await page.link(ann)
        await page.send(bob, "connected")
        sandbox.call("POST", "/faults", {"kind": "drop_socket", "account": ann.phone, "duration_ms": 120_000})
        await eventually(_becomes(lambda: page.evaluate("WPP.whatsapp.Socket.state"), "OPENING"), what="OPENING")
        unsent = await page.send(bob, "unsent", waitForAck=False)
        assert unsent["ack"] == 0
        await eventually(lambda: page.evaluate(_STORED, unsent["id"]), what="the page has stored it")
    assert bob.held(ann, "unsent") == []
    sandbox.call("DELETE", "/faults")

    async with wa_js() as page:
        await page.ready()

        async def acked() -> bool:
            return (await page.message(unsent["id"]))["ack"] >= 1

        await eventually(acked, what="ack 1")
    assert len(bob.held(ann, "unsent")) == 1


async def test_a_silent_server_is_a_timeout(wa_js: WaJsFactory, tmp_path: Path) -> None:
    (tmp_path / "frozen").mkdir()
    frozen = Sandbox(tmp_path / "frozen")
    try:
        ann = frozen.account("Ann")
        async with wa_js(url=frozen.page, pingIntervalMs=200, pingTimeoutMs=500) as page:
            await page.link(ann)
            frozen.freeze()
            await eventually(_becomes(lambda: page.evaluate("WPP.whatsapp.Socket.state"), "TIMEOUT"), what="TIMEOUT")
            frozen.thaw()
            await eventually(
                _becomes(lambda: page.evaluate("WPP.whatsapp.Socket.state"), "CONNECTED"), what="CONNECTED"
            )
    finally:
        frozen.thaw()
        frozen.stop()
