"""Health of the parts that have no check of their own."""

from typing import override

from adapters.playwright.browser import Browser
from application.ports.health_check import HealthCheck


class BrowserHealth(HealthCheck):
    """Whether there is a browser to run sessions in."""

    def __init__(self, browser: Browser | None) -> None:
        self._browser = browser

    @property
    @override
    def name(self) -> str:
        return "browser"

    @override
    async def check(self) -> str | None:
        if self._browser is None:
            return "There is no browser; `pombo doctor` says what was looked for."
        if not self._browser.path.is_file():
            return "The browser that was found at the start is gone."
        return None
