"""What the members of a group read of what was done there: messages that nobody has written."""

from dataclasses import dataclass
from enum import StrEnum

from domain.jid import Jid


class NoticeKind(StrEnum):
    """What happened."""

    CREATED = "CREATED"
    ADDED = "ADDED"
    JOINED = "JOINED"
    """By a link or an invitation."""
    REMOVED = "REMOVED"
    LEFT = "LEFT"
    PROMOTED = "PROMOTED"
    DEMOTED = "DEMOTED"
    SUBJECT = "SUBJECT"
    DESCRIPTION = "DESCRIPTION"
    PICTURE = "PICTURE"
    ANNOUNCE = "ANNOUNCE"
    RESTRICT = "RESTRICT"
    EPHEMERAL = "EPHEMERAL"
    MEMBER_ADD_MODE = "MEMBER_ADD_MODE"
    JOIN_APPROVAL = "JOIN_APPROVAL"
    INVITE_REVOKED = "INVITE_REVOKED"
    REQUESTED = "REQUESTED"
    """Somebody asks to be let in; admins alone read it."""
    OTHER = "OTHER"
    """Something that the gateway doesn't know; ``name`` is the page's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupNotice:
    """A notice. Who did it is the message's sender.

    Attributes:
        name: the page's own name of what happened.
        people: to whom.
        includes_me: the account is among them.
        text: the new subject or description, ``on`` or ``off``, seconds.
    """

    kind: NoticeKind
    name: str
    people: tuple[Jid, ...] = ()
    includes_me: bool = False
    text: str | None = None
