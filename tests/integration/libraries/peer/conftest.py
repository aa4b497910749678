from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from adapters.playwright.browser import Browser

from ..sandbox import Sandbox
from .peers import Peers, peers_of


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def peers(browser: Browser, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Peers]:
    """One for all of these tests: three browsers take a while to start."""
    async with peers_of(browser, sandbox, tmp_path_factory.mktemp("peers")) as peers:
        yield peers
