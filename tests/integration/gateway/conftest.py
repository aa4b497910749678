import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.playwright.browser import find_browser
from entrypoints.settings import default_cache_dir

from .prepared import prepare
from .processes import ROOT, Gateway, Sandbox

ANA, BEN = "15550100100", "15550100200"


@asynccontextmanager
async def two_phones(home: Path) -> AsyncIterator[Sandbox]:
    async with Sandbox.run(home / "sandbox") as sandbox:
        await sandbox.account(ANA)
        await sandbox.account(BEN, read_after_ms=100)
        yield sandbox


@asynccontextmanager
async def serving(home: Path, sandbox: Sandbox, **settings: str) -> AsyncIterator[Gateway]:
    if "DATABASE_URL" not in settings:
        await prepare(home / "data")
    gateway = Gateway(home / "data", sandbox, settings)
    try:
        await gateway.start()
        yield gateway
    finally:
        await asyncio.shield(gateway.close())


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with two_phones(tmp_path) as sandbox:
        yield sandbox


@pytest.fixture
async def gateway(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with serving(tmp_path, sandbox) as gateway:
        yield gateway


@dataclass(frozen=True)
class Linked:
    """A gateway whose session ``ana`` is linked."""

    gateway: Gateway
    sandbox: Sandbox


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def linked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Linked]:
    """For tests which don't mind what was sent before them; their loop is the module's, too."""
    home = tmp_path_factory.mktemp("linked")
    # Links to files may lead to servers of the tests.
    own = {"POMBO_MEDIA_LINK_ALLOW_PRIVATE": "127.0.0.0/8"}
    async with two_phones(home) as sandbox, serving(home, sandbox, **own) as gateway:
        await gateway.link("ana", sandbox, ANA)
        yield Linked(gateway, sandbox)


@pytest.fixture(params=["rest", "grpc"])
def over(request: pytest.FixtureRequest) -> str:
    """The transport by which a test's client calls."""
    return str(request.param)


@pytest.fixture
async def browser_path() -> str:
    browser = await find_browser(None, cache_dir=default_cache_dir(), web_dir=ROOT / "web")
    return str(browser.path)
