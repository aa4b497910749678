"""Groups: kept in memory, written through."""

import secrets
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Final

import orjson

from sandbox.errors import SandboxError
from sandbox.store.database import Database

_REMEMBERED_CODES: Final = 20


class Role(StrEnum):
    """What a member may do; the values are the wire's."""

    MEMBER = "member"
    ADMIN = "admin"
    CREATOR = "superadmin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Somebody who isn't in a group any more: when they went, and whether they `left` or were `removed`."""

    at_ms: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Somebody who asks to be let in.

    Attributes:
        by: The number of whoever asked for them; mostly their own.
        method: `InviteLink` or `NonAdminAdd`.
        at_ms: When.
    """

    by: str
    method: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateInvite:
    """An invitation for one person who can't be added by others: its code, who made it, until when it holds."""

    code: str
    by: str
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group and everybody in it; people are numbers.

    Attributes:
        jid: `…@g.us`.
        picture: Id of the picture in the store of pictures; None: none.
        announce: Only admins send.
        restrict: Only admins change subject, description, picture and the timer of disappearing messages.
        member_add: `admin` or `all`: who may add others.
        approval: Whoever joins by link, or is added by a member, waits for an admin.
        ephemeral_s: After how long messages disappear; 0: never.
        lid_mode: Members are told of by their LID.
        revoked: Earlier invite codes, the newest last.
        version: Rises with each change.
    """

    jid: str
    subject: str
    subject_by: str
    subject_ms: int
    description: str = ""
    description_id: str | None = None
    description_by: str | None = None
    description_ms: int = 0
    picture: str | None = None
    creator: str
    created_ms: int
    announce: bool = False
    restrict: bool = False
    member_add: str = "admin"
    approval: bool = False
    ephemeral_s: int = 0
    lid_mode: bool = True
    invite_code: str
    revoked: tuple[str, ...] = ()
    members: dict[str, Role] = field(default_factory=dict)
    past: dict[str, Past] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    invites: dict[str, PrivateInvite] = field(default_factory=dict)
    version: int = 1

    def is_admin(self, phone: str) -> bool:
        """Whether a number is one of its admins."""
        return self.members.get(phone) in (Role.ADMIN, Role.CREATOR)

    def admins(self) -> list[str]:
        """Its admins, in the order in which they joined."""
        return [phone for phone in self.members if self.is_admin(phone)]

    def as_json(self) -> dict[str, Any]:
        """Its stored form."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Group":
        """Read the stored form; what it doesn't hold has its default."""
        names = {each.name for each in fields(cls)}
        given = {name: value for name, value in stored.items() if name in names}
        given["members"] = {phone: Role(role) for phone, role in stored["members"].items()}
        given["past"] = {phone: Past(**past) for phone, past in stored["past"].items()}
        given["requests"] = {phone: Request(**request) for phone, request in stored["requests"].items()}
        given["invites"] = {phone: PrivateInvite(**invite) for phone, invite in stored["invites"].items()}
        given["revoked"] = tuple(stored["revoked"])
        return cls(**given)


def new_jid() -> str:
    """A group's address as WhatsApp makes them today."""
    return f"120363{secrets.randbelow(10**12):012d}@g.us"


def new_invite_code() -> str:
    """A code of 22 characters for links; it can't be guessed."""
    return secrets.token_urlsafe(17)[:22].replace("-", "A").replace("_", "B")


class GroupStore:
    """All groups, by address, by invite code and by member."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._groups: dict[str, Group] = {}
        self._codes: dict[str, str] = {}
        self._of: dict[str, dict[str, None]] = {}
        for (state,) in database.read("SELECT state FROM groups"):
            self._remember(Group.from_json(orjson.loads(state)))

    def find(self, jid: str) -> Group | None:
        """The group of an address."""
        return self._groups.get(jid)

    def get(self, jid: object) -> Group:
        """The group of an address.

        Raises:
            SandboxError: 404 `GROUP_NOT_FOUND`, also once everybody has left.
        """
        group = self._groups.get(jid) if isinstance(jid, str) else None
        if group is None or not group.members:
            raise SandboxError(404, "GROUP_NOT_FOUND", "there is no such group")
        return group

    def of(self, phone: str) -> list[Group]:
        """The groups that a number is in, the oldest membership first."""
        return [self._groups[jid] for jid in self._of.get(phone, ())]

    def common(self, one: str, other: str) -> list[str]:
        """The addresses of the groups that two numbers are in."""
        return [group.jid for group in self.of(one) if other in group.members]

    def is_admin(self, jid: str, phone: str) -> bool:
        """Whether a number is an admin of a group."""
        group = self._groups.get(jid)
        return group is not None and group.is_admin(phone)

    def in_lid_mode(self, jid: str) -> bool:
        """Whether the members of a group are told of by their LID."""
        group = self._groups.get(jid)
        return group is None or group.lid_mode

    def with_code(self, code: object) -> Group:
        """The group of an invite code.

        Raises:
            SandboxError: 406 `INVITE_INVALID` for what is no code of any group, 410 `INVITE_REVOKED`, 404 for a group
                that everybody has left. The numbers are those by which whatsmeow tells the two apart.
        """
        jid = self._codes.get(code) if isinstance(code, str) else None
        if jid is None:
            raise SandboxError(406, "INVITE_INVALID", "there is no group with this invite code")
        group = self.get(jid)
        if group.invite_code != code:
            raise SandboxError(410, "INVITE_REVOKED", "the invite code was revoked")
        return group

    def add(self, group: Group) -> Group:
        """Keep a new group."""
        self._database.write("INSERT INTO groups VALUES (?, ?)", (group.jid, orjson.dumps(group.as_json())))
        self._remember(group)
        return group

    def change(self, group: Group, **changes: Any) -> Group:
        """The group with fields changed, and its version with them."""
        changed = replace(group, **changes, version=group.version + 1)
        self._database.write("UPDATE groups SET state = ? WHERE jid = ?", (orjson.dumps(changed.as_json()), group.jid))
        self._remember(changed)
        return changed

    def renumber(self, old: str, new: str) -> list[Group]:
        """Put a number in the place of another one; answers the groups that had it, as they are now."""
        return [self._renumbered(group, old, new) for group in list(self._groups.values()) if _holds(group, old)]

    def _renumbered(self, group: Group, old: str, new: str) -> Group:
        def name(phone: str) -> str:
            return new if phone == old else phone

        changed = self.change(
            group,
            subject_by=name(group.subject_by),
            description_by=None if group.description_by is None else name(group.description_by),
            creator=name(group.creator),
            members={name(phone): role for phone, role in group.members.items()},
            past={name(phone): past for phone, past in group.past.items()},
            requests={name(phone): replace(each, by=name(each.by)) for phone, each in group.requests.items()},
            invites={name(phone): replace(each, by=name(each.by)) for phone, each in group.invites.items()},
        )
        self._of.pop(old, None)
        return changed

    def revoke_code(self, group: Group) -> Group:
        """The group with another invite code."""
        revoked = (*group.revoked, group.invite_code)[-_REMEMBERED_CODES:]
        return self.change(group, invite_code=new_invite_code(), revoked=revoked)

    def _remember(self, group: Group) -> None:
        self._groups[group.jid] = group
        for code in (*group.revoked, group.invite_code):
            self._codes[code] = group.jid
        for phone in group.members:
            self._of.setdefault(phone, {})[group.jid] = None
        for phone in group.past:
            if phone not in group.members:
                self._of.get(phone, {}).pop(group.jid, None)


def _holds(group: Group, phone: str) -> bool:
    people = {group.creator, group.subject_by, group.description_by, *group.members, *group.past}
    asked = {each.by for each in group.requests.values()} | {each.by for each in group.invites.values()}
    return phone in people | asked | group.requests.keys() | group.invites.keys()
