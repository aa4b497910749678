"""The real page keeps the contract of groups."""

from collections.abc import AsyncIterator
from typing import Any, override

import pytest
import pytest_asyncio

from adapters.playwright.driver import PlaywrightWhatsAppDriver
from domain.group import ParticipantAction, Role
from domain.ids import SessionId
from domain.jid import Jid
from tests.contracts.group_page import GroupPageContract, GroupPhones
from tests.contracts.whatsapp_world import Linked, Person, open_linked

from .test_contract import SandboxStage
from .world import Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="package")

_ROLES = {"member": Role.MEMBER, "admin": Role.ADMIN, "superadmin": Role.SUPERADMIN}


class SandboxGroupPhones(GroupPhones):
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def _call(self, who: Person, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return await self._sandbox.call(method, f"/accounts/{who.number}{path}", body)

    @override
    async def found(self, who: Person, subject: str, *others: Person) -> Jid:
        body = {"subject": subject, "participants": [each.number for each in others]}
        return Jid.parse((await self._call(who, "POST", "/groups", body))["group"]["id"])

    @override
    async def shown(self, who: Person, group: Jid) -> dict[str, Any]:
        shown = await self._call(who, "GET", f"/groups/{group}")
        return {**shown, "picture": shown["picture"] is not None}

    @override
    async def roles(self, who: Person, group: Jid) -> dict[str, Role]:
        shown = await self._call(who, "GET", f"/groups/{group}")
        return {each["pn"].removesuffix("@c.us"): _ROLES[each["role"]] for each in shown["participants"]}

    @override
    async def set(self, who: Person, group: Jid, setting: str, value: Any) -> None:
        await self._call(who, "POST", f"/groups/{group}/setting", {"name": setting, "value": value})

    @override
    async def act(self, who: Person, group: Jid, action: ParticipantAction, *people: Person) -> None:
        body = {"action": action.lower(), "participants": [each.number for each in people]}
        await self._call(who, "POST", f"/groups/{group}/participants", body)

    @override
    async def code(self, who: Person, group: Jid) -> str:
        return str((await self._call(who, "GET", f"/groups/{group}/invite-code"))["code"])

    @override
    async def join(self, who: Person, code: str) -> None:
        await self._call(who, "POST", "/join", {"code": code})

    @override
    async def leave(self, who: Person, group: Jid) -> None:
        await self._call(who, "POST", f"/groups/{group}/leave")

    @override
    async def let_nobody_add(self, who: Person) -> None:
        await self._call(who, "PATCH", "", {"groups_add": "none"})


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def linked(sandbox: Sandbox, driver: PlaywrightWhatsAppDriver) -> AsyncIterator[Linked]:
    linked = await open_linked(SandboxStage(sandbox, driver), SessionId("groups-contract"))
    yield linked
    await linked.page.close()
    await linked.ear.stop()


@pytest.fixture
def phones(sandbox: Sandbox) -> GroupPhones:
    return SandboxGroupPhones(sandbox)


class TestPlaywrightGroupPage(GroupPageContract):
    pass
