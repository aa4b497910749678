"""wa-js that isn't the pinned one."""

import hashlib
from pathlib import Path

import pytest

from adapters.playwright.assets import find_assets
from adapters.playwright.browser import Browser
from adapters.playwright.wajs import WajsSettings
from domain.bridge import Bridge, BridgeSource
from domain.ids import SessionId

from .conftest import MakeDriver
from .world import WEB, Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="package")

PINNED = find_assets(WEB).wajs
ONE, CANARY = SessionId("one"), SessionId("canary")


def marked(path: Path, mark: str) -> Path:
    """The pinned build with a comment behind it: another hash, the same functions."""
    path.write_text(f"{PINNED.read_text()}\n// {mark}\n")
    return path


async def test_sessions_run_the_builds_that_the_settings_name(
    sandbox: Sandbox, browser: Browser, make_driver: MakeDriver, tmp_path: Path
) -> None:
    configured, canary = marked(tmp_path / "configured.js", "one"), marked(tmp_path / "canary.js", "two")
    wajs = WajsSettings(pinned=PINNED, configured=configured, canary=canary, canary_sessions=frozenset({CANARY}))
    driver = make_driver(sandbox, browser, wajs=wajs)

    async def running(session: SessionId) -> Bridge:
        page = await driver.open(session, 1)
        assert all(capability.available for capability in page.capabilities())
        bridge = page.bridge()
        assert bridge is not None
        await page.close()
        return bridge

    def expected(path: Path, source: BridgeSource) -> Bridge:
        return Bridge(version="4.6.0", sha256=hashlib.sha256(path.read_bytes()).hexdigest(), source=source)

    assert await running(ONE) == expected(configured, BridgeSource.CONFIGURED)
    assert await running(CANARY) == expected(canary, BridgeSource.CANARY)
    # The next opening of the page takes what is there then.
    before = configured.read_bytes()
    marked(configured, "three")
    assert configured.read_bytes() != before
    assert await running(ONE) == expected(configured, BridgeSource.CONFIGURED)
