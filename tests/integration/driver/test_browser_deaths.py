"""Browsers that die as they start, or take their time to end; and faults of our own in hearing a page."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Error, Page
from structlog.testing import capture_logs

from adapters.playwright import processes
from adapters.playwright.browser import Browser
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from adapters.playwright.page import PlaywrightWhatsAppPage
from adapters.playwright.window import Window
from application.ports.page_events import PageDied, QrShown
from domain.errors import UnavailableError
from domain.ids import SessionId

from .conftest import MakeDriver
from .world import Ear, Sandbox, data_dir, died_at_start

pytestmark = pytest.mark.asyncio(loop_scope="package")

SESSION = SessionId("one")

_MORTAL = """#!{python}
# The browser, behind a pipe of ours, killed when it has sent so many messages; not for the first time only, if told so.
import os, pathlib, selectors, subprocess, sys

starts = pathlib.Path({starts!r})
with starts.open("a") as file:
    file.write("start\\n")
if len(starts.read_text().splitlines()) > {deaths}:
    os.execv({browser!r}, [{browser!r}, *sys.argv[1:]])
ours, theirs = os.pipe(), os.pipe()

def take_pipes():
    # Past all that is open, first: a pipe's own number may be one of the two.
    ends = os.dup2(ours[0], 93), os.dup2(theirs[1], 94)
    os.dup2(ends[0], 3)
    os.dup2(ends[1], 4)

process = subprocess.Popen([{browser!r}, *sys.argv[1:]], preexec_fn=take_pipes, close_fds=False)
os.close(ours[0])
os.close(theirs[1])
left = {messages}
ready = selectors.DefaultSelector()
ready.register(3, selectors.EVENT_READ)
ready.register(theirs[0], selectors.EVENT_READ)
while left > 0:
    for key, _ in ready.select():
        data = os.read(key.fd, 65536)
        if key.fd == 3:
            os.write(ours[1], data)
            continue
        *whole, rest = data.split(b"\\0")
        passed = whole[:left]
        left = left - len(whole) if data else 0
        os.write(4, b"".join(message + b"\\0" for message in passed) + (rest if left > 0 else b""))
process.kill()
process.wait()
"""


def mortal(browser: Browser, home: Path, *, messages: int, deaths: int) -> Browser:
    """The browser, killed after so many messages, the first ``deaths`` times that it is started."""
    wrapper = home / "browser"
    values = {"starts": str(home / "starts"), "browser": str(browser.path)}
    wrapper.write_text(_MORTAL.format(python=sys.executable, messages=messages, deaths=deaths, **values))
    wrapper.chmod(0o700)
    return replace(browser, path=wrapper)


async def test_a_browser_that_dies_after_its_first_words_is_started_again(
    sandbox: Sandbox, make_driver: MakeDriver, browser: Browser, tmp_path: Path
) -> None:
    """With its page attached, which Playwright by itself waits for until its time limit."""
    driver = make_driver(sandbox, mortal(browser, tmp_path, messages=8, deaths=2))
    with capture_logs() as logs:
        async with asyncio.timeout(40):
            page = await driver.open(SESSION, 1)
            await Ear(page).until(QrShown)
        await page.close()
    assert len((tmp_path / "starts").read_text().splitlines()) == died_at_start(logs) + 1 >= 3


# Before the launch's own answer, and about it: Playwright's listener of the browser's end fails then.
@pytest.mark.parametrize("messages", [8, 25])
async def test_a_browser_that_always_dies_early_is_told_as_one_that_failed(
    sandbox: Sandbox, make_driver: MakeDriver, browser: Browser, tmp_path: Path, messages: int
) -> None:
    driver = make_driver(sandbox, mortal(browser, tmp_path, messages=messages, deaths=99))
    async with asyncio.timeout(40):
        with pytest.raises(UnavailableError) as caught:
            await driver.open(SESSION, 1)
    assert caught.value.reason == "BROWSER_FAILED"
    assert processes.browser_pids(data_dir(driver, SESSION)) == ()


async def test_a_browser_without_a_page_leaves_the_profile_to_the_next(
    driver: PlaywrightWhatsAppDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else two browsers would run on it, of one of which nobody knows any more."""
    new_page = BrowserContext.new_page
    mains: list[int | None] = []
    beside: list[int | None] = []

    async def fail_once(context: BrowserContext) -> Page:
        running = processes.browser_pids(data_dir(driver, SESSION))
        beside.extend(pid for pid in mains if pid in running)
        mains.append(processes.main_browser_pid(data_dir(driver, SESSION)))
        if len(mains) == 1:
            raise Error("Target page, context or browser has been closed")
        return await new_page(context)

    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(BrowserContext, "pages", property(lambda _: []))
        patch.setattr(BrowserContext, "new_page", fail_once)
        page = await driver.open(SESSION, 1)
    assert len(mains) == 2
    assert None not in mains
    assert beside == []
    assert "browser_killed" not in [entry["event"] for entry in logs]
    await page.close()


async def test_a_start_that_is_cancelled_closes_its_browser_cleanly(
    driver: PlaywrightWhatsAppDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def hang(_: BrowserContext) -> Page:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError("it was cancelled")

    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(BrowserContext, "pages", property(lambda _: []))
        patch.setattr(BrowserContext, "new_page", hang)
        opening = asyncio.create_task(driver.open(SESSION, 1))
        async with asyncio.timeout(40):
            await asked.wait()
            opening.cancel()
            await asyncio.wait({opening})
    assert opening.cancelled()
    assert "browser_killed" not in [entry["event"] for entry in logs]
    assert processes.browser_pids(data_dir(driver, SESSION)) == ()


async def test_a_browser_that_closed_itself_may_write_its_profile_to_the_end(
    driver: PlaywrightWhatsAppDriver, tmp_path: Path
) -> None:
    """One with windows ends with its last page: Playwright's own close then returns at once."""
    page = await driver.open(SESSION, 1)
    assert isinstance(page, PlaywrightWhatsAppPage)
    assert page._window is not None
    assert page._window._context is not None
    await page._window._context.close()
    written = tmp_path / "written"
    writer = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", f"sleep 2; echo > {written}", "sh", f"--user-data-dir={data_dir(driver, SESSION)}")
    )
    await page.close()
    assert written.exists()
    assert await writer.wait() == 0


async def test_a_fault_of_our_own_in_hearing_the_page_ends_it_for_all_to_see(
    driver: PlaywrightWhatsAppDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what it told would be lost, in a page that looks well; one that died is opened again and looks back."""
    told, faulty = Window._told, asyncio.Event()

    def fail(window: Window, event: Mapping[str, Any]) -> None:
        if faulty.is_set():
            raise RuntimeError("what the page told")
        told(window, event)

    monkeypatch.setattr(Window, "_told", fail)
    page = await driver.open(SESSION, 1)
    with capture_logs() as logs:
        faulty.set()
        with pytest.raises(UnavailableError) as caught:
            await page.probe()
        died = await Ear(page).until(PageDied)
    assert caught.value.reason == "PAGE_UNAVAILABLE"
    assert died.detail == "hearing it failed: RuntimeError"
    (entry,) = [entry for entry in logs if entry["event"] == "page_listener_failed"]
    assert entry["error"] == "RuntimeError"
    assert entry["where"].endswith(" fail")
    assert "what the page told" not in repr(logs)
    await page.close()
    assert processes.browser_pids(data_dir(driver, SESSION)) == ()
