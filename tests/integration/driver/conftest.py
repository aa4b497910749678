from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.http.address_policy import EVERYWHERE
from adapters.http.proxy_connector import ConnectorSettings, GuardedProxyConnector
from adapters.memory.proxy_connector import MemoryProxyConnector
from adapters.playwright.browser import Browser, find_browser
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from entrypoints.settings import default_cache_dir

from .world import WEB, Sandbox

type MakeDriver = Callable[..., PlaywrightWhatsAppDriver]


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser() -> Browser:
    return await find_browser(None, cache_dir=default_cache_dir(), web_dir=WEB)


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with Sandbox.run(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def driver(
    sandbox: Sandbox, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[PlaywrightWhatsAppDriver]:
    driver = PlaywrightWhatsAppDriver(
        sandbox.settings(tmp_path_factory.mktemp("profiles"), browser), MemoryProxyConnector()
    )
    await driver.start()
    yield driver
    await driver.stop()


@pytest_asyncio.fixture(loop_scope="package")
async def make_driver(profiles: Path) -> AsyncIterator[MakeDriver]:
    """Makes drivers with settings of their own: ``make_driver(sandbox, browser, web_url=…)``."""
    made: list[PlaywrightWhatsAppDriver] = []
    with GuardedProxyConnector.open(ConnectorSettings(allowed=EVERYWHERE)) as proxies:

        def make(sandbox: Sandbox, browser: Browser | None, **changes: Any) -> PlaywrightWhatsAppDriver:
            made.append(PlaywrightWhatsAppDriver(sandbox.settings(profiles, browser, **changes), proxies))
            return made[-1]

        yield make
        for driver in made:
            await driver.stop()


@pytest.fixture
def profiles(tmp_path: Path) -> Path:
    return tmp_path / "profiles"
