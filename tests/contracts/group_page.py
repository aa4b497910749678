"""What every page does with groups once it is linked.

Fixtures: ``linked``, perhaps one page for all of these tests, and ``phones``, what people do on their phones.
"""

import asyncio
from abc import abstractmethod
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from application.ports.group_page import Creation, GroupPage
from application.ports.page_events import MessagesSeen
from domain.errors import GoneError, NotFoundError, UnprocessableError
from domain.group import GroupChange, MemberAddMode, ParticipantAction, ParticipantOutcome, RequestMethod, Role
from domain.group_notice import GroupNotice, NoticeKind
from domain.jid import Jid
from tests.contracts.whatsapp_world import Linked, Person

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c636460f85f0f0002870180eb47ba920000000049454e44ae426082"
)


class GroupPhones(Protocol):
    """Groups on phones."""

    @abstractmethod
    async def found(self, who: Person, subject: str, *others: Person) -> Jid:
        """Founds a group."""

    @abstractmethod
    async def shown(self, who: Person, group: Jid) -> dict[str, Any]:
        """What a member's phone shows: subject, description, picture (whether there is one), and the settings."""

    @abstractmethod
    async def roles(self, who: Person, group: Jid) -> dict[str, Role]:
        """Who is in it, by number, as a member's phone shows it."""

    @abstractmethod
    async def set(self, who: Person, group: Jid, setting: str, value: Any) -> None:
        """Changes a setting: `announce`, `restrict`, `approval` or `member_add`."""

    @abstractmethod
    async def act(self, who: Person, group: Jid, action: ParticipantAction, *people: Person) -> None:
        """Adds people, or removes, promotes or demotes them."""

    @abstractmethod
    async def code(self, who: Person, group: Jid) -> str:
        """The invite code."""

    @abstractmethod
    async def join(self, who: Person, code: str) -> None:
        """Joins, or asks to be let in."""

    @abstractmethod
    async def leave(self, who: Person, group: Jid) -> None:
        """Leaves."""

    @abstractmethod
    async def let_nobody_add(self, who: Person) -> None:
        """From now on nobody can add this person."""


async def notice(linked: Linked, group: Jid, kind: NoticeKind) -> tuple[GroupNotice, Jid]:
    """What the page told of something done in a group, and who did it."""

    def fits(event: MessagesSeen) -> bool:
        return bool(found(event))

    def found(event: MessagesSeen) -> list[tuple[GroupNotice, Jid]]:
        return [
            (message.content, message.sender)
            for message in event.messages
            if message.chat == group and isinstance(message.content, GroupNotice) and message.content.kind is kind
        ]

    return found(await linked.ear.until(MessagesSeen, fits))[0]


class GroupPageContract:
    async def test_a_group_is_founded_with_those_who_can_be_added(self, linked: Linked, phones: GroupPhones) -> None:
        groups: GroupPage = linked.page.groups
        ben, carla = await linked.stage.person("Ben"), await linked.stage.person("Carla")
        await phones.let_nobody_add(carla)
        made = await groups.create(Creation(token="t1", subject="Pombos 🐦", participants=(ben.jid, carla.jid)))
        assert [(each.asked, each.outcome) for each in made.results] == [
            (ben.jid, ParticipantOutcome.DONE),
            (carla.jid, ParticipantOutcome.INVITE_NEEDED),
        ]
        assert (made.group.subject, made.group.me, made.group.size) == ("Pombos 🐦", Role.SUPERADMIN, 2)
        assert await phones.roles(ben, made.group.jid) == {linked.me.number: Role.SUPERADMIN, ben.number: Role.MEMBER}
        shown = await phones.shown(ben, made.group.jid)
        assert (shown["subject"], shown["announce"], shown["restrict"]) == ("Pombos 🐦", False, False)
        told, by = await notice(linked, made.group.jid, NoticeKind.CREATED)
        assert (told.text, by) == ("Pombos 🐦", linked.me.jid)
        assert made.group.jid in [group.jid for group in await groups.list()]

    async def test_a_creation_is_done_once(self, linked: Linked) -> None:
        groups = linked.page.groups
        ben = await linked.stage.person("Ben")
        begun = datetime.now(UTC)
        creation = Creation(token="t2", subject="Once", participants=(ben.jid,))
        first = await groups.create(creation)
        # Asked for again in the same page, and by somebody who knows no more than that it may have been begun.
        assert (await groups.create(creation)).group.jid == first.group.jid
        again = Creation(token="t3", subject="Once", participants=(ben.jid,), begun_at=begun)
        found = await groups.create(again)
        assert found.group.jid == first.group.jid
        assert [each.outcome for each in found.results] == [ParticipantOutcome.DONE]
        # Another subject, other people, or a later beginning: another group.
        other = await linked.stage.person("Olga")
        late = datetime.now(UTC) + timedelta(hours=1)
        for number, (subject, person, since) in enumerate(
            (("Twice", ben, begun), ("Once", other, begun), ("Once", ben, late))
        ):
            different = Creation(token=f"t4-{number}", subject=subject, participants=(person.jid,), begun_at=since)
            assert (await groups.create(different)).group.jid != first.group.jid

    async def test_nobody_without_an_account_is_in_a_group(self, linked: Linked) -> None:
        before = {group.jid for group in await linked.page.groups.list()}
        with pytest.raises(UnprocessableError) as caught:
            await linked.page.groups.create(Creation(token="t5", subject="Nobody", participants=(linked.stage.nobody,)))
        assert caught.value.reason == "NUMBER_NOT_ON_WHATSAPP"
        assert {group.jid for group in await linked.page.groups.list()} == before

    async def test_people_come_go_and_change_their_roles(self, linked: Linked, phones: GroupPhones) -> None:
        groups = linked.page.groups
        ben, carla = await linked.stage.person("Ben"), await linked.stage.person("Carla")
        group = await phones.found(linked.me, "Roles", ben)

        async def change(action: ParticipantAction, *people: Jid) -> list[ParticipantOutcome]:
            return [result.outcome for result in await groups.change_participants(group, action, people)]

        done = ParticipantOutcome.DONE
        assert await change(ParticipantAction.ADD, carla.jid, ben.jid, linked.stage.nobody) == [
            done, ParticipantOutcome.ALREADY_MEMBER, ParticipantOutcome.NUMBER_NOT_ON_WHATSAPP
        ]  # fmt: skip
        assert await change(ParticipantAction.PROMOTE, carla.jid, linked.stage.nobody) == [
            done, ParticipantOutcome.NOT_GROUP_MEMBER
        ]  # fmt: skip
        assert (await phones.roles(ben, group))[carla.number] is Role.ADMIN
        # What is so already stays so.
        assert await change(ParticipantAction.PROMOTE, carla.jid) == [done]
        assert await change(ParticipantAction.DEMOTE, carla.jid, linked.me.jid) == [done, ParticipantOutcome.REFUSED]
        assert await change(ParticipantAction.REMOVE, carla.jid) == [done]
        assert await phones.roles(ben, group) == {linked.me.number: Role.SUPERADMIN, ben.number: Role.MEMBER}
        for kind in (NoticeKind.ADDED, NoticeKind.PROMOTED, NoticeKind.DEMOTED, NoticeKind.REMOVED):
            told, by = await notice(linked, group, kind)
            assert (len(told.people), told.includes_me, by) == (1, False, linked.me.jid)

    async def test_what_a_group_shows_and_how_it_is_run(self, linked: Linked, phones: GroupPhones) -> None:
        groups = linked.page.groups
        ben = await linked.stage.person("Ben")
        group = await phones.found(linked.me, "Before", ben)
        change = GroupChange(
            subject="After",
            description="coo",
            announce=True,
            restrict=True,
            member_add_mode=MemberAddMode.ALL,
            join_approval=True,
            ephemeral=timedelta(days=7),
        )
        for _ in range(2):
            changed = await groups.change(group, change)
            assert (changed.subject, changed.description) == ("After", "coo")
            settings = changed.settings
            assert (settings.announce, settings.restrict, settings.join_approval) == (True, True, True)
            assert (settings.member_add_mode, settings.ephemeral) == (MemberAddMode.ALL, timedelta(days=7))
        shown = await phones.shown(ben, group)
        assert (shown["subject"], shown["description"], shown["announce"], shown["restrict"]) == (
            "After", "coo", True, True
        )  # fmt: skip
        cleared = await groups.change(group, GroupChange(description="", announce=False, ephemeral=timedelta(0)))
        assert (cleared.description, cleared.settings.announce) == (None, False)
        assert cleared.settings.ephemeral == timedelta(0)
        assert (await notice(linked, group, NoticeKind.SUBJECT))[0].text == "After"

    async def test_what_is_asked_for_twice_at_once_is_done_once(self, linked: Linked, phones: GroupPhones) -> None:
        """Who hangs up and asks again doesn't wait for the page to have done it."""
        groups = linked.page.groups
        group = await phones.found(linked.me, "Before", await linked.stage.person("Ben"))
        change = GroupChange(subject="Once", description="and for all")
        await asyncio.gather(groups.change(group, change), groups.change(group, change))
        await groups.change(group, GroupChange(announce=True))
        await notice(linked, group, NoticeKind.ANNOUNCE)
        kinds = {NoticeKind.SUBJECT, NoticeKind.DESCRIPTION}
        texts = [
            message.content.text
            for event in linked.ear.heard
            if isinstance(event, MessagesSeen)
            for message in event.messages
            if message.chat == group and isinstance(message.content, GroupNotice) and message.content.kind in kinds
        ]
        assert texts == ["Once", "and for all"]

    async def test_a_picture(self, linked: Linked, phones: GroupPhones) -> None:
        group = await phones.found(linked.me, "Picture", await linked.stage.person("Ben"))
        await linked.page.groups.set_picture(group, PNG)
        assert (await phones.shown(linked.me, group))["picture"]
        with pytest.raises(UnprocessableError) as caught:
            await linked.page.groups.set_picture(group, b"no picture")
        assert caught.value.reason == "PICTURE_UNREADABLE"
        assert (await phones.shown(linked.me, group))["picture"]
        await linked.page.groups.set_picture(group, None)
        assert not (await phones.shown(linked.me, group))["picture"]

    async def test_who_may_not_is_told_so(self, linked: Linked, phones: GroupPhones) -> None:
        groups = linked.page.groups
        ben, carla = await linked.stage.person("Ben"), await linked.stage.person("Carla")
        group = await phones.found(ben, "Ben's", linked.me)
        await phones.set(ben, group, "restrict", True)
        await notice(linked, group, NoticeKind.RESTRICT)

        async def refused(reason: str) -> None:
            for attempt in (
                groups.change(group, GroupChange(subject="Mine")),
                groups.change(group, GroupChange(join_approval=True)),
                groups.set_picture(group, PNG),
                groups.change_participants(group, ParticipantAction.ADD, (carla.jid,)),
                groups.change_participants(group, ParticipantAction.REMOVE, (ben.jid,)),
                groups.invite_code(group),
                groups.revoke_invite_code(group),
                groups.requests(group),
                groups.decide(group, (carla.jid,), approve=True),
            ):
                with pytest.raises(UnprocessableError) as caught:
                    await attempt
                assert caught.value.reason == reason

        await refused("NOT_GROUP_ADMIN")
        await phones.act(ben, group, ParticipantAction.REMOVE, linked.me)
        told, _ = await notice(linked, group, NoticeKind.REMOVED)
        assert told.includes_me
        await refused("NOT_GROUP_MEMBER")
        assert await phones.roles(ben, group) == {ben.number: Role.SUPERADMIN}
        unknown = Jid.parse("120363999999999999@g.us")
        for missing in (groups.get(unknown), groups.change(unknown, GroupChange(subject="x"))):
            with pytest.raises(NotFoundError) as caught:
                await missing
            assert caught.value.reason == "GROUP_NOT_FOUND"

    async def test_leaving(self, linked: Linked, phones: GroupPhones) -> None:
        ben = await linked.stage.person("Ben")
        group = await phones.found(ben, "Leave", linked.me)
        await notice(linked, group, NoticeKind.CREATED)
        for _ in range(2):
            await linked.page.groups.leave(group)
        assert await phones.roles(ben, group) == {ben.number: Role.SUPERADMIN}
        told, by = await notice(linked, group, NoticeKind.LEFT)
        assert (told.includes_me, by) == (True, linked.me.jid)
        assert group not in [each.jid for each in await linked.page.groups.list()]

    async def test_links(self, linked: Linked, phones: GroupPhones) -> None:
        groups = linked.page.groups
        ben, carla = await linked.stage.person("Ben"), await linked.stage.person("Carla")
        own = await phones.found(linked.me, "Own", ben)
        code = await groups.invite_code(own)
        assert code == await phones.code(linked.me, own)
        await phones.join(carla, code)
        told, _ = await notice(linked, own, NoticeKind.JOINED)
        assert len(told.people) == 1
        fresh = await groups.revoke_invite_code(own)
        assert fresh == await phones.code(linked.me, own) != code
        theirs = await phones.found(ben, "Ben's", carla)
        key = await phones.code(ben, theirs)
        shown = await groups.preview(key)
        assert (shown.jid, shown.subject, shown.size) == (theirs, "Ben's", 2)
        for _ in range(2):
            joined = await groups.join(key)
            assert (joined.jid, joined.pending) == (theirs, False)
        assert linked.me.number in await phones.roles(ben, theirs)
        for invalid in (groups.preview("nonsense"), groups.join("nonsense")):
            with pytest.raises(NotFoundError) as missing:
                await invalid
            assert missing.value.reason == "INVITE_INVALID"
        for revoked in (groups.preview(code), groups.join(code)):
            with pytest.raises(GoneError) as gone:
                await revoked
            assert gone.value.reason == "INVITE_REVOKED"

    async def test_requests_to_be_let_in(self, linked: Linked, phones: GroupPhones) -> None:
        groups = linked.page.groups
        ben, carla = await linked.stage.person("Ben"), await linked.stage.person("Carla")
        group = await phones.found(linked.me, "Ask")
        await phones.set(linked.me, group, "approval", True)
        code = await phones.code(linked.me, group)
        for person in (ben, carla):
            await phones.join(person, code)
        await notice(linked, group, NoticeKind.REQUESTED)
        asked = await groups.requests(group)
        assert [each.method for each in asked] == [RequestMethod.LINK, RequestMethod.LINK]
        (approved,) = await groups.decide(group, (ben.jid,), approve=True)
        assert approved.outcome is ParticipantOutcome.DONE
        rejected, nobody = await groups.decide(group, (carla.jid, ben.jid), approve=False)
        assert rejected.outcome is ParticipantOutcome.DONE
        assert nobody.outcome is ParticipantOutcome.REQUEST_NOT_FOUND
        assert await phones.roles(ben, group) == {linked.me.number: Role.SUPERADMIN, ben.number: Role.MEMBER}
        assert await groups.requests(group) == ()
        # And the other way round: joining what an admin has to approve.
        theirs = await phones.found(ben, "Wait")
        await phones.set(ben, theirs, "approval", True)
        assert (await groups.join(await phones.code(ben, theirs))).pending is True
