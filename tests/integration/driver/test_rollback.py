"""Builds of wa-js that do less than the last good one, in a real browser. They are made from the pinned one here."""

import hashlib
import shutil
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from adapters.playwright.assets import find_assets
from adapters.playwright.browser import Browser
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from adapters.playwright.page import PlaywrightWhatsAppPage
from adapters.playwright.wajs import WajsSettings
from application.ports.page_events import BridgeRolledBack, Connected, LoggedOut, QrShown
from domain.bridge import Bridge, BridgeSource
from domain.errors import UnavailableError
from domain.ids import SessionId

from .conftest import MakeDriver
from .world import ROOT, WEB, Ear, Sandbox, died_at_start, link, text

pytestmark = pytest.mark.asyncio(loop_scope="package")

PINNED = find_assets(WEB).wajs
SESSION = SessionId("one")


def without(*names: str) -> str:
    """The pinned build without some of the functions that it exports."""
    script = PINNED.read_text()
    for name in names:
        lacking = script.replace(f'defineProperty(t,"{name}",', f'defineProperty(t,"{name}Gone",')
        assert lacking != script
        script = lacking
    return script


def marked(mark: str) -> str:
    """The pinned build under another hash."""
    return f"{PINNED.read_text()}\n// {mark}\n"


BROKEN = {
    "it throws": 'throw new Error("doctored 123456");\n' + PINNED.read_text(),
    "it doesn't parse": PINNED.read_text() + "\n)(",
    "it is cut off": PINNED.read_text()[:400_000],
    "it makes no WPP": PINNED.read_text().replace("self.WPP=", "self.notWPP="),
    "it can't tell who is linked": without("isAuthenticated"),
}


@dataclass
class Bench:
    """A driver whose configured build can be replaced, and whose browser's starts are counted."""

    driver: PlaywrightWhatsAppDriver
    configured: Path
    counter: Path
    logs: list[MutableMapping[str, Any]] = field(default_factory=list)

    def configure(self, script: str) -> str:
        self.configured.write_text(script)
        return hashlib.sha256(script.encode()).hexdigest()

    def starts(self) -> int:
        """Browsers started since the last look, but for those that were started again since they had died at once."""
        count = len(self.counter.read_text().splitlines()) if self.counter.exists() else 0
        count -= died_at_start(self.logs)
        self.counter.unlink(missing_ok=True)
        self.logs.clear()
        return count

    async def open(self) -> PlaywrightWhatsAppPage:
        page = await self.driver.open(SESSION, 1)
        assert isinstance(page, PlaywrightWhatsAppPage)
        return page


@pytest_asyncio.fixture(loop_scope="package")
async def bench(sandbox: Sandbox, browser: Browser, make_driver: MakeDriver, tmp_path: Path) -> AsyncIterator[Bench]:
    counter, wrapper, configured = tmp_path / "starts", tmp_path / "browser", tmp_path / "configured.js"
    wrapper.write_text(f'#!/bin/sh\necho >> {counter}\nexec {browser.path} "$@"\n')
    wrapper.chmod(0o700)
    wajs = WajsSettings(pinned=PINNED, configured=configured)
    with capture_logs() as logs:
        yield Bench(make_driver(sandbox, replace(browser, path=wrapper), wajs=wajs), configured, counter, logs)


def running(page: PlaywrightWhatsAppPage) -> Bridge:
    bridge = page.bridge()
    assert bridge is not None
    return bridge


def lacking(page: PlaywrightWhatsAppPage) -> list[str]:
    return [capability.name for capability in page.capabilities() if not capability.available]


async def test_a_linked_session_goes_back_to_the_last_good_build_and_keeps_its_login(
    sandbox: Sandbox, bench: Bench
) -> None:
    ana, ben = await sandbox.phone("Ana"), await sandbox.phone("Ben")
    good = bench.configure(marked("good"))
    page = await bench.open()
    await link(page, ana)
    assert running(page) == Bridge(version="4.6.0", sha256=good, source=BridgeSource.CONFIGURED)
    await page.close()
    bench.starts()

    worse = bench.configure(without("logout"))
    page = await bench.open()
    ear = Ear(page)
    await ear.until(Connected)
    assert bench.starts() == 2
    told = await ear.until(BridgeRolledBack)
    assert told.bridge == running(page)
    assert ear.kinds().index(BridgeRolledBack) < ear.kinds().index(Connected)
    assert ear.kinds().count(Connected) == 1
    assert LoggedOut not in ear.kinds()
    assert (told.bridge.source, told.bridge.sha256) == (BridgeSource.ROLLED_BACK, good)
    assert told.bridge.rolled_back_from is not None
    assert told.bridge.rolled_back_from.sha256 == worse
    assert told.bridge.rolled_back_from.detail == "lacks LOGOUT (conn.logout)"
    assert lacking(page) == []
    await page.send(text(ben, "over the last good one", 0xC1))
    await page.close()

    # It stays that way, without another trial, until there is another file.
    page = await bench.open()
    ear = Ear(page)
    await ear.until(Connected)
    assert (bench.starts(), BridgeRolledBack in ear.kinds(), running(page).sha256) == (1, False, good)
    await page.close()
    newer = bench.configure(marked("newer"))
    page = await bench.open()
    await Ear(page).until(Connected)
    assert (running(page).source, running(page).sha256) == (BridgeSource.CONFIGURED, newer)
    assert len(await ben.held(ana, "over the last good one")) == 1
    await page.close()


@pytest.mark.parametrize("how", BROKEN)
async def test_a_build_that_does_not_come_up_is_left_at_once(bench: Bench, how: str) -> None:
    bench.configure(BROKEN[how])
    page = await bench.open()
    ear = Ear(page)
    await ear.until(QrShown)
    assert bench.starts() == 2
    bridge = (await ear.until(BridgeRolledBack)).bridge
    assert (bridge.sha256, bridge.source) == (hashlib.sha256(PINNED.read_bytes()).hexdigest(), BridgeSource.ROLLED_BACK)
    assert bridge.rolled_back_from is not None
    detail = bridge.rolled_back_from.detail
    match how:
        case "it throws":
            assert detail == "Error: doctored …"
        case "it doesn't parse" | "it is cut off":
            assert "SyntaxError" in detail
        case "it makes no WPP":
            assert "WPP" in detail or "on" in detail
        case _:
            assert detail == "wa-js lacks conn.isAuthenticated"
    await page.close()


async def test_a_linked_session_is_not_taken_for_unlinked_by_a_broken_build(sandbox: Sandbox, bench: Bench) -> None:
    ana = await sandbox.phone("Ana")
    bench.configure(marked("good"))
    page = await bench.open()
    await link(page, ana)
    await page.close()
    for broken in BROKEN.values():
        bench.configure(broken)
        page = await bench.open()
        ear = Ear(page)
        await ear.until(Connected)
        assert not {LoggedOut, QrShown} & set(ear.kinds())
        await page.close()


async def test_when_the_page_has_changed_nothing_is_rolled_back(
    browser: Browser, make_driver: MakeDriver, tmp_path: Path
) -> None:
    site = tmp_path / "page"
    shutil.copytree(ROOT / "src" / "sandbox" / "page", site)
    configured = tmp_path / "configured.js"
    configured.write_text(marked("good"))
    wajs = WajsSettings(pinned=PINNED, configured=configured)
    async with Sandbox.run(tmp_path / "sandbox", "--page-dir", str(site)) as sandbox:
        bench = Bench(make_driver(sandbox, browser, wajs=wajs), configured, tmp_path / "none")
        page = await bench.open()
        await Ear(page).until(QrShown)
        assert lacking(page) == []
        await page.close()
        for file in (site / "domain" / "auth.js", site / "contract.json"):
            file.write_text(file.read_text().replace("genLinkDeviceCodeForPhoneNumber", "renamedByTheSite"))
        newer = bench.configure(marked("newer"))
        page = await bench.open()
        ear = Ear(page)
        await ear.until(QrShown)
        assert BridgeRolledBack not in ear.kinds()
        assert running(page) == Bridge(version="4.6.0", sha256=newer, source=BridgeSource.CONFIGURED)
        assert lacking(page) == ["LINK_PAIRING_CODE"]
        await page.close()


async def test_without_any_build_that_comes_up_the_reason_is_told(bench: Bench, tmp_path: Path) -> None:
    broken = tmp_path / "pinned.js"
    broken.write_text(BROKEN["it throws"])
    bench.driver._settings = replace(
        bench.driver._settings, wajs=WajsSettings(pinned=broken, configured=bench.configured)
    )
    bench.configure(BROKEN["it doesn't parse"])
    with pytest.raises(UnavailableError, match="doctored") as caught:
        await bench.open()
    assert caught.value.reason == "BRIDGE_FAILED"
    assert bench.starts() == 2
