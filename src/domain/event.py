"""Events: one type each, in one envelope. What consumers read from the log, in order."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from domain.ids import EventId, MessageId, SessionId, WebhookId, WhatsAppMessageId
from domain.jid import Jid
from domain.message import Message, MessageStatus
from domain.session import Me, SessionStatus, StatusReason
from domain.webhook import DisabledReason


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStatusChanged:
    """Emitted when a session's observed status or its reason changes."""

    TYPE: ClassVar[str] = "session.status"
    status: SessionStatus
    reason: StatusReason
    detail: str | None
    me: Me | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QrIssued:
    """Emitted when the page shows a new QR. The QR itself is a credential: ask the session for it."""

    TYPE: ClassVar[str] = "session.qr"
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingCodeIssued:
    """Emitted when a pairing code was made. The code itself was the answer to who asked."""

    TYPE: ClassVar[str] = "session.pairing_code"
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageQueued:
    """Emitted when the gateway has accepted a message to send: it is durable from here on."""

    TYPE: ClassVar[str] = "message.queued"
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent:
    """Emitted once per message of the account: WhatsApp's server has it, from the gateway or from another device."""

    TYPE: ClassVar[str] = "message.sent"
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived:
    """Emitted once per message that the account got."""

    TYPE: ClassVar[str] = "message.received"
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFailed:
    """Emitted when a message will not be sent; ``message.failure`` says why."""

    TYPE: ClassVar[str] = "message.failed"
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageCanceled:
    """Emitted when a message was taken back before it left."""

    TYPE: ClassVar[str] = "message.canceled"
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageExpired:
    """Emitted when a message's deadline passed before it was known to have left."""

    TYPE: ClassVar[str] = "message.expired"
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAcked:
    """Emitted when a receipt moves a message forward: ``DELIVERED``, ``READ`` or ``PLAYED``."""

    TYPE: ClassVar[str] = "message.ack"
    message_id: MessageId
    whatsapp_id: WhatsAppMessageId
    chat: Jid
    status: MessageStatus
    at: datetime
    participant: Jid | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDisabled:
    """Emitted when a webhook endpoint gets no more events until it is enabled again. Belongs to no session.

    Attributes:
        failing_since: since when nothing but failures came from it, where that is so.
    """

    TYPE: ClassVar[str] = "webhook.disabled"
    endpoint_id: WebhookId
    reason: DisabledReason
    failing_since: datetime | None


Payload = (
    SessionStatusChanged
    | QrIssued
    | PairingCodeIssued
    | MessageQueued
    | MessageSent
    | MessageReceived
    | MessageFailed
    | MessageCanceled
    | MessageExpired
    | MessageAcked
    | WebhookDisabled
)

PAYLOAD_TYPES: Final[dict[str, type[Payload]]] = {
    payload.TYPE: payload
    for payload in (
        SessionStatusChanged,
        QrIssued,
        PairingCodeIssued,
        MessageQueued,
        MessageSent,
        MessageReceived,
        MessageFailed,
        MessageCanceled,
        MessageExpired,
        MessageAcked,
        WebhookDisabled,
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event on its way into the log. ``session_id`` None: it belongs to no session."""

    id: EventId
    session_id: SessionId | None
    time: datetime
    payload: Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event in the log.

    Attributes:
        session_id: None when it belongs to no session.
        sequence: its place in the log, rising in the order of commits; also the cursor of whoever has read it.
    """

    id: EventId
    session_id: SessionId | None
    time: datetime
    sequence: int
    payload: Payload

    @property
    def type(self) -> str:
        """The public name of the event's type."""
        return self.payload.TYPE
