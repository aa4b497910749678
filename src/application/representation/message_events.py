"""Payloads of events of messages."""

from collections.abc import Mapping
from typing import Any, Final

from application.representation.messages import message_from_dict, message_to_dict
from application.representation.payload_form import PayloadForm
from application.representation.values import Json, optional_jid, read_jid, read_time, time_to_text
from domain.event import (
    MessageAcked,
    MessageCanceled,
    MessageExpired,
    MessageFailed,
    MessageQueued,
    MessageReceived,
    MessageSent,
)
from domain.ids import MessageId, WhatsAppMessageId
from domain.jid import Jid
from domain.message import MessageStatus


def _of_a_message[T: (MessageQueued, MessageSent, MessageReceived, MessageFailed, MessageCanceled, MessageExpired)](
    kind: type[T],
) -> PayloadForm[T]:
    return PayloadForm(
        kind=kind,
        write=lambda payload: {"message": message_to_dict(payload.message)},
        read=lambda data: kind(message=message_from_dict(data["message"])),
    )


def _write_ack(payload: MessageAcked) -> Json:
    return {
        "message_id": payload.message_id,
        "whatsapp_id": payload.whatsapp_id,
        "chat_id": str(payload.chat),
        "status": payload.status.value,
        "at": time_to_text(payload.at),
        "participant": optional_jid(payload.participant),
    }


def _read_ack(data: Mapping[str, Any]) -> MessageAcked:
    return MessageAcked(
        message_id=MessageId(data["message_id"]),
        whatsapp_id=WhatsAppMessageId(data["whatsapp_id"]),
        chat=Jid.parse(data["chat_id"]),
        status=MessageStatus(data["status"]),
        at=read_time(data["at"]),
        participant=read_jid(data.get("participant")),
    )


FORMS: Final[tuple[PayloadForm[Any], ...]] = (
    _of_a_message(MessageQueued),
    _of_a_message(MessageSent),
    _of_a_message(MessageReceived),
    _of_a_message(MessageFailed),
    _of_a_message(MessageCanceled),
    _of_a_message(MessageExpired),
    PayloadForm(kind=MessageAcked, write=_write_ack, read=_read_ack),
)
