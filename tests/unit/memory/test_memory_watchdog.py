"""The watchdog in memory keeps the contract of its port."""

import pytest

from adapters.memory.driver import MemoryWhatsApp, MemoryWhatsAppDriver
from adapters.memory.watchdog import MemoryWatchdog
from adapters.system.system_clock import SystemClock
from domain.ids import SessionId
from tests.contracts.watchdog import WatchdogContract


class MemoryBrowsers:
    def __init__(self) -> None:
        self.whatsapp = MemoryWhatsApp(SystemClock())
        self._driver = MemoryWhatsAppDriver(self.whatsapp)

    async def start(self, session_id: SessionId) -> None:
        await self._driver.open(session_id, 1)

    def alive(self, session_id: SessionId) -> bool:
        return self.whatsapp.profile(session_id).page is not None


@pytest.fixture
def browsers() -> MemoryBrowsers:
    return MemoryBrowsers()


@pytest.fixture
def watchdog(browsers: MemoryBrowsers) -> MemoryWatchdog:
    return MemoryWatchdog(browsers.whatsapp, SystemClock())


class TestMemoryWatchdog(WatchdogContract):
    pass
