"""A page's part in groups, of the WhatsApp in memory."""

from collections.abc import Awaitable, Callable
from dataclasses import fields
from datetime import timedelta
from typing import Final, override

from adapters.memory.accounts import Account
from adapters.memory.faults import Die, Fault, LoseOutcome
from adapters.memory.groups import MOST, MemoryGroup, MemoryGroups, settings_with
from adapters.memory.whatsapp import MemoryWhatsApp
from application.ports.group_page import Creation, GroupPage
from domain.errors import UnavailableError, UnprocessableError
from domain.group import (
    CreatedGroup,
    Group,
    GroupChange,
    GroupPreview,
    GroupSettings,
    Joined,
    JoinRequest,
    Participant,
    ParticipantAction,
    ParticipantOutcome,
    ParticipantResult,
    RequestMethod,
    Role,
)
from domain.group_notice import NoticeKind
from domain.jid import Jid

_SKEW: Final = timedelta(seconds=30)
_CODES: Final = {
    ParticipantOutcome.DONE: 200,
    ParticipantOutcome.INVITE_NEEDED: 403,
    ParticipantOutcome.REFUSED: 403,
    ParticipantOutcome.NUMBER_NOT_ON_WHATSAPP: 404,
    ParticipantOutcome.NOT_GROUP_MEMBER: 404,
    ParticipantOutcome.REQUEST_NOT_FOUND: 404,
    ParticipantOutcome.ALREADY_MEMBER: 409,
    ParticipantOutcome.GROUP_FULL: 419,
    ParticipantOutcome.AWAITS_APPROVAL: 421,
}
_NOTICES: Final = {
    "announce": NoticeKind.ANNOUNCE,
    "restrict": NoticeKind.RESTRICT,
    "member_add_mode": NoticeKind.MEMBER_ADD_MODE,
    "join_approval": NoticeKind.JOIN_APPROVAL,
    "ephemeral": NoticeKind.EPHEMERAL,
}
_PICTURES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")


class MemoryGroupPage(GroupPage):
    """What a page does with groups. ``begin`` lets other tasks run and does what is scripted."""

    def __init__(
        self,
        whatsapp: MemoryWhatsApp,
        linked: Callable[[], Account],
        begin: Callable[[], Awaitable[Fault | None]],
        die: Callable[[str], None],
    ) -> None:
        self._whatsapp = whatsapp
        self._linked = linked
        self._begin = begin
        self._die = die
        self._created: dict[str, CreatedGroup] = {}

    def forget(self) -> None:
        """Forgets what it has founded: the page's document has ended, and with it what that knew."""
        self._created.clear()

    @property
    def _groups(self) -> MemoryGroups:
        return self._whatsapp.groups

    @override
    async def create(self, creation: Creation) -> CreatedGroup:
        fault = await self._begin()
        me = self._linked()
        earlier = self._created.get(creation.token) or self._found_before(creation, me)
        if earlier is not None:
            return earlier
        people = [self._whatsapp.find_account(jid) for jid in creation.participants]
        if None in people:
            raise UnprocessableError("NUMBER_NOT_ON_WHATSAPP", "One of the participants isn't on WhatsApp.")
        group = self._groups.found(me, creation.subject)
        results = tuple(
            self._result(jid, self._let_in(group, account))
            for jid, account in zip(creation.participants, people, strict=True)
        )
        others = [jid for jid in group.members if jid != me.jid]
        self._groups.tell(group, me, NoticeKind.CREATED, others, text=group.subject)
        created = CreatedGroup(group=self._view(group, me), results=results)
        self._created[creation.token] = created
        self._after(fault)
        return created

    def _found_before(self, creation: Creation, me: Account) -> CreatedGroup | None:
        if creation.begun_at is None:
            return None
        wanted = {account.jid for jid in creation.participants if (account := self._whatsapp.find_account(jid))}
        for group in self._groups.of(me):
            if (
                group.owner == me.jid
                and group.subject == creation.subject
                and group.created_at >= creation.begun_at - _SKEW
                and set(group.members) <= wanted | {me.jid}
            ):
                results = tuple(self._result(jid, self._membership(group, jid)) for jid in creation.participants)
                return CreatedGroup(group=self._view(group, me), results=results)
        return None

    def _membership(self, group: MemoryGroup, jid: Jid) -> ParticipantOutcome:
        account = self._whatsapp.find_account(jid)
        inside = account is not None and account.jid in group.members
        return ParticipantOutcome.DONE if inside else ParticipantOutcome.REFUSED

    def _let_in(self, group: MemoryGroup, account: Account | None) -> ParticipantOutcome:
        if account is None:
            return ParticipantOutcome.NUMBER_NOT_ON_WHATSAPP
        if account.jid in group.members:
            return ParticipantOutcome.ALREADY_MEMBER
        if account.jid in self._groups.closed:
            return ParticipantOutcome.INVITE_NEEDED
        if len(group.members) >= MOST:
            return ParticipantOutcome.GROUP_FULL
        group.members[account.jid] = Role.MEMBER
        return ParticipantOutcome.DONE

    def _after(self, fault: Fault | None) -> None:
        """What is scripted for after the effect."""
        if isinstance(fault, Die):
            self._die("the page died")
        if isinstance(fault, Die | LoseOutcome):
            raise UnavailableError("PAGE_UNAVAILABLE", "The session's page doesn't answer.")

    @override
    async def list(self) -> tuple[Group, ...]:
        await self._begin()
        me = self._linked()
        return tuple(self._view(group, me) for group in self._groups.of(me))

    @override
    async def get(self, group: Jid) -> Group:
        await self._begin()
        me = self._linked()
        return self._view(self._groups.member(group, me), me)

    @override
    async def change(self, group: Jid, change: GroupChange) -> Group:
        fault = await self._begin()
        me = self._linked()
        held = self._groups.member(group, me)
        wanted = {each.name: getattr(change, each.name) for each in fields(GroupSettings)}
        strict = any(wanted[name] is not None for name in ("announce", "restrict", "member_add_mode", "join_approval"))
        self._groups.member(group, me, admin=held.settings.restrict or strict)
        if change.subject not in {None, held.subject}:
            held.subject = str(change.subject)
            self._groups.tell(held, me, NoticeKind.SUBJECT, text=held.subject)
        if change.description is not None and change.description != (held.description or ""):
            held.description = change.description or None
            self._groups.tell(held, me, NoticeKind.DESCRIPTION, text=held.description)
        before, held.settings = held.settings, settings_with(held.settings, **wanted)
        for name, kind in _NOTICES.items():
            if getattr(before, name) != getattr(held.settings, name):
                self._groups.tell(held, me, kind, text=str(getattr(held.settings, name)))
        self._after(fault)
        return self._view(held, me)

    @override
    async def set_picture(self, group: Jid, picture: bytes | None) -> None:
        fault = await self._begin()
        me = self._linked()
        held = self._groups.member(group, me)
        self._groups.member(group, me, admin=held.settings.restrict)
        if picture is not None and not picture.startswith(_PICTURES):
            raise UnprocessableError("PICTURE_UNREADABLE", "The picture can't be opened.")
        held.picture = picture
        self._groups.tell(held, me, NoticeKind.PICTURE)
        self._after(fault)

    @override
    async def change_participants(
        self, group: Jid, action: ParticipantAction, participants: tuple[Jid, ...]
    ) -> tuple[ParticipantResult, ...]:
        fault = await self._begin()
        me = self._linked()
        held = self._groups.member(group, me)
        open_to_all = action is ParticipantAction.ADD and held.settings.member_add_mode == "ALL"
        self._groups.member(group, me, admin=not open_to_all)
        if action is ParticipantAction.ADD:
            results = self._add(held, me, participants)
        else:
            results = self._change_roles(held, me, action, participants)
        self._after(fault)
        return results

    def _add(self, group: MemoryGroup, me: Account, people: tuple[Jid, ...]) -> tuple[ParticipantResult, ...]:
        before = set(group.members)
        waits = group.settings.join_approval and group.members[me.jid] is Role.MEMBER
        results = []
        for jid in people:
            account = self._whatsapp.find_account(jid)
            if waits and account is not None and account.jid not in group.members:
                group.requests[account.jid] = RequestMethod.MEMBER
                results.append(self._result(jid, ParticipantOutcome.AWAITS_APPROVAL))
                continue
            results.append(self._result(jid, self._let_in(group, account)))
        added = [jid for jid in group.members if jid not in before]
        if added:
            self._groups.tell(group, me, NoticeKind.ADDED, added)
        return tuple(results)

    def _change_roles(
        self, group: MemoryGroup, me: Account, action: ParticipantAction, people: tuple[Jid, ...]
    ) -> tuple[ParticipantResult, ...]:
        results, changed = [], []
        for jid in people:
            account = self._whatsapp.find_account(jid)
            role = None if account is None else group.members.get(account.jid)
            outcome = ParticipantOutcome.DONE
            if account is None or role is None:
                outcome = ParticipantOutcome.NOT_GROUP_MEMBER
            elif role is Role.SUPERADMIN and action is not ParticipantAction.PROMOTE:
                outcome = ParticipantOutcome.REFUSED
            elif action is ParticipantAction.REMOVE or (role is Role.MEMBER) == (action is ParticipantAction.PROMOTE):
                changed.append(account.jid)
            results.append(self._result(jid, outcome))
        if changed and action is ParticipantAction.REMOVE:
            self._groups.go(group, me, changed, NoticeKind.REMOVED)
        elif changed:
            promoting = action is ParticipantAction.PROMOTE
            group.members |= dict.fromkeys(changed, Role.ADMIN if promoting else Role.MEMBER)
            self._groups.tell(group, me, NoticeKind.PROMOTED if promoting else NoticeKind.DEMOTED, changed)
        return tuple(results)

    @override
    async def leave(self, group: Jid) -> None:
        fault = await self._begin()
        me = self._linked()
        held = self._groups.get(group)
        if me.jid in held.members:
            self._groups.go(held, me, [me.jid], NoticeKind.LEFT)
        self._after(fault)

    @override
    async def invite_code(self, group: Jid) -> str:
        await self._begin()
        return self._groups.member(group, self._linked(), admin=True).code

    @override
    async def revoke_invite_code(self, group: Jid) -> str:
        fault = await self._begin()
        me = self._linked()
        held = self._groups.member(group, me, admin=True)
        held.revoked.add(held.code)
        held.code = f"{self._whatsapp.count():022x}"
        self._groups.tell(held, me, NoticeKind.INVITE_REVOKED)
        self._after(fault)
        return held.code

    @override
    async def preview(self, code: str) -> GroupPreview:
        await self._begin()
        group = self._groups.with_code(code)
        return GroupPreview(
            jid=group.jid,
            subject=group.subject,
            description=group.description,
            owner=group.owner,
            created_at=group.created_at,
            size=len(group.members),
            join_approval=group.settings.join_approval,
        )

    @override
    async def join(self, code: str) -> Joined:
        fault = await self._begin()
        group = self._groups.with_code(code)
        pending = self._groups.join(group, self._linked())
        self._after(fault)
        return Joined(jid=group.jid, pending=pending)

    @override
    async def requests(self, group: Jid) -> tuple[JoinRequest, ...]:
        await self._begin()
        held = self._groups.member(group, self._linked(), admin=True)
        return tuple(
            JoinRequest(jid=jid, alternate=None, by=jid, method=method, at=self._whatsapp.now())
            for jid, method in held.requests.items()
        )

    @override
    async def decide(
        self, group: Jid, participants: tuple[Jid, ...], *, approve: bool
    ) -> tuple[ParticipantResult, ...]:
        fault = await self._begin()
        me = self._linked()
        held = self._groups.member(group, me, admin=True)
        results = []
        for jid in participants:
            account = self._whatsapp.find_account(jid)
            if account is None or held.requests.pop(account.jid, None) is None:
                results.append(self._result(jid, ParticipantOutcome.REQUEST_NOT_FOUND))
                continue
            if approve:
                held.members[account.jid] = Role.MEMBER
                self._groups.tell(held, me, NoticeKind.ADDED, [account.jid])
            results.append(self._result(jid, ParticipantOutcome.DONE))
        self._after(fault)
        return tuple(results)

    def _result(self, asked: Jid, outcome: ParticipantOutcome) -> ParticipantResult:
        account = self._whatsapp.find_account(asked)
        jid = asked if account is None else account.jid
        return ParticipantResult(asked=asked, jid=jid, outcome=outcome, code=_CODES[outcome])

    def _view(self, group: MemoryGroup, me: Account) -> Group:
        participants = []
        for jid, role in group.members.items():
            account = self._whatsapp.find_account(jid)
            participants.append(Participant(jid=jid, alternate=None if account is None else account.lid, role=role))
        return Group(
            jid=group.jid,
            subject=group.subject,
            description=group.description,
            owner=group.owner,
            created_at=group.created_at,
            settings=group.settings,
            lid_addressing=False,
            me=group.members.get(me.jid),
            size=len(group.members),
            participants=tuple(participants),
        )
