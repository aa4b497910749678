"""The driver of a real page keeps the contracts of its port and of its pages."""

import itertools
from collections.abc import AsyncIterator
from typing import override

import pytest
import pytest_asyncio

from adapters.playwright.driver import PlaywrightWhatsAppDriver
from domain.ids import SessionId
from domain.jid import Jid
from tests.contracts.media_page import MediaPageContract
from tests.contracts.message_operations import MessageOperationsContract
from tests.contracts.whatsapp_driver import WhatsAppDriverContract
from tests.contracts.whatsapp_page import WhatsAppPageContract
from tests.contracts.whatsapp_world import Linked, Person, Stage, open_linked

from .world import Phone, Sandbox, kill_browser

pytestmark = pytest.mark.asyncio(loop_scope="package")

_SESSIONS = itertools.count()


class SandboxStage(Stage):
    def __init__(self, sandbox: Sandbox, driver: PlaywrightWhatsAppDriver) -> None:
        self._sandbox = sandbox
        self._driver = driver
        self.driver = driver
        self.nobody = Jid.parse("15559998888@c.us")

    @override
    async def person(self, name: str = "Person") -> Phone:
        return await self._sandbox.phone(name, read_after_ms=50)

    @override
    async def cut(self, session: SessionId, who: Person) -> None:
        fault = {"kind": "drop_socket", "account": who.number, "duration_ms": 60_000}
        await self._sandbox.call("POST", "/faults", fault)

    @override
    async def mend(self, session: SessionId) -> None:
        await self._sandbox.call("DELETE", "/faults")

    @override
    async def fail_uploads(self, who: Person) -> None:
        await self._sandbox.call("POST", "/faults", {"kind": "upload_failure", "account": who.number})

    @override
    async def expire_files(self, who: Person) -> None:
        await self._sandbox.call("POST", "/faults", {"kind": "media_expired", "account": who.number})

    @override
    async def spoil_files(self, who: Person) -> None:
        await self._sandbox.call("POST", "/faults", {"kind": "media_corrupted", "account": who.number})

    @override
    async def kill(self, session: SessionId) -> None:
        await kill_browser(self._driver, session)


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def stage(sandbox: Sandbox, driver: PlaywrightWhatsAppDriver) -> SandboxStage:
    return SandboxStage(sandbox, driver)


@pytest.fixture
def session() -> SessionId:
    return SessionId(f"contract-{next(_SESSIONS)}")


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def linked(stage: SandboxStage) -> AsyncIterator[Linked]:
    linked = await open_linked(stage, SessionId("contract"))
    yield linked
    await linked.page.close()
    await linked.ear.stop()


class TestPlaywrightWhatsAppDriver(WhatsAppDriverContract):
    pass


class TestPlaywrightWhatsAppPage(WhatsAppPageContract):
    pass


class TestPlaywrightMediaPage(MediaPageContract):
    pass


class TestPlaywrightMessageOperations(MessageOperationsContract):
    pass
