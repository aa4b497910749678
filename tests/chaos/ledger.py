"""What was done to the gateway and what came of it, as clients, phones and receivers saw it."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

type Json = dict[str, Any]

_MESSAGE_EVENTS: Final = frozenset({"message.received", "message.sent"})


class Kind(StrEnum):
    """What a message holds; what the API has no name of its own for has its `type` besides."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACTS = "contacts"
    POLL = "poll"
    EVENT = "event"
    LIST = "list"
    BUTTONS = "button"
    GROUP_INVITE = "group_invite"
    VOICE = "voice"
    GIF = "gif"
    ONCE = "view_once"

    @property
    def type(self) -> str:
        """The API's name of it."""
        return _TYPES.get(self, self.value)


_TYPES: Final = {
    Kind.LIST: "interactive",
    Kind.BUTTONS: "interactive",
    Kind.VOICE: "audio",
    Kind.GIF: "video",
    Kind.ONCE: "image",
}

FILES: Final = frozenset(
    {Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.DOCUMENT, Kind.STICKER, Kind.VOICE, Kind.GIF, Kind.ONCE}
)


@dataclass(slots=True, kw_only=True)
class Asked:
    """Something that a client asked for, with one key until it had an answer.

    Attributes:
        answered: when an answer came that settles it.
        message_id: what the gateway calls that which it accepted.
        refused: the reason for which it was refused for good.
    """

    tries: int = 0
    answered: float | None = None
    message_id: str | None = None
    refused: str | None = None

    @property
    def is_accepted(self) -> bool:
        return self.message_id is not None and self.refused is None


@dataclass(slots=True)
class Send(Asked):
    """A message that a client asked for.

    Attributes:
        client: who sends; a client has one chat and sends one message after the other.
        recipient: the other one's number, or the group's address.
        began: when it was first asked for, in seconds since 1970.
        message_id: the gateway's id.
        digest: the SHA-256 of the file that it holds; None also for a voice note, which the gateway makes of the file
            (`Stored.digest`).
        forwards: the gateway's id of the message that it passes on.
    """

    client: str
    sender: str
    recipient: str
    session: str
    body: str
    began: float
    kind: Kind = Kind.TEXT
    digest: str | None = None
    forwards: str | None = None

    @property
    def by(self) -> str:
        return self.sender

    @property
    def to(self) -> str:
        """The recipient as the gateway is told of it."""
        return self.recipient if "@" in self.recipient else f"+{self.recipient}"

    @property
    def label(self) -> str:
        return self.body


@dataclass(frozen=True, slots=True)
class Came:
    """A poll or a voice note that somebody sent to a session, as its client found it.

    Attributes:
        body: its label; of a voice note its id.
        by: the number of the session's account, which votes or listens.
        recipient: the other one's number, or the group's address: on whose phones the vote has to show.
        message_id: the gateway's id.
        short: its id with WhatsApp, without chat and direction.
    """

    body: str
    by: str
    recipient: str
    message_id: str
    short: str


class Doing(StrEnum):
    """What is done to a message."""

    EDIT = "edit"
    REVOKE = "revoke"
    REACTION = "reaction"
    UNREACT = "unreact"
    VOTE = "poll_vote"
    PIN = "pin"
    UNPIN = "unpin"
    STAR = "star"
    UNSTAR = "unstar"
    DELETE = "delete"
    PLAYED = "played"


COMMANDS: Final = frozenset({Doing.STAR, Doing.UNSTAR, Doing.DELETE, Doing.PLAYED})
"""What the session's page does at once, without a message: its answer is its end."""

UNDOES: Final = {Doing.REACTION: Doing.UNREACT, Doing.PIN: Doing.UNPIN, Doing.STAR: Doing.UNSTAR}
"""What takes something back: to be asked for only after that. The other doings are for good."""

OPERATIONS: Final = frozenset({Doing.EDIT, Doing.REVOKE, Doing.REACTION, Doing.VOTE, Doing.PIN})
"""What the API has as messages, by its names. What takes such a one back is one of the same kind."""

EDITED: Final = " (edited)"
"""What an edit puts behind a body, so that the message is known again."""

FORWARDED: Final = " (forwarded)"
"""What the mark of a forward stands for in a label: the copy is told from what it was made from, and is there once."""


@dataclass(slots=True)
class Operation(Asked):
    """What a client asked to be done to a message.

    Attributes:
        send: the message: one of its own, or one that came.
        value: the new text, the emoji, or the option; empty where there is none.
        message_id: the gateway's id of the operation; of a command that of its message.
    """

    kind: Doing
    send: Send | Came
    value: str

    @property
    def label(self) -> str:
        return f"{self.kind} of {self.send.body}"


CHANGED: Final = frozenset({"subject", "description"})
"""What of a group is changed."""


@dataclass(slots=True)
class GroupChange(Asked):
    """What a client gave a group. Nobody else gives it that.

    Attributes:
        by: the number of the session's account.
        group: the group's address.
        what: of `CHANGED`.
        message_id: the group's address.
    """

    session: str
    by: str
    group: str
    what: str
    value: str

    @property
    def label(self) -> str:
        return f"{self.what} {self.value!r}"

    @property
    def said(self) -> tuple[str, str, str]:
        """What a notice of it says."""
        return self.group, self.what, self.value


@dataclass(frozen=True, slots=True)
class Notice:
    """What WhatsApp writes into a group when its subject or description has been changed, as a phone holds it."""

    group: str
    what: str
    value: str

    @property
    def said(self) -> tuple[str, str, str]:
        """What it says, as that of a change."""
        return self.group, self.what, self.value


@dataclass(slots=True)
class Stored:
    """A message as the gateway stands by it at the end.

    Attributes:
        short: its id with WhatsApp, without chat and direction.
        digest: the SHA-256 of its file, as the gateway has it; None where it holds none.
    """

    status: str
    failure: str | None
    short: str = ""
    digest: str | None = None


@dataclass(slots=True)
class Held:
    """A message as a phone holds it, or as WhatsApp says that a phone has sent it.

    Attributes:
        recipient: a number, or a group's address.
        body: empty for one that was deleted for everyone.
        by_phone: whether a phone sent it, not one of the account's other devices.
        edits: the texts that it was given, in order.
        reactions: who has which reaction on it.
        votes: who has chosen what in it.
        played: who has listened to it, as its writer's phone was told.
        revoked: whether it was deleted for everyone.
        pinned: whether it is pinned.
        starred: whether the phone's owner has marked it with a star.
        deleted: whether the phone's owner has deleted it there, so that the phone has it no more (`Ledger.had`).
        edited_at, voted_at, revoked_at: when WhatsApp took each edit, each one's vote and the deletion, in whole
            seconds since 1970.
        digest: the SHA-256 of its file, as the phone has downloaded it; None where it holds none.
    """

    id: str
    sender: str
    recipient: str
    body: str
    by_phone: bool
    edits: list[str] = field(default_factory=list)
    reactions: dict[str, str] = field(default_factory=dict)
    revoked: bool = False
    pinned: bool = False
    starred: bool = False
    deleted: bool = False
    digest: str | None = None
    votes: dict[str, str] = field(default_factory=dict)
    played: set[str] = field(default_factory=set)
    edited_at: list[int] = field(default_factory=list)
    voted_at: dict[str, int] = field(default_factory=dict)
    revoked_at: int | None = None


@dataclass(slots=True)
class Posted:
    """What a webhook receiver got with one id."""

    session: str | None
    sequence: int
    bodies: set[bytes] = field(default_factory=set)
    times: int = 0
    taken: int = 0


@dataclass(slots=True)
class Struck:
    """A fault that was injected, and when it was over, in seconds since 1970."""

    kind: str
    target: str
    at: float
    until: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Restored:
    """A session's profile was restored, at this time, from a snapshot taken then."""

    session: str
    taken_at: datetime
    at: datetime


@dataclass(slots=True)
class Ledger:
    """Everything that a verdict is made from."""

    sessions: dict[str, str] = field(default_factory=dict)
    """The phone number of each session's account."""

    groups: dict[str, Sequence[str]] = field(default_factory=dict)
    """The numbers of a group's members, by its address."""

    lids: dict[str, str] = field(default_factory=dict)
    """Phone numbers by the LIDs by which a group's messages name people."""

    sends: list[Send] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    group_changes: list[GroupChange] = field(default_factory=list)
    stored: dict[str, Stored] = field(default_factory=dict)
    phones: dict[str, list[Held]] = field(default_factory=dict)
    """What each phone holds, in its order."""

    notices: dict[str, list[Notice]] = field(default_factory=dict)
    """What each phone holds of changes of its groups."""

    events: list[Json] = field(default_factory=list)
    """The whole log, read at the end."""

    followed: list[Json] = field(default_factory=list)
    """The log as a reader with a cursor got it during the run."""

    posted: dict[str, Posted] = field(default_factory=dict)
    webhook_from: int = 0
    """The log's end when the endpoint was made: what came before isn't its business."""

    bad_signatures: int = 0
    webhook_order: defaultdict[str | None, list[int]] = field(default_factory=lambda: defaultdict(list))
    faults: list[Struck] = field(default_factory=list)
    restores: list[Restored] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    """How often each kind of answer came, those of tries that were repeated too."""

    exits: list[str] = field(default_factory=list)
    """Ends of gateways that nobody asked for."""

    unfinished: list[str] = field(default_factory=list)
    """What hadn't come right when the wait for it was over."""

    left_running: list[str] = field(default_factory=list)
    """Processes of ours that were there after everything had been stopped."""

    def holders(self, recipient: str) -> Sequence[str]:
        """Whose phones have to hold what is sent to a number, or to a group: all its members'."""
        return self.groups.get(recipient, (recipient,))

    def had(self, phone: str) -> list[Held]:
        """What a phone holds, and behind that what its owner's client has deleted there, as others' phones tell."""
        held = self.phones.get(phone, [])
        deletions = [each for each in self.operations if each.kind is Doing.DELETE and each.is_accepted]
        gone = {self.target(each) for each in deletions if each.send.by == phone} - {each.id for each in held}
        others = {each.id: each for there in self.phones.values() for each in there if each.id in gone}
        # What was done to it since then is nothing to this phone.
        return held + [Held(a.id, a.sender, a.recipient, a.body, a.by_phone, deleted=True) for a in others.values()]

    def target(self, operation: Operation) -> str:
        """The message that it is done to, by its id with WhatsApp; empty where the gateway doesn't know it."""
        if isinstance(operation.send, Came):
            return operation.send.short
        stored = self.stored.get(operation.send.message_id or "")
        return "" if stored is None else stored.short

    def message_events(self, session: str) -> list[tuple[str, Json]]:
        """The events of a session's messages, operations left out, each with its message's id as `Held` has it."""
        told = [e for e in self.events if e["session_id"] == session and e["type"] in _MESSAGE_EVENTS]
        messages = [(event["payload"]["message"], event) for event in told]
        return [(str(m["whatsapp_id"]).split("_")[2], event) for m, event in messages if m["type"] not in OPERATIONS]
