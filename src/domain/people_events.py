"""What happens to chats and people, and calls."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.call import Call, CallOutcome
from domain.chat import Chat
from domain.contact import Contact
from domain.jid import Jid
from domain.presence import Presence


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatUpdated:
    """Emitted when a chat was archived, pinned, muted, read or marked as unread, or the opposite, on any device.

    Attributes:
        changed: what changed: ``archived``, ``pinned``, ``muted``, ``unread``, ``deleted``, or ``cleared`` (by a
            request to this gateway: the page says nothing where another device did it).
        chat: as it is now.
    """

    TYPE: ClassVar[str] = "chat.updated"
    chat: Chat
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceUpdated:
    """Emitted when somebody whose presence is subscribed to comes, goes, types, records or stops."""

    TYPE: ClassVar[str] = "presence.update"
    presence: Presence


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactUpdated:
    """Emitted when a person was saved, renamed, removed, blocked or unblocked, on any device."""

    TYPE: ClassVar[str] = "contact.updated"
    contact: Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactMerged:
    """Emitted once when addresses that were known apart turn out to be one person's, or one more is found to be.

    Attributes:
        contact_id: the address by which the person's messages are listed, by whichever they are asked for.
        phone: the address by phone number, the latest of several, where known; ``lid`` by LID.
        username: without the @.
        merged: what was known apart before.
    """

    TYPE: ClassVar[str] = "contact.merged"
    contact_id: Jid
    phone: Jid | None
    lid: Jid | None
    username: str | None
    merged: tuple[Jid, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReceived:
    """Emitted when a call rings."""

    TYPE: ClassVar[str] = "call.received"
    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """Emitted when a call rings no more: taken on another device, or missed."""

    TYPE: ClassVar[str] = "call.ended"
    call: Call
    outcome: CallOutcome
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRejected:
    """Emitted when a call was rejected by a request to this gateway."""

    TYPE: ClassVar[str] = "call.rejected"
    call: Call
    at: datetime
