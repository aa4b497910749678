"""Groups of the WhatsApp in memory, and the notices of what is done there."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from adapters.memory.accounts import Account
from application.ports.page_events import SeenMessage
from domain.errors import GoneError, NotFoundError, UnprocessableError
from domain.group import GroupSettings, MemberAddMode, RequestMethod, Role
from domain.group_notice import GroupNotice, NoticeKind
from domain.ids import WhatsAppMessageId
from domain.jid import Jid, Server
from domain.message import MessageStatus

if TYPE_CHECKING:
    from adapters.memory.whatsapp import MemoryWhatsApp

MOST: Final = 1024
_PLAIN: Final = GroupSettings(
    announce=False,
    restrict=False,
    member_add_mode=MemberAddMode.ADMINS,
    join_approval=False,
    ephemeral=timedelta(0),
)


@dataclass(slots=True, kw_only=True)
class MemoryGroup:
    """A group; people are told apart by their numbers' addresses."""

    jid: Jid
    subject: str
    owner: Jid
    created_at: datetime
    code: str
    description: str | None = None
    picture: bytes | None = None
    settings: GroupSettings = _PLAIN
    members: dict[Jid, Role] = field(default_factory=dict)
    requests: dict[Jid, RequestMethod] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)


class MemoryGroups:
    """All groups."""

    def __init__(self, whatsapp: "MemoryWhatsApp") -> None:
        self._whatsapp = whatsapp
        self._groups: dict[Jid, MemoryGroup] = {}
        self.closed: set[Jid] = set()
        """Who lets nobody add them."""

    def found(self, account: Account, subject: str) -> MemoryGroup:
        """A new group with nobody in it but its founder; nobody has been told of it yet."""
        group = MemoryGroup(
            jid=Jid(user=f"120363{self._whatsapp.count():012d}", server=Server.GROUP),
            subject=subject,
            owner=account.jid,
            created_at=self._whatsapp.now(),
            code=f"{self._whatsapp.count():022x}",
            members={account.jid: Role.SUPERADMIN},
        )
        self._groups[group.jid] = group
        return group

    def of(self, account: Account) -> list[MemoryGroup]:
        """The groups that an account is in."""
        return [group for group in self._groups.values() if account.jid in group.members]

    def get(self, jid: Jid) -> MemoryGroup:
        """A group.

        Raises:
            NotFoundError: ``GROUP_NOT_FOUND``.
        """
        group = self._groups.get(jid)
        if group is None or not group.members:
            raise NotFoundError("GROUP_NOT_FOUND", "There is no such group.")
        return group

    def with_code(self, code: str) -> MemoryGroup:
        """The group of an invite code.

        Raises:
            NotFoundError: ``INVITE_INVALID``.
            GoneError: ``INVITE_REVOKED``.
        """
        for group in self._groups.values():
            if code == group.code:
                return group
            if code in group.revoked:
                raise GoneError("INVITE_REVOKED", "The invite code was revoked.")
        raise NotFoundError("INVITE_INVALID", "There is no group with this invite code.")

    def member(self, jid: Jid, account: Account, *, admin: bool = False) -> MemoryGroup:
        """A group that an account is in, as an admin if need be.

        Raises:
            NotFoundError: ``GROUP_NOT_FOUND``.
            UnprocessableError: ``NOT_GROUP_MEMBER``, ``NOT_GROUP_ADMIN``.
        """
        group = self.get(jid)
        role = group.members.get(account.jid)
        if role is None:
            raise UnprocessableError("NOT_GROUP_MEMBER", "The account isn't in this group.")
        if admin and role is Role.MEMBER:
            raise UnprocessableError("NOT_GROUP_ADMIN", "Only an admin of the group may do that.")
        return group

    def join(self, group: MemoryGroup, account: Account) -> bool:
        """Lets somebody in who has the code; tells whether an admin has to approve first."""
        if account.jid in group.members:
            return False
        if group.settings.join_approval:
            if account.jid not in group.requests:
                group.requests[account.jid] = RequestMethod.LINK
                self.tell(group, account, NoticeKind.REQUESTED, [account.jid], audience=admins(group))
            return True
        if len(group.members) >= MOST:
            raise UnprocessableError("GROUP_FULL", "The group holds no more people.")
        group.members[account.jid] = Role.MEMBER
        self.tell(group, account, NoticeKind.JOINED, [account.jid])
        return False

    def go(self, group: MemoryGroup, author: Account, people: list[Jid], kind: NoticeKind) -> None:
        """Takes people out of a group, and makes somebody an admin where nobody is left who is one."""
        before = list(group.members)
        for jid in people:
            del group.members[jid]
        self.tell(group, author, kind, people, audience=before)
        if group.members and not admins(group):
            heir = next(iter(group.members))
            group.members[heir] = Role.ADMIN
            self.tell(group, author, NoticeKind.PROMOTED, [heir])

    def tell(
        self,
        group: MemoryGroup,
        author: Account,
        kind: NoticeKind,
        people: Iterable[Jid] = (),
        *,
        text: str | None = None,
        audience: Iterable[Jid] | None = None,
    ) -> None:
        """Has everybody in a group, or those given, read of what was done there."""
        concerned = tuple(people)
        number = f"3EB0{self._whatsapp.count():018X}"
        for jid in tuple(group.members) if audience is None else tuple(audience):
            reader = self._whatsapp.find_account(jid)
            if reader is None:
                continue
            mine = reader is author
            inner = f"{str(mine).lower()}_{group.jid}_{number}"
            notice = SeenMessage(
                whatsapp_id=WhatsAppMessageId(inner if mine else f"{inner}_{author.jid}"),
                chat=group.jid,
                sender=author.jid,
                recipient=group.jid,
                from_me=mine,
                content=GroupNotice(
                    kind=kind, name=kind.lower(), people=concerned, includes_me=jid in concerned, text=text
                ),
                timestamp=self._whatsapp.now(),
                status=MessageStatus.SENT,
            )
            reader.phone_messages[notice.whatsapp_id] = notice
            for device in reader.devices.values():
                device.take(notice)


def admins(group: MemoryGroup) -> list[Jid]:
    """A group's admins."""
    return [jid for jid, role in group.members.items() if role is not Role.MEMBER]


def settings_with(settings: GroupSettings, **changes: object) -> GroupSettings:
    """Settings with those that are given changed; None leaves one."""
    return replace(settings, **{name: value for name, value in changes.items() if value is not None})  # type: ignore[arg-type]
