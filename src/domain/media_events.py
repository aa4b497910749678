"""Events of files."""

from dataclasses import dataclass
from typing import ClassVar

from domain.ids import MessageId, WhatsAppMessageId
from domain.jid import Jid
from domain.media import Media


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageMediaStored:
    """Emitted when the file of a message that came has come into the media store."""

    TYPE: ClassVar[str] = "message.media"
    message_id: MessageId
    whatsapp_id: WhatsAppMessageId
    chat: Jid
    media: Media
