"""What gets out of a browser that reads a profile: nothing but GETs of the site's own files."""

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import async_playwright

from adapters.http.address_policy import EVERYWHERE
from adapters.http.proxy_connector import ConnectorSettings, GuardedProxyConnector
from adapters.playwright import processes
from adapters.playwright.browser import Browser
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from adapters.playwright.offline import DeadEnd
from adapters.playwright.profile import Profile, user_data_dir
from adapters.playwright.relay import ProxyRelay
from adapters.playwright.window import Window
from application.ports.page_events import MessagesSeen
from domain.errors import UnavailableError
from domain.ids import SessionId
from domain.proxy import Proxy
from tests.contracts.whatsapp_driver import LONG_AGO
from tests.contracts.whatsapp_world import Linked, open_linked
from tests.proxies import HttpProxy, Socks5Proxy, callers_of

from .conftest import MakeDriver
from .test_contract import SandboxStage
from .world import Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="package")

_PAGE = """<!doctype html><link rel="icon" href="data:,">
<link rel="preconnect" href="http://127.0.0.1:{port}"><link rel="prefetch" href="http://127.0.0.1:{port}/prefetch">
<link rel="dns-prefetch" href="http://127.0.0.1:{port}">
<script>
const there = "127.0.0.1:{port}", quietly = (act) => {{ try {{ return act(); }} catch {{ }} }};
const everything = `
  try {{ new WebSocket("ws://${{there}}/socket"); }} catch {{ }}
  try {{ new WebSocket("ws://{site}/socket"); }} catch {{ }}
  try {{ new EventSource("http://${{there}}/events"); }} catch {{ }}
  fetch("http://${{there}}/fetch", {{ mode: "no-cors" }}).catch(() => 0);
  fetch("http://{site}/post", {{ method: "POST", body: "x" }}).catch(() => 0);
  fetch("http://{site}/head", {{ method: "HEAD" }}).catch(() => 0);
`;
quietly(() => (0, eval)(everything));
const source = URL.createObjectURL(new Blob([everything]));
quietly(() => new Worker(source));
quietly(() => new SharedWorker(source));
quietly(() => new SharedWorker("/worker.js"));
quietly(() => navigator.serviceWorker.register("/worker.js").catch(() => 0));
quietly(() => navigator.sendBeacon("http://{site}/beacon", "x"));
quietly(() => navigator.sendBeacon(`http://${{there}}/beacon`, "x"));
quietly(() => new WebTransport(`https://${{there}}/transport`).ready.catch(() => 0));
for (const path of ["/away", "/away-twice"]) {{
  fetch(path, {{ mode: "no-cors" }}).catch(() => 0);
  const image = new Image(); image.src = path;
}}
quietly(() => {{ const frame = document.createElement("iframe"); frame.src = `http://${{there}}/frame`;
  document.documentElement.append(frame); }});
quietly(() => {{
  const peer = new RTCPeerConnection({{ iceServers: [
    {{ urls: "stun:127.0.0.1:{udp}" }},
    {{ urls: ["turn:127.0.0.1:{udp}", `turn:${{there}}?transport=tcp`], username: "u", credential: "c" }},
  ] }});
  peer.createDataChannel("x");
  peer.createOffer().then((offer) => peer.setLocalDescription(offer));
}});
fetch("/moved").then((answer) => answer.text()).then((text) => fetch("/said-" + text));
setTimeout(() => fetch("/done"), 3000);
</script>
"""


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.count = 0

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - the protocol names them
        self.count += 1


class Site:
    """The site, and beside it what isn't the site: a port that counts connections, and one that counts datagrams."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.connections = 0
        self.datagrams = _Datagrams()
        self.done = asyncio.Event()
        self.url = ""
        self.ports: tuple[int, ...] = ()

    @classmethod
    @asynccontextmanager
    async def run(cls) -> AsyncIterator["Site"]:
        site, loop = cls(), asyncio.get_running_loop()

        async def count(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            site.connections += 1
            writer.close()

        elsewhere = await asyncio.start_server(count, "127.0.0.1", 0)
        port = elsewhere.sockets[0].getsockname()[1]
        transport, _ = await loop.create_datagram_endpoint(lambda: site.datagrams, ("127.0.0.1", 0))
        udp = transport.get_extra_info("sockname")[1]

        async def answer(request: web.Request) -> web.Response:
            site.asked[f"{request.method} {request.path}"] += 1
            match request.path:
                case "/":
                    own = request.host
                    return web.Response(text=_PAGE.format(port=port, udp=udp, site=own), content_type="text/html")
                case "/away":
                    raise web.HTTPFound(f"http://127.0.0.1:{port}/redirected")
                case "/away-twice":
                    raise web.HTTPFound("/away")
                case "/moved":
                    raise web.HTTPFound("/landed")
                case "/landed":
                    return web.Response(text="landed")
                case "/done":
                    site.done.set()
            return web.Response(text="", content_type="text/javascript")

        application = web.Application()
        application.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        site.ports = (port, runner.addresses[0][1])
        site.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        try:
            yield site
        finally:
            await runner.cleanup()
            transport.close()
            elsewhere.close()


async def test_nothing_gets_out_but_the_site_s_files_in(sandbox: Sandbox, browser: Browser, tmp_path: Path) -> None:
    async with Site.run() as site, async_playwright() as playwright:
        settings = sandbox.settings(tmp_path / "profiles", browser, web_url=site.url)
        async with DeadEnd(settings, playwright) as dead_end:
            build = settings.builds.read_pinned()
            window = await Window.open(playwright, settings, tmp_path / "chromium", build, dead_end)
            try:
                async with asyncio.timeout(60):
                    await site.done.wait()
            finally:
                await window.close()
    assert site.asked["GET /said-landed"] == 1, "a redirect within the site is followed"
    assert {each for each in site.asked if not each.startswith("GET ")} == set()
    assert "GET /socket" not in site.asked
    assert (site.connections, site.datagrams.count) == (0, 0)


async def test_nothing_gets_past_a_proxy(sandbox: Sandbox, browser: Browser, tmp_path: Path) -> None:
    async with (
        Site.run() as site,
        HttpProxy.run("ana", "secret") as small,
        async_playwright() as playwright,
    ):
        settings = sandbox.settings(tmp_path / "profiles", browser, web_url=site.url)
        proxy = Proxy.parse(small.url, "ana", "secret")
        with GuardedProxyConnector.open(ConnectorSettings(allowed=EVERYWHERE)) as connector:
            async with ProxyRelay(proxy, connector, settings.hosts, "ana") as way:
                build = settings.builds.read_pinned()
                window = await Window.open(playwright, settings, tmp_path / "chromium", build, way)
                try:
                    async with asyncio.timeout(60):
                        await site.done.wait()
                finally:
                    await window.close()
    # The same page, and all that it tries: what arrived, came through the proxy. Both ports are on the site's host.
    assert site.connections > 0
    assert site.datagrams.count == 0
    for port in site.ports:
        assert callers_of(port) <= small.ports
    assert callers_of(site.ports[1])


SESSION = SessionId("left")


@pytest_asyncio.fixture(loop_scope="package")
async def left(sandbox: Sandbox, browser: Browser, make_driver: MakeDriver) -> AsyncIterator[PlaywrightWhatsAppDriver]:
    """A driver whose session's page has taken a message and is closed."""
    driver = make_driver(sandbox, browser)
    stage = SandboxStage(sandbox, driver)
    linked: Linked = await open_linked(stage, SESSION)
    taken = await (await stage.person("Ben")).send(linked.me, "taken")
    seen = await linked.ear.until(MessagesSeen, lambda event: taken in event.messages[0].whatsapp_id)
    # A page tells of a message before it has stored it; what is done to the message is stored with it.
    await linked.page.messages.star(seen.messages[0].whatsapp_id, starred=True)
    await linked.page.close()
    await linked.ear.stop()
    yield driver


async def test_a_reading_that_is_cancelled_leaves_nothing(left: PlaywrightWhatsAppDriver, profiles: Path) -> None:
    copies = profiles.with_name("profiles-offline")
    for seconds in (0, 0.05, 0.3, 0.8, 1.5, 2.5):
        reading = asyncio.create_task(left.stored_news(SESSION, since=LONG_AGO, recorded=()))
        await asyncio.wait({reading}, timeout=seconds)
        reading.cancel()
        await asyncio.wait({reading})
        assert not copies.exists() or list(copies.iterdir()) == []
        assert not processes.browser_pids(user_data_dir(copies, SESSION))
    assert (await left.stored_news(SESSION, since=LONG_AGO, recorded=())).messages
    assert list(copies.iterdir()) == []


async def test_a_reading_goes_by_the_session_s_proxy(left: PlaywrightWhatsAppDriver) -> None:
    async with Socks5Proxy.run("ana", "secret") as small:
        proxy = Proxy.parse(small.url, "ana", "secret")
        assert (await left.stored_news(SESSION, since=LONG_AGO, recorded=(), proxy=proxy)).messages
        assert small.passed
    passed = len(small.passed)
    with pytest.raises(UnavailableError) as failed:
        await left.stored_news(SESSION, since=LONG_AGO, recorded=(), proxy=proxy)
    assert failed.value.reason == "PROXY_UNREACHABLE"
    assert len(small.passed) == passed


async def test_what_was_read_isn_t_lost_for_a_copy_that_can_t_be_deleted(
    left: PlaywrightWhatsAppDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = shutil.rmtree

    def refuse(path: Path, *more: object, **named: object) -> None:
        if path.parent.name == "profiles-offline":
            raise PermissionError(13, "Permission denied")
        delete(path, *more, **named)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(shutil, "rmtree", refuse)
    assert (await left.stored_news(SESSION, since=LONG_AGO, recorded=())).messages


async def test_a_start_deletes_what_was_left_and_nothing_that_is_being_read(
    sandbox: Sandbox, make_driver: MakeDriver, profiles: Path
) -> None:
    copies = profiles.with_name("profiles-offline")
    held = await Profile.acquire(copies, SessionId("held"))
    (await Profile.acquire(copies, SessionId("stale"))).release()
    await make_driver(sandbox, None).start()
    assert [home.name for home in copies.iterdir()] == ["held"]
    held.release()


async def test_a_playwright_that_is_gone_is_told_as_that(sandbox: Sandbox, browser: Browser, tmp_path: Path) -> None:
    async with async_playwright() as playwright:
        pass
    with pytest.raises(UnavailableError) as failed:
        async with DeadEnd(sandbox.settings(tmp_path, browser), playwright):
            pass
    assert failed.value.reason == "BROWSER_FAILED"
