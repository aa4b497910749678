"""The driver of a real page keeps the contracts of its port and of its pages."""

import itertools
from collections.abc import AsyncIterator
from typing import Any, override

import pytest
import pytest_asyncio

from adapters.playwright.driver import PlaywrightWhatsAppDriver
from domain.ids import SessionId
from domain.jid import Jid
from tests.contracts.media_page import MediaPageContract
from tests.contracts.message_operations import MessageOperationsContract
from tests.contracts.people_pages import PeoplePagesContract, PeopleStage
from tests.contracts.whatsapp_driver import WhatsAppDriverContract
from tests.contracts.whatsapp_page import WhatsAppPageContract
from tests.contracts.whatsapp_world import Linked, Person, Stage, open_linked

from .world import Phone, Sandbox, kill_browser

pytestmark = pytest.mark.asyncio(loop_scope="package")

_SESSIONS = itertools.count()


class SandboxStage(Stage, PeopleStage):
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

    async def _ask(self, who: Person, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return await self._sandbox.call(method, f"/accounts/{who.number}{path}", body)

    async def _chats(self, who: Person, other: Person) -> list[dict[str, Any]]:
        chats = (await self._ask(who, "GET", "/chats"))["chats"]
        return [chat for chat in chats if chat["chat"] == str(other.jid)]

    @override
    async def chat(self, who: Person, other: Person) -> dict[str, Any]:
        [chat] = await self._chats(who, other)
        return {
            "archived": chat["archived"],
            "pinned": chat["pinned_s"] > 0,
            "muted": chat["muted_until_s"] != 0,
            "marked_unread": chat["marked_unread"],
            "unread": chat["unread"],
        }

    @override
    async def has_chat(self, who: Person, other: Person) -> bool:
        return bool(await self._chats(who, other))

    @override
    async def saved(self, who: Person) -> dict[str, str]:
        contacts = (await self._ask(who, "GET", "/contacts"))["contacts"]
        return {contact["person"]: contact["name"] for contact in contacts}

    @override
    async def blocked(self, who: Person) -> list[str]:
        blocked: list[str] = (await self._ask(who, "GET", "/blocklist"))["blocked"]
        return blocked

    @override
    async def typing(self, who: Person, other: Person) -> str | None:
        shown = (await self._ask(who, "GET", f"/presence?of={other.number}"))["typing"]
        return None if shown is None else shown.upper()

    @override
    async def show(self, who: Person, *, about: str, username: str) -> None:
        await self._ask(who, "PATCH", "", {"about": about, "username": username})

    @override
    async def call(self, who: Person, to: Person) -> str:
        return str((await self._ask(who, "POST", "/call", {"to": to.number}))["id"])

    @override
    async def hang_up(self, who: Person, call_id: str, to: Person) -> None:
        await self._ask(who, "POST", "/call/end", {"id": call_id})

    @override
    async def lid(self, who: Person) -> Jid:
        return Jid.parse((await self._sandbox.call("GET", f"/accounts/{who.number}"))["lid"])


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


class TestPlaywrightPeoplePages(PeoplePagesContract):
    pass
