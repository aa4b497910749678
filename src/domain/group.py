"""Groups: who is in them, what they show of themselves, and how a change of them comes out."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.errors import InvalidArgumentError
from domain.jid import Jid, Server

MAX_SUBJECT: Final = 100
"""Characters; WhatsApp's Help Center, "How to change group info"."""
MAX_DESCRIPTION: Final = 2048
MAX_PEOPLE: Final = 1023
"""How many people one call may name: WhatsApp's groups hold 1,024, one of whom is the account itself."""
INVITE_LINK: Final = re.compile(
    r"((https?://)?chat\.whatsapp\.com/(invite/)?)?(?P<code>[A-Za-z0-9]{1,64})/?(\?[!-~]{0,200})?"
)
"""An invite code, alone or as the link that carries it, with what apps append to links."""
EPHEMERAL: Final = (timedelta(0), timedelta(days=1), timedelta(days=7), timedelta(days=90))
"""After how long messages can be made to disappear; WhatsApp's Help Center, "About disappearing messages"."""


class Role(StrEnum):
    """What a participant may do."""

    MEMBER = "MEMBER"
    ADMIN = "ADMIN"
    SUPERADMIN = "SUPERADMIN"
    """The founder: an admin whom nobody demotes or removes."""


class MemberAddMode(StrEnum):
    """Who may add others."""

    ADMINS = "ADMINS"
    ALL = "ALL"


class ParticipantAction(StrEnum):
    """What can be done to people in a group."""

    ADD = "ADD"
    REMOVE = "REMOVE"
    PROMOTE = "PROMOTE"
    DEMOTE = "DEMOTE"


class ParticipantOutcome(StrEnum):
    """How a change came out for one person."""

    DONE = "DONE"
    NUMBER_NOT_ON_WHATSAPP = "NUMBER_NOT_ON_WHATSAPP"
    ALREADY_MEMBER = "ALREADY_MEMBER"
    NOT_GROUP_MEMBER = "NOT_GROUP_MEMBER"
    INVITE_NEEDED = "INVITE_NEEDED"
    """The person lets nobody, or not this account, add them; an invitation can be sent."""
    AWAITS_APPROVAL = "AWAITS_APPROVAL"
    """An admin has to let the person in."""
    CONTACT_BLOCKED = "CONTACT_BLOCKED"
    """The person has blocked the account."""
    RECENTLY_LEFT = "RECENTLY_LEFT"
    GROUP_FULL = "GROUP_FULL"
    REQUEST_NOT_FOUND = "REQUEST_NOT_FOUND"
    """The person doesn't ask to be let in, or not any more."""
    REFUSED = "REFUSED"
    """WhatsApp refused it for a reason it didn't tell; nobody removes or demotes a group's founder."""


class RequestMethod(StrEnum):
    """How somebody came to ask to be let in."""

    LINK = "LINK"
    MEMBER = "MEMBER"
    OTHER = "OTHER"


class RequestState(StrEnum):
    """What became of a request."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody in a group. ``alternate`` is the other form of the address, where known."""

    jid: Jid
    alternate: Jid | None
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSettings:
    """How a group is run.

    Attributes:
        announce: only admins write.
        restrict: only admins change subject, description, picture and the time after which messages disappear.
        member_add_mode: who may add others.
        join_approval: an admin lets in whoever comes by link, or is added by a member.
        ephemeral: after how long messages disappear; zero: never.
    """

    announce: bool
    restrict: bool
    member_add_mode: MemberAddMode
    join_approval: bool
    ephemeral: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group as the account sees it.

    Attributes:
        lid_addressing: its participants are told of by LID.
        me: the account's own role; None when it isn't in the group any more.
        size: how many are in it.
    """

    jid: Jid
    subject: str
    description: str | None
    owner: Jid | None
    created_at: datetime | None
    settings: GroupSettings
    lid_addressing: bool
    me: Role | None
    size: int
    participants: tuple[Participant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChange:
    """What to change of a group; None leaves it. An empty description takes it away."""

    subject: str | None = None
    description: str | None = None
    announce: bool | None = None
    restrict: bool | None = None
    member_add_mode: MemberAddMode | None = None
    join_approval: bool | None = None
    ephemeral: timedelta | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return self == GroupChange()

    def check(self) -> None:
        """Refuses what WhatsApp wouldn't take.

        Raises:
            InvalidArgumentError: ``INVALID_GROUP``.
        """
        if self.is_empty:
            raise _invalid("Give at least one thing to change.", "subject")
        if self.subject is not None:
            check_subject(self.subject)
        if self.description is not None and len(self.description) > MAX_DESCRIPTION:
            raise _invalid(f"A description has at most {MAX_DESCRIPTION} characters.", "description")
        if self.ephemeral is not None and self.ephemeral not in EPHEMERAL:
            raise _invalid("Messages disappear after 1, 7 or 90 days, or (0) never.", "ephemeral_seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantResult:
    """How a change came out for one person.

    Attributes:
        asked: the address that was given.
        jid: by which the group knows the person, where it does.
        invite_code: what a private invitation carries, where ``INVITE_NEEDED``.
        invite_expires_at: until when it holds.
        code: WhatsApp's own number of the outcome.
    """

    asked: Jid
    jid: Jid
    outcome: ParticipantOutcome
    code: int
    invite_code: str | None = None
    invite_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedGroup:
    """A new group, and how it came out for each who was to be in it."""

    group: Group
    results: tuple[ParticipantResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """Somebody who asks to be let in. ``by`` is who proposed them: themselves, or a member."""

    jid: Jid
    alternate: Jid | None
    by: Jid | None
    method: RequestMethod
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPreview:
    """What an invite code shows of its group to whoever has it."""

    jid: Jid
    subject: str
    description: str | None
    owner: Jid | None
    created_at: datetime | None
    size: int
    join_approval: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What came of joining: in it, or (``pending``) waiting for an admin."""

    jid: Jid
    pending: bool


def check_subject(subject: str) -> None:
    """Refuses what is no subject of a group.

    Raises:
        InvalidArgumentError: ``INVALID_GROUP``.
    """
    if not subject.strip() or len(subject) > MAX_SUBJECT or "\x00" in subject:
        raise _invalid(f"A subject has 1 to {MAX_SUBJECT} characters, and no NUL.", "subject")


def parse_group(text: str, *, field: str = "group_id") -> Jid:
    """Reads a group's address.

    Raises:
        InvalidArgumentError: ``INVALID_JID``.
    """
    jid = Jid.parse(text, field=field)
    if jid.server is not Server.GROUP:
        raise InvalidArgumentError("INVALID_JID", "Give a group's address, like 120363000000000000@g.us.", field=field)
    return jid


def parse_people(texts: Collection[str], *, field: str = "participants", least: int = 1) -> tuple[Jid, ...]:
    """Reads people's addresses or phone numbers, each once.

    Raises:
        InvalidArgumentError: ``INVALID_JID``, ``INVALID_PHONE``, ``INVALID_GROUP``.
    """
    if not least <= len(texts) <= MAX_PEOPLE:
        raise _invalid(f"Name {least} to {MAX_PEOPLE} people.", field)
    people = dict.fromkeys(Jid.parse_recipient(text, field=field) for text in texts)
    if not all(jid.is_user for jid in people):
        raise InvalidArgumentError("INVALID_JID", "Only people can be in a group.", field=field)
    return tuple(people)


def parse_invite_code(text: str, *, field: str = "code") -> str:
    """Reads an invite code, alone or as the link that carries it.

    Raises:
        InvalidArgumentError: ``INVALID_GROUP``.
    """
    given = INVITE_LINK.fullmatch(text)
    if given is None:
        raise _invalid("Give an invite code, or a link like https://chat.whatsapp.com/….", field)
    return given["code"]


def _invalid(message: str, field: str) -> InvalidArgumentError:
    return InvalidArgumentError("INVALID_GROUP", message, field=field)
