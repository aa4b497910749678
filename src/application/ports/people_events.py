"""What a page tells of chats, people and calls of its own accord."""

from dataclasses import dataclass
from datetime import datetime

from domain.call import Call, CallOutcome
from domain.chat import Chat
from domain.contact import Contact
from domain.presence import Presence


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatChanged:
    """A chat is another than before. ``changed`` names what: see ``ChatUpdated``."""

    chat: Chat
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceChanged:
    """Somebody came, went, or is at something else."""

    presence: Presence


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactChanged:
    """A person is known otherwise than before."""

    contact: Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRings:
    """A call came in. It may be told twice."""

    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStopped:
    """A call rings no more."""

    call: Call
    outcome: CallOutcome
    at: datetime


PeopleEvent = ChatChanged | PresenceChanged | ContactChanged | CallRings | CallStopped
