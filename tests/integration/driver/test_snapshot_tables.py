"""Images of a database whose tables come and go while they are taken: every one holds a state that there was."""

import asyncio
import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.memory.proxy_connector import MemoryProxyConnector
from adapters.playwright import freeze, profile_image
from adapters.playwright.browser import Browser
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from adapters.playwright.page import PlaywrightWhatsAppPage
from adapters.playwright.window import Window
from application.ports.whatsapp_driver import WhatsAppPage
from domain.ids import SessionId
from domain.snapshot import ProfileImage

from .conftest import MakeDriver
from .world import SECONDS, Sandbox, data_dir, link

pytestmark = pytest.mark.asyncio(loop_scope="package")

SESSION = SessionId("s1")
IMAGES = 3
KEPT = 60
TABLE = ".ldb"

OPEN = """
const store = (mode) => db.transaction("s", mode, { durability: "relaxed" }).objectStore("s");
const done = (request) => new Promise((r, j) => { request.onsuccess = () => r(request.result); request.onerror = j; });
const opening = indexedDB.open("churn", 1);
opening.onupgradeneeded = () => opening.result.createObjectStore("s");
const db = await done(opening);
"""
CHURN = """
globalThis.written = 0;
(async () => {
    %s
    for (let i = 1; ; i++) {
        // One transaction: the newest 60 are there, each filled with its own number, and the mark says which is last.
        const s = store("readwrite");
        s.put(new Uint32Array(10_000).map((_, k) => i * 31 + (k %% 7) * Math.imul(i, k)), i);
        s.delete(i - 60);
        await done(s.put(i, "last"));
        globalThis.written = i;
    }
})().catch((error) => { globalThis.fault = String(error); });
"""
LOOK = """
globalThis.found = undefined;
(async () => {
    %s
    const last = await done(store("readonly").get("last"));
    const keys = (await done(store("readonly").getAllKeys())).filter((key) => key !== "last");
    let wrong = 0;
    for (const i of keys) {
        const value = await done(store("readonly").get(i));
        let right = value.length === 10_000;
        for (let k = 0; right && k < 10_000; k++) right = value[k] === (i * 31 + (k %% 7) * Math.imul(i, k)) >>> 0;
        if (!right) wrong++;
    }
    globalThis.found = { last, count: keys.length, first: Math.min(...keys), newest: Math.max(...keys), wrong };
})().catch((error) => { globalThis.found = { fault: String(error) }; });
"""


def window_of(page: WhatsAppPage) -> Window:
    assert isinstance(page, PlaywrightWhatsAppPage)
    assert page._window is not None
    return page._window


async def value(window: Window, expression: str) -> Any:
    async with asyncio.timeout(SECONDS):
        while (found := await window._look(expression)) is None:  # noqa: ASYNC110 - the page tells no news
            await asyncio.sleep(0.02)
    return found


def tables(root: Path) -> set[str]:
    return {name for name in profile_image._names(root) if name.endswith(TABLE)}


def let_tables_change(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, tables come and tables go between the reading ahead and the pause: each time."""
    frozen = freeze.frozen

    @contextlib.contextmanager
    def later(pid: int) -> Iterator[None]:
        before, deadline = tables(root), time.monotonic() + SECONDS
        while not (before - (now := tables(root)) and now - before):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        with frozen(pid):
            yield

    monkeypatch.setattr(freeze, "frozen", later)


async def restored(sandbox: Sandbox, browser: Browser, image: ProfileImage, root: Path) -> dict[str, Any]:
    driver = PlaywrightWhatsAppDriver(sandbox.settings(root, browser), MemoryProxyConnector())
    try:
        await driver.restore(SESSION, image, 7)
        window = window_of(await driver.open(SESSION, 8))
        await window._look(LOOK % OPEN)
        return dict(await value(window, "globalThis.found"))
    finally:
        await driver.stop()
        shutil.rmtree(root)


async def test_every_image_is_a_state_that_there_was(
    sandbox: Sandbox, browser: Browser, make_driver: MakeDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is read ahead is as fresh as it may be, so that much of it has gone by the time of the pause.
    monkeypatch.setattr("adapters.playwright.browser_image._SETTLED_NS", 30_000_000)
    ana = await sandbox.phone("Ana")
    driver = make_driver(sandbox, browser)
    page = await driver.open(SESSION, 1)
    await (await link(page, ana)).stop()
    root = data_dir(driver, SESSION)
    let_tables_change(root, monkeypatch)
    window = window_of(page)
    await window._look(CHURN % OPEN)
    images: list[tuple[int, ProfileImage]] = []
    for number in range(IMAGES):
        await value(window, f"globalThis.fault ?? (globalThis.written > {(number + 1) * 200} || null)")
        written = await value(window, "globalThis.fault ?? globalThis.written")
        images.append((written, await page.image()))
    await page.close()
    for written, image in images:
        found = await restored(sandbox, browser, image, tmp_path / f"copy{written}")
        assert found.get("fault") is None
        last = found["last"]
        assert last > written
        assert found == {"last": last, "count": KEPT, "first": last - KEPT + 1, "newest": last, "wrong": 0}
