import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Playwright, async_playwright

from .sandbox import Sandbox
from .wajs import WaJsPage
from .wwebjs import WwebjsClient

type WaJsFactory = Callable[..., WaJsPage]
type WwebjsFactory = Callable[..., WwebjsClient]


@pytest.fixture(scope="session")
def browser_path() -> str:
    path = os.environ.get("BROWSER_PATH") or "/usr/bin/chromium"
    if not Path(path).exists():
        pytest.fail("no browser: set BROWSER_PATH")
    return path


@pytest.fixture(scope="package")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    running = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield running
    running.stop()


@pytest.fixture
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as started:
        yield started


@pytest.fixture
def wa_js(playwright: Playwright, browser_path: str, sandbox: Sandbox, tmp_path: Path) -> WaJsFactory:
    """Makes a page with wa-js: `wa_js("profile")`, the same profile for the same name."""

    def make(profile: str = "wa-js", url: str | None = None, **settings: int) -> WaJsPage:
        return WaJsPage(playwright, browser_path, tmp_path / profile, url or sandbox.page, settings)

    return make


@pytest.fixture
def wwebjs(browser_path: str, sandbox: Sandbox, tmp_path: Path) -> WwebjsFactory:
    """Makes a whatsapp-web.js client: `wwebjs("profile")`, the same profile for the same name."""
    assert shutil.which("node"), "whatsapp-web.js needs node"

    def make(profile: str = "wwebjs", **config: Any) -> WwebjsClient:
        return WwebjsClient(browser_path, tmp_path / profile, sandbox.https_port, **config)

    return make
