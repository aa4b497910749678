"""What was done to the gateway and what came of it, as clients, phones and receivers saw it."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

type Json = dict[str, Any]


class Kind(StrEnum):
    """What a message holds, by the API's name of it."""

    TEXT = "text"
    IMAGE = "image"
    DOCUMENT = "document"
    LOCATION = "location"
    CONTACTS = "contacts"
    POLL = "poll"


FILES: Final = frozenset({Kind.IMAGE, Kind.DOCUMENT})


@dataclass(slots=True)
class Send:
    """A message that a client asked for, with one key until it had an answer.

    Attributes:
        client: who sends; a client has one chat and sends one message after the other.
        began: when it was first asked for, in seconds since 1970.
        answered: when an answer came that settles it.
        message_id: the gateway's id, where it was accepted.
        refused: the reason for which it was refused for good.
        digest: the SHA-256 of the file that it holds.
    """

    client: str
    sender: str
    recipient: str
    session: str
    body: str
    began: float
    kind: Kind = Kind.TEXT
    digest: str | None = None
    tries: int = 0
    answered: float | None = None
    message_id: str | None = None
    refused: str | None = None

    @property
    def is_accepted(self) -> bool:
        return self.message_id is not None and self.refused is None

    @property
    def label(self) -> str:
        return self.body


class Doing(StrEnum):
    """What is done to a message."""

    EDIT = "edit"
    REVOKE = "revoke"
    REACTION = "reaction"


EDITED: Final = " (edited)"
"""What an edit puts behind a body, so that the message is known again."""


@dataclass(slots=True)
class Operation:
    """Something that a client asked to be done to a message of its own, with one key until it had an answer.

    Attributes:
        value: the new text, or the emoji; empty where there is none.
        message_id: the gateway's id of the operation, where it was accepted.
        refused: the reason for which it was refused for good.
    """

    kind: Doing
    send: Send
    value: str
    tries: int = 0
    answered: float | None = None
    message_id: str | None = None
    refused: str | None = None

    @property
    def is_accepted(self) -> bool:
        return self.message_id is not None and self.refused is None

    @property
    def label(self) -> str:
        return f"{self.kind} of {self.send.body}"


@dataclass(slots=True)
class Stored:
    """A message as the gateway stands by it at the end; `short` is its id with WhatsApp, without chat and direction."""

    status: str
    failure: str | None
    short: str = ""


@dataclass(slots=True)
class Held:
    """A message as a phone holds it, or as WhatsApp says that a phone has sent it.

    Attributes:
        body: empty for one that was deleted for everyone.
        by_phone: whether a phone sent it, not one of the account's other devices.
        edits: the texts that it was given, in order.
        reactions: who has which reaction on it.
        revoked: whether it was deleted for everyone.
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
    digest: str | None = None


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


@dataclass(slots=True)
class Ledger:
    """Everything that a verdict is made from."""

    sessions: dict[str, str] = field(default_factory=dict)
    """The phone number of each session's account."""

    sends: list[Send] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    stored: dict[str, Stored] = field(default_factory=dict)
    phones: dict[str, list[Held]] = field(default_factory=dict)
    """What each phone holds, in its order."""

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
    answers: Counter[str] = field(default_factory=Counter)
    """How often each kind of answer came, those of tries that were repeated too."""

    exits: list[str] = field(default_factory=list)
    """Ends of gateways that nobody asked for."""

    unfinished: list[str] = field(default_factory=list)
    """What hadn't come right when the wait for it was over."""

    left_running: list[str] = field(default_factory=list)
    """Processes of ours that were there after everything had been stopped."""
