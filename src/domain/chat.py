"""Chats as an account's phone and devices share them."""

from dataclasses import dataclass
from datetime import datetime

from domain.jid import Jid


@dataclass(frozen=True, slots=True, kw_only=True)
class Muted:
    """A chat is muted. ``until`` None: for good."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A conversation with a person, or in a group.

    Attributes:
        jid: its address in the page.
        alternate: the other form of a person's address, where known.
        name: as the page shows it: from the address book, else what the person calls themselves, else the number.
        unread: messages that nobody has read.
        marked_unread: marked as unread by hand.
        pinned_at: when it was pinned, where it is.
        last_at: when something last happened in it.
        more_on_phone: whether the phone says that it holds older messages than the page; None where it doesn't say.
    """

    jid: Jid
    alternate: Jid | None = None
    name: str | None = None
    unread: int = 0
    marked_unread: bool = False
    archived: bool = False
    pinned_at: datetime | None = None
    muted: Muted | None = None
    last_at: datetime | None = None
    more_on_phone: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatChange:
    """What is to change about a chat; None leaves it as it is.

    Attributes:
        unread: True marks it as unread, False reads it: its senders see that.
        unmute: ends a mute; not together with ``mute``.
    """

    archived: bool | None = None
    pinned: bool | None = None
    unread: bool | None = None
    mute: Muted | None = None
    unmute: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return self == ChatChange()
