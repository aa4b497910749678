"""Health of the parts that have no check of their own."""

from pathlib import Path
from typing import override

from adapters.embedded.disk_space import LEAST_FREE, require_space
from adapters.playwright.browser import Browser
from application.ports.health_check import HealthCheck
from domain.errors import UnavailableError


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


class DiskHealth(HealthCheck):
    """Whether the data directory's disk has room."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    @property
    @override
    def name(self) -> str:
        return "disk"

    @override
    async def check(self) -> str | None:
        try:
            require_space(self._data_dir, LEAST_FREE, "")
        except UnavailableError as error:
            return error.message.strip()
        except OSError as error:
            return f"The data directory can't be looked at: {error.strerror}."
        return None
