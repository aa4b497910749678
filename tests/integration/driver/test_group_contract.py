"""The real page keeps the contract of groups."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, override

import pytest
import pytest_asyncio

from adapters.playwright.driver import PlaywrightWhatsAppDriver
from application.ports.page_events import Connected, MessagesSeen
from application.ports.whatsapp_driver import OutgoingOperation
from domain.changes import Pinned
from domain.group import ParticipantAction, Role
from domain.ids import SessionId
from domain.jid import Jid
from domain.operations import Pin
from tests.contracts.group_page import GroupPageContract, GroupPhones
from tests.contracts.message_operations import inner
from tests.contracts.whatsapp_world import SECONDS, Ear, Linked, Person, new_id, open_linked, stored, text_to

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


async def test_what_was_done_in_a_group_to_a_message_that_a_restored_page_lacks_can_be_asked_for(
    sandbox: Sandbox, driver: PlaywrightWhatsAppDriver, phones: GroupPhones
) -> None:
    """The writer, on a companion device, names themselves by the number, where the message is known by a LID."""
    stage, session = SandboxStage(sandbox, driver), SessionId("groups-lacked")
    linked, bens = await open_linked(stage, session), await open_linked(stage, SessionId("groups-bens"))
    group = await phones.found(bens.me, "Lacked", linked.me)
    older = await linked.page.image()
    sent = await bens.page.send(text_to(group, "not in the image"))
    part = inner(sent.whatsapp_id)
    seen = await linked.ear.until(MessagesSeen, lambda event: part in event.messages[0].whatsapp_id)
    target = seen.messages[0].whatsapp_id
    await stored(linked.page, target)
    await linked.page.close()
    await driver.restore(session, older, 2)
    pin = Pin(target=sent.whatsapp_id, duration=timedelta(days=7))
    await bens.page.perform(OutgoingOperation(whatsapp_id=new_id(group), chat=group, content=pin))

    page = await driver.open(session, 3)
    await Ear(page).until(Connected)
    async with asyncio.timeout(SECONDS):
        while not (known := await page.changes([target])):  # noqa: ASYNC110 - the page may have told it before anybody heard
            await asyncio.sleep(0.05)
    assert await page.find(target) is None
    (found,) = known
    assert isinstance(found, Pinned)
    assert (found.target, found.until is not None) == (target, True)
    for each in (page, bens.page):
        await each.close()
