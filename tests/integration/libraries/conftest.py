import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Playwright, async_playwright

from adapters.playwright.browser import Browser, find_browser
from entrypoints.settings import default_cache_dir

from .sandbox import Sandbox
from .wajs import WaJsPage
from .wwebjs import WwebjsClient

ROOT = Path(__file__).parents[3]

type WaJsFactory = Callable[..., WaJsPage]
type WwebjsFactory = Callable[..., WwebjsClient]


@pytest.fixture(scope="session")
def browser() -> Browser:
    """The one that the gateway would use: installed, or from the npm package."""
    return asyncio.run(find_browser(None, cache_dir=default_cache_dir(), web_dir=ROOT / "web"))


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
def wa_js(playwright: Playwright, browser: Browser, sandbox: Sandbox, tmp_path: Path) -> WaJsFactory:
    """Makes a page with wa-js: `wa_js("profile")`, the same profile for the same name."""

    def make(profile: str = "wa-js", url: str | None = None, **settings: int) -> WaJsPage:
        return WaJsPage(playwright, browser, tmp_path / profile, url or sandbox.page, settings)

    return make


@pytest.fixture
def wwebjs(browser: Browser, sandbox: Sandbox, tmp_path: Path) -> WwebjsFactory:
    """Makes a whatsapp-web.js client: `wwebjs("profile")`, the same profile for the same name."""
    assert shutil.which("node"), "whatsapp-web.js needs node"

    def make(profile: str = "wwebjs", **config: Any) -> WwebjsClient:
        return WwebjsClient(browser, tmp_path / profile, sandbox.https_port, **config)

    return make
