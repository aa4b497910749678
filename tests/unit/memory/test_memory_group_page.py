"""The page in memory keeps the contract of groups."""

from typing import Any, override

import pytest

from adapters.memory.accounts import Account
from adapters.memory.driver import MemoryWhatsApp
from adapters.memory.group_page import MemoryGroupPage
from adapters.memory.groups import settings_with
from application.ports.group_page import Creation
from domain.group import MemberAddMode, ParticipantAction, Role
from domain.group_notice import NoticeKind
from domain.ids import SessionId
from domain.jid import Jid
from tests.contracts.group_page import GroupPageContract, GroupPhones
from tests.contracts.whatsapp_world import Linked, Person, open_linked
from tests.unit.memory.test_memory_driver_contract import MemoryStage


class MemoryGroupPhones(GroupPhones):
    def __init__(self, whatsapp: MemoryWhatsApp) -> None:
        self._whatsapp = whatsapp

    def _account(self, who: Person) -> Account:
        return self._whatsapp.account(who.number)

    def _phone(self, who: Person) -> MemoryGroupPage:
        async def begin() -> None:
            return None

        account = self._account(who)
        return MemoryGroupPage(self._whatsapp, lambda: account, begin, lambda _: None)

    @override
    async def found(self, who: Person, subject: str, *others: Person) -> Jid:
        people = tuple(each.jid for each in others)
        token = f"phone-{self._whatsapp.count()}"
        return (await self._phone(who).create(Creation(token=token, subject=subject, participants=people))).group.jid

    @override
    async def shown(self, who: Person, group: Jid) -> dict[str, Any]:
        held = self._whatsapp.groups.member(group, self._account(who))
        return {
            "subject": held.subject,
            "description": held.description or "",
            "picture": held.picture is not None,
            "announce": held.settings.announce,
            "restrict": held.settings.restrict,
        }

    @override
    async def roles(self, who: Person, group: Jid) -> dict[str, Role]:
        return {jid.user: role for jid, role in self._whatsapp.groups.member(group, self._account(who)).members.items()}

    @override
    async def set(self, who: Person, group: Jid, setting: str, value: Any) -> None:
        name = {"approval": "join_approval", "member_add": "member_add_mode"}.get(setting, setting)
        value = MemberAddMode[value.upper()] if name == "member_add_mode" else value
        held = self._whatsapp.groups.member(group, self._account(who))
        held.settings = settings_with(held.settings, **{name: value})
        kind = "JOIN_APPROVAL" if name == "join_approval" else name.upper()
        self._whatsapp.groups.tell(held, self._account(who), NoticeKind[kind])

    @override
    async def act(self, who: Person, group: Jid, action: ParticipantAction, *people: Person) -> None:
        await self._phone(who).change_participants(group, action, tuple(each.jid for each in people))

    @override
    async def code(self, who: Person, group: Jid) -> str:
        return await self._phone(who).invite_code(group)

    @override
    async def join(self, who: Person, code: str) -> None:
        await self._phone(who).join(code)

    @override
    async def leave(self, who: Person, group: Jid) -> None:
        await self._phone(who).leave(group)

    @override
    async def let_nobody_add(self, who: Person) -> None:
        self._whatsapp.groups.closed.add(who.jid)


@pytest.fixture
def stage() -> MemoryStage:
    return MemoryStage()


@pytest.fixture
async def linked(stage: MemoryStage) -> Linked:
    return await open_linked(stage, SessionId("ana"))


@pytest.fixture
def phones(stage: MemoryStage) -> GroupPhones:
    return MemoryGroupPhones(stage._whatsapp)


class TestMemoryGroupPage(GroupPageContract):
    pass
