"""Browsers and their processes."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.memory.proxy_connector import MemoryProxyConnector
from adapters.playwright import processes
from adapters.playwright.assets import BridgeAssets, find_assets
from adapters.playwright.browser import Browser, BrowserKind, find_browser, packaged_browser
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from adapters.playwright.news import NewsReader
from adapters.playwright.page import PlaywrightWhatsAppPage
from application.ports.page_events import BrowserTooLarge, PageDied, PageEvent, QrShown
from application.ports.whatsapp_driver import PageHealth
from domain.errors import ConflictError, UnavailableError
from domain.ids import SessionId
from entrypoints.settings import default_cache_dir

from .conftest import MakeDriver
from .world import ROOT, WEB, Ear, Sandbox, data_dir, died_at_start, in_page

pytestmark = pytest.mark.asyncio(loop_scope="package")

SESSION = SessionId("one")
MB = 2**20

_LOOK = """(async () => {
  const brands = (data) => data ? data.brands.map((entry) => entry.brand).join() : "";
  const source = "postMessage(navigator.userAgent + ' ' + navigator.userAgentData?.brands.map((entry) => entry.brand))";
  const worker = new Worker(URL.createObjectURL(new Blob([source])));
  const inWorker = await new Promise((told) => { worker.onmessage = (event) => told(event.data); });
  const abroad = await fetch("http://203.0.113.1/").then(() => "reached", (error) => String(error));
  const analytics = fetch("https://www.google-analytics.com/", {mode: "no-cors"});
  const named = await analytics.then(() => "reached", () => "blocked");
  return JSON.stringify({
    agent: navigator.userAgent, brands: brands(navigator.userAgentData), inWorker, abroad, named,
    config: [WPPConfig.disableGoogleAnalytics, WPPConfig.linkPreviewApiServers],
    binding: typeof pomboBridgeEmit, again: typeof pomboBridgeConfig, script: document.scripts.length,
  });
})()"""


async def look(page: PlaywrightWhatsAppPage) -> str:
    assert page._window is not None
    assert page._window._cdp is not None
    answer = await page._window._cdp.send(
        "Runtime.evaluate", {"expression": _LOOK, "awaitPromise": True, "returnByValue": True}
    )
    return str(answer["result"]["value"])


INSTALLED = [kind for kind in ("chromium-headless-shell", "chromium") if (Path("/usr/bin") / kind).exists()]


@pytest.mark.parametrize("kind", [*INSTALLED, "package"])
async def test_each_kind_of_browser_shows_a_qr_and_no_headless(
    sandbox: Sandbox, make_driver: MakeDriver, profiles: Path, kind: str
) -> None:
    cache = default_cache_dir()
    if kind == "package":
        browser = await packaged_browser(cache, WEB)
        assert browser.kind is BrowserKind.PACKAGE
    else:
        browser = await find_browser(Path("/usr/bin") / kind, cache, WEB)
    driver = make_driver(sandbox, browser)
    page = await driver.open(SESSION, 1)
    assert isinstance(page, PlaywrightWhatsAppPage)
    await Ear(page).until(QrShown)
    told = await look(page)
    assert "Headless" not in told
    assert f"Chrome/{browser.major}.0.0.0" in told
    assert told.count("Chromium") == 2
    assert "reached" not in told
    assert '"config":[true,[]]' in told
    assert '"binding":"undefined","again":"undefined"' in told
    await driver.stop()
    assert processes.browser_pids(profiles / SESSION / "chromium") == ()


async def test_a_profile_has_one_owner(sandbox: Sandbox, driver: PlaywrightWhatsAppDriver, browser: Browser) -> None:
    home = driver._settings.profiles / SESSION / "chromium"
    home.mkdir(parents=True)
    (home / "SingletonLock").symlink_to("a-dead-host-4242")
    page = await driver.open(SESSION, 1)
    rival = PlaywrightWhatsAppDriver(sandbox.settings(driver._settings.profiles, browser), MemoryProxyConnector())
    with pytest.raises(ConflictError) as caught:
        await rival.open(SESSION, 1)
    assert caught.value.reason == "PROFILE_IN_USE"
    with pytest.raises(ConflictError):
        await driver.forget(SESSION)
    await rival.stop()
    assert (driver._settings.profiles / SESSION).stat().st_mode & 0o777 == 0o700
    await page.close()


async def test_a_session_is_forgotten_by_two_at_once(driver: PlaywrightWhatsAppDriver) -> None:
    page = await driver.open(SESSION, 1)
    await page.close()
    await asyncio.gather(*(driver.forget(SESSION) for _ in range(5)))
    assert not (driver._settings.profiles / SESSION / "chromium").exists()


@pytest.mark.parametrize("deaths", [2, 4])
async def test_a_browser_that_dies_at_its_start_is_started_up_to_four_times(
    sandbox: Sandbox, make_driver: MakeDriver, browser: Browser, tmp_path: Path, deaths: int
) -> None:
    starts = tmp_path / "starts"
    wrapper = tmp_path / "browser"
    lines = ("#!/bin/sh", f"echo >> {starts}", f"[ $(wc -l < {starts}) -gt {deaths} ] || kill -SEGV $$")
    wrapper.write_text("\n".join((*lines, f'exec {browser.path} "$@"', "")))
    wrapper.chmod(0o700)
    driver = make_driver(sandbox, replace(browser, path=wrapper))
    with capture_logs() as logs:
        if deaths < 4:
            page = await driver.open(SESSION, 1)
            await Ear(page).until(QrShown)
            await page.close()
        else:
            with pytest.raises(UnavailableError) as caught:
                await driver.open(SESSION, 1)
            assert caught.value.reason == "BROWSER_FAILED"
    # The last one's death is told by the error alone.
    assert len(starts.read_text().splitlines()) == died_at_start(logs) + 1
    assert died_at_start(logs) >= min(deaths, 3)


async def test_what_a_page_stores_locally_is_soon_on_disk(driver: PlaywrightWhatsAppDriver) -> None:
    """A login is: by itself Chromium would write it after a minute, so that a killed browser came back without it."""
    page = await driver.open(SESSION, 1)
    await Ear(page).until(QrShown)
    for mark in ("mark-of-the-first-write", "mark-of-the-second-write"):
        await in_page(page, f"localStorage.setItem('{mark}', '{mark}')")
        async with asyncio.timeout(20):
            while not stored_locally(data_dir(driver, SESSION), mark):  # noqa: ASYNC110 - a file tells nobody
                await asyncio.sleep(0.05)
    await page.close()


def stored_locally(profile: Path, text: str) -> bool:
    files = profile.rglob("Local Storage/leveldb/*")
    return any(text.encode() in file.read_bytes() for file in files if file.is_file())


async def test_a_listener_that_fails_in_one_page_fails_no_call_of_another(
    driver: PlaywrightWhatsAppDriver,
) -> None:
    """By itself Playwright raises it in the next call, whosever that is; its own fail when a browser dies early."""
    page, other = await driver.open(SESSION, 1), await driver.open(SessionId("other"), 1)
    assert isinstance(page, PlaywrightWhatsAppPage)
    assert page._window is not None
    assert page._window._context is not None
    heard = asyncio.Event()

    def fail(_: object) -> None:
        heard.set()
        raise RuntimeError("a listener's fault")

    page._window._context.on("console", fail)
    with capture_logs() as logs:
        await in_page(page, "console.info('hear this')")
        async with asyncio.timeout(20):
            await heard.wait()
        assert (await other.probe()).health is PageHealth.UNLINKED
    assert [entry["error"] for entry in logs if entry["event"] == "playwright_dispatch_failed"] == ["RuntimeError"]
    await page.close()
    await other.close()


async def test_a_page_that_crashes_is_told_once(driver: PlaywrightWhatsAppDriver) -> None:
    page = await driver.open(SESSION, 1)
    assert isinstance(page, PlaywrightWhatsAppPage)
    ear = Ear(page)
    assert page._window is not None
    assert page._window._cdp is not None
    crash = asyncio.ensure_future(page._window._cdp.send("Page.crash"))  # Never answered, of course.
    await ear.until(PageDied)
    crash.cancel()
    await page.close()
    await asyncio.gather(crash, return_exceptions=True)
    assert ear.kinds().count(PageDied) == 1


async def test_a_page_that_reloads_gets_its_bridge_again(driver: PlaywrightWhatsAppDriver) -> None:
    page = await driver.open(SESSION, 1)
    assert isinstance(page, PlaywrightWhatsAppPage)
    ear = Ear(page)
    await ear.until(QrShown)
    mark = len(ear.heard)
    assert page._window is not None
    assert page._window._cdp is not None
    await page._window._cdp.send("Page.reload")
    await ear.until(QrShown, after=mark)
    await page.probe()
    await page.close()


async def test_a_browser_that_is_too_large_is_told(sandbox: Sandbox, make_driver: MakeDriver, browser: Browser) -> None:
    limits = {"memory_limit": 20 * MB, "memory_check": timedelta(milliseconds=100)}
    page = await make_driver(sandbox, browser, **limits).open(SESSION, 1)
    ear = Ear(page)
    told = await ear.until(BrowserTooLarge)
    # A browser with one page: a good deal more than its main process, a good deal less than the machine has.
    assert (told.limit, 60 * MB < told.used < 2000 * MB) == (20 * MB, True), told
    await page.close()


async def test_without_a_browser(sandbox: Sandbox, make_driver: MakeDriver, tmp_path: Path) -> None:
    driver = make_driver(sandbox, None)
    with pytest.raises(UnavailableError) as caught:
        await driver.open(SESSION, 1)
    assert caught.value.reason == "BROWSER_MISSING"
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o700)
    bad = Browser(path=broken, version="150.0.0.0", kind=BrowserKind.EXPLICIT)
    rival = make_driver(sandbox, bad)
    with pytest.raises(UnavailableError) as failed:
        await rival.open(SESSION, 1)
    assert failed.value.reason == "BROWSER_FAILED"


async def test_without_a_site_or_a_bridge(
    sandbox: Sandbox, browser: Browser, make_driver: MakeDriver, profiles: Path, tmp_path: Path
) -> None:
    silent = make_driver(sandbox, browser, web_url="http://127.0.0.1:9/")
    with pytest.raises(UnavailableError) as unreachable:
        await silent.open(SESSION, 1)
    assert unreachable.value.reason == "PAGE_UNREACHABLE"
    elsewhere = make_driver(sandbox, browser, web_url=f"{sandbox.control}/nothing-here")
    with pytest.raises(UnavailableError) as missing:
        await elsewhere.open(SESSION, 1)
    assert missing.value.reason == "PAGE_UNREACHABLE"
    mute = tmp_path / "mute.js"
    mute.write_text("")
    assets = BridgeAssets(wajs=find_assets(WEB).wajs, bridge=mute)
    bridgeless = make_driver(sandbox, browser, assets=assets, bridge_timeout=timedelta(seconds=2))
    with pytest.raises(UnavailableError) as failed:
        await bridgeless.open(SESSION, 1)
    assert failed.value.reason == "BRIDGE_FAILED"
    assert processes.browser_pids(profiles / SESSION / "chromium") == ()


async def test_a_browser_that_hangs_is_killed(
    sandbox: Sandbox, browser: Browser, make_driver: MakeDriver, profiles: Path
) -> None:
    driver = make_driver(sandbox, browser, close_timeout=timedelta(seconds=1))
    page = await driver.open(SESSION, 1)
    directory = profiles / SESSION / "chromium"
    main = processes.main_browser_pid(directory)
    assert main is not None
    os.kill(main, signal.SIGSTOP)
    async with asyncio.timeout(30):
        await page.close()
    assert processes.browser_pids(directory) == ()


async def test_a_close_that_was_cancelled_is_finished(
    sandbox: Sandbox, browser: Browser, make_driver: MakeDriver, profiles: Path
) -> None:
    driver = make_driver(sandbox, browser, close_timeout=timedelta(seconds=1))
    page = await driver.open(SESSION, 1)
    directory = profiles / SESSION / "chromium"
    main = processes.main_browser_pid(directory)
    assert main is not None
    os.kill(main, signal.SIGSTOP)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await page.close()
    await page.close()
    assert processes.browser_pids(directory) == ()
    await driver.forget(SESSION)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"])
async def test_a_driver_that_stops_ends_what_is_opening(
    sandbox: Sandbox, browser: Browser, make_driver: MakeDriver, profiles: Path, answer: bytes
) -> None:
    """A site that says nothing, and one that isn't WhatsApp Web."""
    asked = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        asked.set()
        await reader.read()  # Until the browser is gone.
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1") as site:
        driver = make_driver(sandbox, browser, web_url=f"http://127.0.0.1:{site.sockets[0].getsockname()[1]}/")
        opening = asyncio.create_task(driver.open(SESSION, 1))
        async with asyncio.timeout(60):
            await asked.wait()
        await driver.stop()
        with pytest.raises(UnavailableError):
            async with asyncio.timeout(30):
                await opening
    assert processes.browser_pids(profiles / SESSION / "chromium") == ()


async def test_a_failure_of_our_own_ends_the_page_for_all_to_see(
    driver: PlaywrightWhatsAppDriver, profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would look alive, and never tell anything again."""
    read = NewsReader.read

    def fail_at_a_qr(reader: NewsReader, item: Mapping[str, Any]) -> list[PageEvent]:
        if item.get("t") == "qr":
            raise RuntimeError("a fault of ours")
        return list(read(reader, item))

    monkeypatch.setattr(NewsReader, "read", fail_at_a_qr)
    page = await driver.open(SESSION, 1)
    died = await Ear(page).until(PageDied)
    assert died.detail == "following it failed: RuntimeError"
    await page.close()
    assert processes.browser_pids(profiles / SESSION / "chromium") == ()


async def test_a_dead_playwright_is_told_and_replaced(
    sandbox: Sandbox, browser: Browser, make_driver: MakeDriver
) -> None:
    driver = make_driver(sandbox, browser)
    before = processes.playwright_pids()
    page = await driver.open(SESSION, 1)
    ear = Ear(page)
    (pid,) = processes.playwright_pids() - before
    os.kill(pid, signal.SIGKILL)
    await ear.until(PageDied)
    await page.close()
    page = await driver.open(SESSION, 1)
    await Ear(page).until(QrShown)
    await page.close()


_HOST = """
import asyncio, sys
from pathlib import Path
from adapters.memory.proxy_connector import MemoryProxyConnector
from adapters.playwright.assets import find_assets
from adapters.playwright.browser import find_browser
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from adapters.playwright.settings import DriverSettings
from domain.ids import SessionId

async def main():
    url, browser, profiles, web = sys.argv[1:]
    found = await find_browser(Path(browser), Path(profiles), Path(web))
    driver = PlaywrightWhatsAppDriver(
        DriverSettings(browser=found, profiles=Path(profiles), assets=find_assets(Path(web)), web_url=url),
        MemoryProxyConnector(),
    )
    await driver.open(SessionId("one"), 1)
    print("open", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_killed_gateway_leaves_no_browser(sandbox: Sandbox, browser: Browser, profiles: Path) -> None:
    directory = profiles / SESSION / "chromium"
    host = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _HOST, sandbox.page, str(browser.path), str(profiles), str(WEB)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **browser.env, "PYTHONPATH": str(ROOT / "src")},
    )
    try:
        assert host.stdout is not None
        # A busy machine takes its time, and the driver itself allows a browser and a page more than a minute.
        async with asyncio.timeout(90):
            assert await host.stdout.readline() == b"open\n"
        assert processes.browser_pids(directory)
    finally:
        with suppress(ProcessLookupError):
            host.kill()
        await host.wait()
        left = not await processes.gone(directory, 20)
        processes.kill(processes.browser_pids(directory))
    assert not left


async def test_a_browser_that_hangs_at_its_start_is_told_and_leaves_nothing(
    sandbox: Sandbox, make_driver: MakeDriver, browser: Browser, tmp_path: Path, profiles: Path
) -> None:
    wrapper = tmp_path / "browser"
    wrapper.write_text("#!/bin/sh\nexec sleep 1000\n")
    wrapper.chmod(0o700)
    hanging = make_driver(sandbox, replace(browser, path=wrapper), load_timeout=timedelta(seconds=3))
    with pytest.raises(UnavailableError, match="didn't start") as caught:
        await hanging.open(SESSION, 1)
    assert caught.value.reason == "BROWSER_FAILED"
    sound = make_driver(sandbox, browser)
    page = await sound.open(SESSION, 2)
    await Ear(page).until(QrShown)
    await page.close()
    assert processes.browser_pids(profiles / SESSION / "chromium") == ()


async def test_a_browser_without_a_library_is_told_with_what_to_do(
    sandbox: Sandbox, make_driver: MakeDriver, browser: Browser, tmp_path: Path
) -> None:
    wrapper = tmp_path / "browser"
    wrapper.write_text("#!/bin/sh\necho 'error while loading shared libraries: libnss3.so' >&2\nexit 127\n")
    wrapper.chmod(0o700)
    driver = make_driver(sandbox, replace(browser, path=wrapper))
    with pytest.raises(UnavailableError, match="libnss3") as caught:
        await driver.open(SESSION, 1)
    assert caught.value.reason == "BROWSER_FAILED"
