import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.playwright.browser import find_browser
from entrypoints.settings import default_cache_dir

from .processes import ROOT, Gateway, Sandbox

ANA, BEN = "15550100100", "15550100200"


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with Sandbox.run(tmp_path / "sandbox") as sandbox:
        await sandbox.account(ANA)
        await sandbox.account(BEN, read_after_ms=100)
        yield sandbox


@pytest.fixture
async def gateway(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Gateway]:
    gateway = Gateway(tmp_path / "data", sandbox)
    try:
        await gateway.start()
        yield gateway
    finally:
        await asyncio.shield(gateway.close())


@pytest.fixture
async def browser_path() -> str:
    browser = await find_browser(None, cache_dir=default_cache_dir(), web_dir=ROOT / "web")
    return str(browser.path)
