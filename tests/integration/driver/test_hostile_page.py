"""What a page can do that isn't what it should be: nothing beyond its site."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Download, Page

from adapters.playwright import processes
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from adapters.playwright.page import PlaywrightWhatsAppPage
from application.ports.page_events import QrShown
from application.ports.whatsapp_driver import PageHealth
from domain.ids import SessionId

from .world import Ear, data_dir

pytestmark = pytest.mark.asyncio(loop_scope="package")

SESSION = SessionId("hostile")
SECONDS = 20
EVERYWHERE = "0.0.0.0"  # noqa: S104 - every loopback address, for the time of a test
MARK = "a-file-of-a-hostile-page"


@dataclass
class Neighbour:
    """Somebody in the operator's network, on every loopback address, who notes whoever calls."""

    port: int = 0
    datagrams: socket.socket = field(default_factory=lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    calls: list[str] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whoever comes, whatever is said then.
        self.calls.append(str(writer.get_extra_info("sockname")))
        with suppress(OSError):
            await reader.readline()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\nhere")
            await writer.drain()
        writer.close()

    def heard_datagrams(self) -> bool:
        try:
            return bool(self.datagrams.recv(2_048))
        except BlockingIOError:
            return False


@pytest.fixture
async def neighbour() -> AsyncIterator[Neighbour]:
    found = Neighbour()
    async with await asyncio.start_server(found.answer, EVERYWHERE, 0) as server:
        found.port = server.sockets[0].getsockname()[1]
        found.datagrams.bind((EVERYWHERE, found.port))
        found.datagrams.setblocking(False)
        yield found
        found.datagrams.close()


@dataclass
class Hostile:
    """An open page, and what is run in it."""

    page: PlaywrightWhatsAppPage
    document: Page

    async def run(self, script: str) -> Any:
        """What a script gives, as JSON; it has what a person's click would allow."""
        assert self.page._window is not None
        assert self.page._window._cdp is not None
        expression = f"(async () => JSON.stringify(await (async () => {{{script}}})()))()"
        asked = {"expression": expression, "awaitPromise": True, "returnByValue": True, "userGesture": True}
        async with asyncio.timeout(SECONDS):
            answer = await self.page._window._cdp.send("Runtime.evaluate", asked)
        assert "exceptionDetails" not in answer, answer
        text = answer["result"].get("value")
        return None if text is None else json.loads(text)

    async def is_well(self) -> bool:
        """Whether the site's page is there and its bridge answers."""
        async with asyncio.timeout(SECONDS):
            return (await self.page.probe()).health is PageHealth.UNLINKED


@asynccontextmanager
async def hostile(driver: PlaywrightWhatsAppDriver) -> AsyncIterator[Hostile]:
    page = await driver.open(SESSION, 1)
    try:
        assert isinstance(page, PlaywrightWhatsAppPage)
        await Ear(page).until(QrShown)
        assert page._window is not None
        assert page._window._context is not None
        yield Hostile(page, page._window._context.pages[0])
    finally:
        await page.close()


async def test_the_page_stays_on_its_site(driver: PlaywrightWhatsAppDriver, neighbour: Neighbour) -> None:
    """Its host's other ports are other sites, too."""
    there = f"http://127.0.0.1:{neighbour.port}/left"
    async with hostile(driver) as it:
        for leave in (
            f"location.href = '{there}'",
            f"location.replace('{there}')",
            f"add('meta', {{httpEquiv: 'refresh', content: '0;url={there}'}})",
            f"add('form', {{method: 'post', action: '{there}'}}).submit()",
            f"add('a', {{href: '{there}'}}).click()",
            "location.href = 'file:///etc/passwd'",
            "location.href = 'data:text/html,left'",
            "location.href = 'chrome://version'",
            "location.href = 'view-source:' + location.href",
        ):
            await it.run(
                f"""
                window.stays = true;
                const add = (kind, fields) => {{
                  const made = Object.assign(document.createElement(kind), fields);
                  document.body.append(made);
                  return made;
                }};
                {leave};
                await new Promise((done) => setTimeout(done, 300));
                return 1;
                """
            )
            assert await it.run("return window.stays === true"), leave
            assert await it.is_well(), leave
        assert neighbour.calls == []


async def test_a_window_that_the_page_opens_is_closed(driver: PlaywrightWhatsAppDriver) -> None:
    async with hostile(driver) as it:
        context = it.document.context
        for opening in ("window.open('/', '_blank')", "window.open('/', '_blank', 'noopener')", "window.open('')"):
            closed = asyncio.get_running_loop().create_future()
            context.once("page", lambda page, closed=closed: page.on("close", lambda _: closed.set_result(None)))
            await it.run(f"{opening}; return 1")
            async with asyncio.timeout(SECONDS):
                await closed
            assert context.pages == [it.document]
        assert await it.is_well()


async def test_nothing_is_downloaded(driver: PlaywrightWhatsAppDriver, tmp_path: Path) -> None:
    async with hostile(driver) as it:
        asked: asyncio.Future[Download] = asyncio.get_running_loop().create_future()
        it.document.once("download", lambda download: asked.set_result(download))  # noqa: PLW0108 - Playwright looks into it
        await it.run(
            f"const a = document.createElement('a'); a.href = URL.createObjectURL(new Blob(['{MARK}'.repeat(9)])); "
            f"a.download = '{MARK}.html'; document.body.append(a); a.click(); return 1"
        )
        async with asyncio.timeout(SECONDS):
            assert await (await asked).failure()
        assert await it.is_well()
    for directory in (data_dir(driver, SESSION), tmp_path, Path.home() / "Downloads", Path.cwd()):
        assert not [*directory.glob(f"**/{MARK}*" if directory != Path.cwd() else f"{MARK}*")]


async def test_files_of_the_machine_cannot_be_read(driver: PlaywrightWhatsAppDriver) -> None:
    async with hostile(driver) as it:
        read = await it.run(
            """
            const url = 'file:///etc/passwd';
            const byFetch = await fetch(url).then((answer) => answer.text(), (error) => 'refused');
            const byRequest = await new Promise((done) => {
              const request = new XMLHttpRequest();
              request.onload = () => done(request.responseText);
              request.onerror = () => done('refused');
              try { request.open('GET', url); request.send(); } catch (error) { done('refused'); }
            });
            const frame = document.createElement('iframe');
            frame.src = url;
            document.body.append(frame);
            await new Promise((done) => setTimeout(done, 500));
            let inFrame = 'refused';
            try { inFrame = frame.contentDocument?.body?.innerText || 'refused'; } catch (error) { }
            return [byFetch, byRequest, inFrame];
            """
        )
        assert read == ["refused"] * 3
        assert await it.is_well()


async def test_nobody_in_the_operators_network_is_reached(
    driver: PlaywrightWhatsAppDriver, neighbour: Neighbour
) -> None:
    """By no name and no address but the site's host, in whatever way."""
    async with hostile(driver) as it:
        reached = await it.run(
            f"""
            const port = {neighbour.port}, got = [];
            const frame = (url) => document.body.append(Object.assign(document.createElement('iframe'), {{src: url}}));
            for (const host of ['127.0.0.2', 'localhost', 'localhost.localdomain', '127.1.1.1.nip.io', '0x7f000002',
                                '[::1]', '2130706434', '[::ffff:127.0.0.2]']) {{
              await fetch(`http://${{host}}:${{port}}/fetch`, {{mode: 'no-cors'}}).then(() => got.push(host), () => 0);
              await new Promise((done) => {{
                try {{
                  const socket = new WebSocket(`ws://${{host}}:${{port}}/socket`);
                  socket.onerror = socket.onclose = socket.onopen = done;
                }} catch (error) {{ done(); }}
              }});
              frame(`http://${{host}}:${{port}}/frame`);
              navigator.sendBeacon(`http://${{host}}:${{port}}/beacon`, 'x');
            }}
            await new Promise((done) => setTimeout(done, 500));
            return got;
            """
        )
        assert reached == []
        assert neighbour.calls == []


async def test_no_datagrams_leave_by_webrtc(driver: PlaywrightWhatsAppDriver, neighbour: Neighbour) -> None:
    """They pass by the rules for names: a page could look around in the operator's network by them."""
    async with hostile(driver) as it:
        candidates = await it.run(
            f"""
            const relay = {{urls: 'turn:127.0.0.2:{neighbour.port}?transport=tcp', username: 'x', credential: 'x'}};
            const servers = [{{urls: 'stun:127.0.0.1:{neighbour.port}'}}, relay];
            const peer = new RTCPeerConnection({{iceServers: servers}});
            peer.createDataChannel('x');
            const found = [];
            const done = new Promise((all) => {{
              peer.onicecandidate = (event) => event.candidate ? found.push(event.candidate.candidate) : all();
            }});
            await peer.setLocalDescription();
            await Promise.race([done, new Promise((late) => setTimeout(late, 3000))]);
            peer.close();
            return found.filter((each) => each.includes(' udp '));
            """
        )
        assert candidates == []
        assert not neighbour.heard_datagrams()
        assert neighbour.calls == []


async def test_what_asks_a_person_is_denied(driver: PlaywrightWhatsAppDriver) -> None:
    async with hostile(driver) as it:
        states = await it.run(
            """
            const names = ['geolocation', 'notifications', 'camera', 'microphone', 'midi', 'clipboard-read',
                           'background-sync', 'persistent-storage'];
            const states = await Promise.all(names.map((name) =>
              navigator.permissions.query({name}).then((found) => found.state, () => 'unknown')));
            return Object.fromEntries(names.map((name, place) => [name, states[place]]));
            """
        )
        assert set(states.values()) <= {"denied", "unknown"}, states
        assert [states[name] for name in ("geolocation", "notifications", "camera", "microphone")] == ["denied"] * 4
        assert await it.run("return Notification.permission") == "denied"
        assert (
            await it.run(
                "return new Promise((done) => navigator.geolocation.getCurrentPosition(done, (e) => done(e.code)))"
            )
            == 1
        )
        assert await it.run(
            "return navigator.mediaDevices.getUserMedia({audio: true}).then(() => 'given', (error) => error.name)"
        ) in {"NotAllowedError", "NotFoundError"}
        assert await it.is_well()


async def test_how_the_browser_is_started(driver: PlaywrightWhatsAppDriver) -> None:
    async with hostile(driver):
        main = processes.main_browser_pid(data_dir(driver, SESSION))
        assert main is not None
        arguments = [argument.decode() for argument in processes._command(main)]
    # Nobody else on the machine can talk to it: it is driven by a pipe.
    assert "--remote-debugging-pipe" in arguments
    assert not [each for each in arguments if each.startswith("--remote-debugging-port")]
    assert "--disable-breakpad" in arguments
    assert any(each.startswith("--host-resolver-rules=MAP * ~NOTFOUND") for each in arguments)
    weakening = ("--disable-web-security", "--allow-file-access", "--disable-site-isolation", "--ignore-certificate")
    assert not [each for each in arguments if each.startswith(weakening)]
    assert ("--no-sandbox" in arguments) == (os.geteuid() == 0)
