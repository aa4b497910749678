"""Payloads of events of files."""

from collections.abc import Mapping
from typing import Any, Final

from application.representation.media import media_from_dict, media_to_dict
from application.representation.payload_form import PayloadForm
from application.representation.values import Json
from domain.ids import MessageId, WhatsAppMessageId
from domain.jid import Jid
from domain.media_events import MessageMediaStored


def _write(payload: MessageMediaStored) -> Json:
    return {
        "message_id": payload.message_id,
        "whatsapp_id": payload.whatsapp_id,
        "chat_id": str(payload.chat),
        "media": media_to_dict(payload.media),
    }


def _read(data: Mapping[str, Any]) -> MessageMediaStored:
    return MessageMediaStored(
        message_id=MessageId(data["message_id"]),
        whatsapp_id=WhatsAppMessageId(data["whatsapp_id"]),
        chat=Jid.parse(data["chat_id"]),
        media=media_from_dict(data["media"]),
    )


FORMS: Final[tuple[PayloadForm[Any], ...]] = (PayloadForm(kind=MessageMediaStored, write=_write, read=_read),)
