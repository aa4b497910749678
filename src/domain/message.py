"""Messages and the way their delivery advances."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.content import Content
from domain.ids import MessageId, SessionId, WhatsAppMessageId
from domain.jid import Jid
from domain.message_state import NOTHING_DONE, MessageState
from domain.operations import OPERATIONS


class Direction(StrEnum):
    """Whether the session's account wrote a message or got it."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class MessageStatus(StrEnum):
    """How far a message has come. An inbound message starts at ``DELIVERED``."""

    QUEUED = "QUEUED"
    """Accepted and durable in the gateway."""
    SENDING = "SENDING"
    """Handed to the page; not yet acknowledged by WhatsApp."""
    SENT = "SENT"
    """WhatsApp's server has it (ack 1)."""
    DELIVERED = "DELIVERED"
    """A device of the recipient has it (ack 2)."""
    READ = "READ"
    """Read (ack 3)."""
    PLAYED = "PLAYED"
    """Voice or view-once media played (ack 4)."""
    FAILED = "FAILED"
    """It will not be sent; ``error`` says why."""
    CANCELED = "CANCELED"
    """Taken back before it was handed to the page: it has not left and never will."""
    EXPIRED = "EXPIRED"
    """Its deadline passed before it was known to have left."""


_RANK: Final = {
    MessageStatus.QUEUED: 0,
    MessageStatus.SENDING: 1,
    MessageStatus.SENT: 2,
    MessageStatus.DELIVERED: 3,
    MessageStatus.READ: 4,
    MessageStatus.PLAYED: 5,
}
RECEIPTS: Final = frozenset({MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.PLAYED})
TERMINAL: Final = frozenset({MessageStatus.FAILED, MessageStatus.CANCELED, MessageStatus.EXPIRED})


def advances(current: MessageStatus, to: MessageStatus) -> bool:
    """Whether a receipt moves a message on: forward only, and never out of a terminal status.

    One exception tells the truth: a receipt from WhatsApp proves that a message which the gateway held for
    ``FAILED`` or ``EXPIRED`` did leave.
    """
    if current is MessageStatus.CANCELED:
        return False
    if current in {MessageStatus.FAILED, MessageStatus.EXPIRED}:
        return to in RECEIPTS
    if to is MessageStatus.CANCELED:
        return current is MessageStatus.QUEUED
    if to in TERMINAL:
        return current in {MessageStatus.QUEUED, MessageStatus.SENDING}
    return _RANK[to] > _RANK[current]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a message failed: a public UPPER_SNAKE reason and a sentence."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as the gateway keeps it.

    Attributes:
        chat: the conversation; for one-to-one chats the other person.
        sender: who wrote it.
        recipient: whom it is addressed to: a user, or the group.
        alternate: the other address form (phone or LID) of the other person, where known.
        reply_to: the WhatsApp id of the message that this one answers.
        from_api: whether it was sent through the gateway (else on another device of the account).
        backfilled: ingested after the fact, from what the page knew and the log didn't.
        created_at: for inbound messages WhatsApp's own time, to the second.
        not_before: it is handed to the page at this time at the earliest; until then it keeps nobody waiting.
        expires_at: its deadline: it isn't handed to the page at this time or later.
        expected_at: of one that waits in a paced session, as read: when it is expected to leave, as things stand.
        forwarded: it carries the forwarded mark.
        state: what was done to it since.
        trace: where the trace goes on in which it was accepted, as W3C's ``traceparent``; None where nobody traced.
    """

    id: MessageId
    session_id: SessionId
    whatsapp_id: WhatsAppMessageId
    direction: Direction
    chat: Jid
    sender: Jid
    recipient: Jid
    content: Content
    status: MessageStatus
    created_at: datetime
    alternate: Jid | None = None
    push_name: str | None = None
    reply_to: WhatsAppMessageId | None = None
    from_api: bool = False
    backfilled: bool = False
    failure: Failure | None = None
    not_before: datetime | None = None
    expires_at: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    played_at: datetime | None = None
    forwarded: bool = False
    state: MessageState = NOTHING_DONE
    trace: str | None = None
    expected_at: datetime | None = None

    @property
    def shown_content(self) -> Content:
        """What it holds now: with its last edit."""
        return self.state.content(self.content)

    @property
    def is_operation(self) -> bool:
        """Whether it does something to another message, and shows there."""
        return isinstance(self.content, OPERATIONS)

    def advance(self, to: MessageStatus, at: datetime, *, failure: Failure | None = None) -> "Message":
        """The message after a receipt; the same object when the receipt is older than what is known.

        A later receipt implies the earlier ones, whose times stay unknown (None) when they were never seen.
        """
        if not advances(self.status, to):
            return self
        at = self.no_earlier(at)
        return replace(
            self,
            status=to,
            failure=failure if to is MessageStatus.FAILED else None,
            sent_at=at if to is MessageStatus.SENT else self.sent_at,
            delivered_at=at if to is MessageStatus.DELIVERED else self.delivered_at,
            read_at=at if to is MessageStatus.READ else self.read_at,
            played_at=at if to is MessageStatus.PLAYED else self.played_at,
        )

    def no_earlier(self, at: datetime) -> datetime:
        """A time of what comes next, moved behind all that is known: clocks differ, and the order of steps doesn't."""
        known = (self.created_at, self.sent_at, self.delivered_at, self.read_at)
        return max(at, *(time for time in known if time is not None))
