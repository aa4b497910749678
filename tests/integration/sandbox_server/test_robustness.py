import asyncio
import ssl
import stat
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from sandbox.app import SandboxServer
from sandbox.config import SandboxConfig
from sandbox.errors import StartError

from .device import RequestError
from .world import World


async def test_malformed_frames_close_one_connection_only(world: World) -> None:
    good = await world.linked("15550002")
    for raw in (
        "",
        "{",
        "[]",
        "7",
        '{"t":5}',
        '{"t":"login"}',
        '{"t":"iq","rid":true}',
        '{"t":"message"}',
        '"\\ud800"',
    ):
        device = world.device()
        await device.connect()
        await device.send_raw(raw)
        await device.closed(4400)
    device = world.device()
    await device.connect()
    await device.send_bytes(b"{}")
    await device.closed(4400)
    await good.ask(t="ping")


async def test_requests_that_make_no_sense_are_answered(world: World) -> None:
    ada = await world.linked("15550001")
    for frame, code in (
        ({"t": "fly"}, 501),
        ({"t": "iq"}, 400),
        ({"t": "iq", "op": "exists", "phones": "x"}, 400),
        ({"t": "iq", "op": "contact", "jid": {}}, 400),
        ({"t": "received", "seq": "1"}, 400),
        ({"t": "received", "seq": 2**70}, 400),
        ({"t": "receipt", "kind": "seen", "chat": "15550002@c.us", "ids": ["a"]}, 400),
        ({"t": "receipt", "kind": "read", "chat": "15550002@c.us", "ids": []}, 400),
        ({"t": "chatstate", "to": "15550002@c.us", "state": "flying"}, 400),
        ({"t": "presence", "state": []}, 400),
        ({"t": "history_ack", "progress": 100}, 400),
    ):
        with pytest.raises(RequestError) as caught:
            await ada.ask(**frame)
        assert caught.value.code in (code, 400), frame
    await ada.ask(t="ping")


async def test_a_frame_beyond_a_mebibyte_closes_with_1009(world: World) -> None:
    ada = await world.linked("15550001")
    await ada.send_raw('{"t":"ping","rid":1,"x":"' + "x" * 1024 * 1024 + '"}')
    await ada.closed(1009)


async def test_a_device_of_another_origin_is_refused(world: World) -> None:
    device = world.device()
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await device.connect(headers={"Origin": "http://evil.example"})
    assert caught.value.status == 403
    await device.connect(headers={"Origin": world.server.page_url})


async def test_control_refuses_other_pages(world: World) -> None:
    page = {"Origin": world.server.page_url}
    assert (await world.call("GET", "/accounts", headers=page))[0] == 403
    assert (await world.call("GET", "/accounts", headers={"Origin": "null"}))[0] == 403
    assert (await world.call("GET", "/accounts", headers={"Host": "evil.example"}))[0] == 403
    assert (await world.call("GET", "/accounts", headers={"Host": "[::1"}))[0] == 403
    assert (await world.call("GET", "/accounts", headers={"Origin": world.server.control_url}))[0] == 200


async def test_control_refuses_what_is_malformed(world: World) -> None:
    for method, path, body, status in (
        ("POST", "/accounts", [], 400),
        ("POST", "/accounts", {"name": "x"}, 400),
        ("POST", "/accounts", {"phone": "123"}, 400),
        ("POST", "/accounts", {"phone": "0155500012"}, 400),
        ("POST", "/accounts", {"phone": "15550003", "name": ""}, 400),
        ("POST", "/accounts", {"phone": "15550003", "nome": "x"}, 400),
        ("POST", "/accounts", {"phone": "15550001", "name": "x"}, 409),
        ("GET", "/accounts/15559999", None, 404),
        ("GET", "/accounts/nobody", None, 400),
        ("PATCH", "/accounts/15550001", {"online": "yes"}, 400),
        ("PATCH", "/accounts/15550001", {"deliver_after_ms": -1}, 400),
        ("PATCH", "/accounts/15550001", {"deliver_after_ms": None}, 400),
        ("PATCH", "/accounts/15550001", {"read_after_ms": 1.5}, 400),
        ("PATCH", "/accounts/15550001", {"lid": "x"}, 400),
        ("PATCH", "/accounts/15550001", {"phone": "15550009"}, 400),
        ("POST", "/accounts/15550001/send", {"to": "15550002"}, 400),
        ("POST", "/accounts/15550001/send", {"to": "15550002", "text": ""}, 400),
        ("POST", "/accounts/15550001/send", {"to": "15550002", "text": "a", "content": {}}, 400),
        ("POST", "/accounts/15550001/send", {"to": "15550002", "content": {"body": 1}}, 400),
        ("POST", "/accounts/15550001/send", {"to": "15559999", "text": "a"}, 404),
        ("POST", "/accounts/15550001/send", {"text": "a"}, 400),
        ("POST", "/accounts/15550001/read", {}, 400),
        ("POST", "/accounts/15550001/read", {"ids": ["nope"]}, 404),
        ("GET", "/accounts/15550001/messages?limit=0", None, 400),
        ("GET", "/accounts/15550001/messages?chat=x", None, 400),
        ("POST", "/accounts/15550001/typing", {"chat": "15550002", "state": 5}, 400),
        ("POST", "/accounts/15550001/react", {}, 404),
        ("POST", "/accounts/15550001/react", {"id": "x", "smile": 1}, 400),
        ("POST", "/clock", {"advance_ms": -1}, 400),
        ("POST", "/clock", {"advance_ms": 10**15}, 400),
        ("POST", "/faults", {}, 400),
        ("POST", "/faults", {"kind": "meteor"}, 400),
        ("POST", "/faults", {"kind": "slow_sync"}, 400),
        ("POST", "/faults", {"kind": "ban", "account": "15559999"}, 404),
        ("GET", "/nothing", None, 404),
        ("PUT", "/accounts", None, 405),
    ):
        answered, value = await world.call(method, path, body)
        assert answered == status, (method, path, body, value)
        assert set(value["error"]) == {"code", "message"}
    status, value = await world.call("POST", "/accounts", data=b"{nope")
    assert (status, value["error"]["code"]) == (400, "INVALID_JSON")
    assert (await world.call("POST", "/accounts", data=b"\xff\xfe"))[0] == 400


async def test_page_is_served_and_stays_in_its_folder(
    config: Callable[..., SandboxConfig], http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("<p>page")
    (page / "main.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    async with SandboxServer(config(page_dir=page, https_port=0)) as server:
        for path, status in (("/", 200), ("/any/path", 200), ("/main.js", 200), ("/no.js", 404), ("/%00", 404)):
            async with http.get(server.page_url + path) as response:
                assert response.status == status
                assert "no-cache" in response.headers["Cache-Control"]
        for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "//etc/passwd"):
            async with http.get(server.page_url + path) as response:
                assert "secret" not in await response.text()
        pem = tmp_path / "sandbox" / "page-tls.pem"
        assert stat.S_IMODE(pem.stat().st_mode) == 0o600
        trusted = ssl.create_default_context(cafile=str(pem))
        assert server.https_url is not None
        async with http.get(server.https_url, ssl=trusted, server_hostname="web.whatsapp.com") as response:
            assert await response.text() == "<p>page"


async def test_stop_closes_devices_within_a_second(
    config: Callable[..., SandboxConfig], http: aiohttp.ClientSession
) -> None:
    server = SandboxServer(config())
    await server.start()
    world = World(http, server)
    await world.account("15550001", "Ada")
    ada, waiting, stuck = await world.linked("15550001"), world.device(), await world.linked("15550001")
    await waiting.register()
    await stuck.stop_reading()
    async with http.get(server.control_url + "/events") as events:
        await events.content.readline()
        started = time.perf_counter()
        await server.stop()
        assert time.perf_counter() - started < 3  # a second, and room for a busy machine
    await ada.closed(4503)
    await waiting.closed(4503)


async def test_two_servers_do_not_share_a_data_directory(config: Callable[..., SandboxConfig]) -> None:
    async with SandboxServer(config()) as server:
        with pytest.raises(StartError, match="another sandbox"):
            await SandboxServer(config()).start()
        port = int(server.page_url.rpartition(":")[2])
    async with SandboxServer(config(port=port)):
        pass


async def test_port_in_use_is_told(config: Callable[..., SandboxConfig], tmp_path: Path) -> None:
    async with SandboxServer(config()) as server:
        port = int(server.page_url.rpartition(":")[2])
        with pytest.raises(StartError, match="can't listen"):
            await SandboxServer(config(port=port, data_dir=tmp_path / "other")).start()


async def test_a_database_of_someone_else_is_left_alone(config: Callable[..., SandboxConfig], tmp_path: Path) -> None:
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox" / "sandbox.sqlite3").write_bytes(b"not a database at all, " * 100)
    with pytest.raises(StartError, match="no usable database"):
        await SandboxServer(config()).start()


async def test_events_tell_of_changes(world: World) -> None:
    async with world.http.get(world.server.control_url + "/events") as events:
        assert (await events.content.readline()).startswith(b":")
        await world.post("/accounts/15550001/send", {"to": "15550002", "text": "x"})
        async with asyncio.timeout(5):
            while b'"message"' not in await events.content.readline():
                pass


async def test_phones_page_is_served_with_a_policy(world: World) -> None:
    async with world.http.get(world.server.control_url + "/") as response:
        assert response.status == 200
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        text = await response.text()
    assert "http://" not in text
    assert "https://" not in text
