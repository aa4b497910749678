"""What people do to messages, as it is told: by a page, or by the outcome of an operation of our own.

A change says what is so from then on. Told twice, or late, it changes nothing: the newest of a kind counts, per person
where each has one of their own.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.event_content import EventInvitation
from domain.ids import WhatsAppMessageId
from domain.jid import Jid


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What all changes tell.

    Attributes:
        target: the message's id in the account's own view.
        by: who did it.
        from_me: it was the account itself, from whichever of its devices.
        at: by the clock of who did it, to the millisecond where the page tells it.
        alternate: the other address form of who did it, where known.
    """

    target: WhatsAppMessageId
    chat: Jid
    by: Jid
    from_me: bool
    at: datetime
    alternate: Jid | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacted(Change):
    """A person has reacted, in place of their last reaction. An empty emoji: they took it back."""

    emoji: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited(Change):
    """The message has another text, or caption; or an invitation is to another event.

    Attributes:
        body: of an invitation the event's name.
        event: of an invitation all that the event is now; None for other messages.
    """

    body: str
    mentions: tuple[Jid, ...] = ()
    event: EventInvitation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked(Change):
    """The message was taken back for everyone: by its writer, or by an admin of the group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voted(Change):
    """A person has chosen in the poll, in place of their last choice. No options: they took it back."""

    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned(Change):
    """The message was pinned for everyone until a time, or (None) unpinned."""

    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Starred(Change):
    """The account has marked the message with a star, or has taken that back. Nobody else sees it."""

    starred: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted(Change):
    """The account has deleted the message for itself. Nobody else sees it."""


AnyChange = Reacted | Edited | Revoked | Voted | Pinned | Starred | Deleted
