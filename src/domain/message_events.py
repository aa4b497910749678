"""What happens to messages."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.ids import MessageId, WhatsAppMessageId
from domain.jid import Jid
from domain.message import Message, MessageStatus


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
    """Emitted when a receipt moves a message forward: ``DELIVERED``, ``READ`` or ``PLAYED``.

    Attributes:
        participant: in groups: it has come so far with this member; without one, with all of them.
    """

    TYPE: ClassVar[str] = "message.ack"
    message_id: MessageId
    whatsapp_id: WhatsAppMessageId
    chat: Jid
    status: MessageStatus
    at: datetime
    participant: Jid | None = None
