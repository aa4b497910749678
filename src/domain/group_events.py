"""What happens to groups."""

from dataclasses import dataclass
from typing import ClassVar

from domain.group import ParticipantAction, RequestState
from domain.group_notice import NoticeKind
from domain.jid import Jid


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupJoined:
    """Emitted when the account has come into a group: it founded it, was added, or joined. ``by`` is who did it.

    ``subject`` is told with a group's founding alone.
    """

    TYPE: ClassVar[str] = "group.joined"
    group: Jid
    by: Jid
    subject: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLeft:
    """Emitted when the account isn't in a group any more. ``removed``: ``by`` saw to that."""

    TYPE: ClassVar[str] = "group.left"
    group: Jid
    by: Jid
    removed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupParticipantsChanged:
    """Emitted when people come into a group, go, become admins or cease to be; the account may be among them.

    ``by_themselves``: they joined by a link, or left.
    """

    TYPE: ClassVar[str] = "group.participants"
    group: Jid
    action: ParticipantAction
    participants: tuple[Jid, ...]
    by: Jid
    by_themselves: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupUpdated:
    """Emitted when what a group shows, or how it is run, changes.

    Attributes:
        changed: what: ``SUBJECT``, ``DESCRIPTION``, ``PICTURE``, ``ANNOUNCE`` …
        value: what it is now, as WhatsApp tells it: a text, ``on`` or ``off``, seconds; None where it tells nothing.
    """

    TYPE: ClassVar[str] = "group.updated"
    group: Jid
    changed: NoticeKind
    value: str | None
    by: Jid


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRequested:
    """Emitted where the account is an admin: somebody asks to be let in, or this account has decided on it."""

    TYPE: ClassVar[str] = "group.request"
    group: Jid
    participants: tuple[Jid, ...]
    state: RequestState
