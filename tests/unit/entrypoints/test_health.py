"""The checks of parts that have none of their own keep the contract of their port."""

from pathlib import Path

import pytest

from adapters.playwright.browser import Browser, BrowserKind
from entrypoints.runtime.health import BrowserHealth
from tests.contracts.health_check import HealthCheckContract, Part


class TestBrowserHealth(HealthCheckContract):
    @pytest.fixture
    def part(self, tmp_path: Path) -> Part:
        program = tmp_path / "chromium"
        program.touch()

        async def take_away() -> None:
            program.unlink()

        async def bring_back() -> None:
            program.touch()

        browser = Browser(path=program, version="150.0", kind=BrowserKind.EXPLICIT, env={})
        return Part(BrowserHealth(browser), take_away, bring_back)


async def test_no_browser_at_all() -> None:
    assert "pombo doctor" in (await BrowserHealth(None).check() or "")
