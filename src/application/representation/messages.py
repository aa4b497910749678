"""Messages."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from application.representation.content import content_from_dict, content_to_dict
from application.representation.message_state import read_shown_state, shown_state
from application.representation.values import (
    Json,
    optional_jid,
    optional_time,
    read_jid,
    read_optional_time,
    read_time,
    time_to_text,
)
from domain.ids import MessageId, SessionId, WhatsAppMessageId
from domain.jid import Jid
from domain.message import Direction, Failure, Message, MessageStatus
from domain.message_state import NOTHING_DONE


def message_to_dict(message: Message) -> Json:
    """A message as the API shows it."""
    failure = message.failure
    return {
        "id": message.id,
        "session_id": message.session_id,
        "chat_id": str(message.chat),
        "whatsapp_id": message.whatsapp_id,
        "direction": message.direction.value,
        "from": str(message.sender),
        "to": str(message.recipient),
        "alternate_id": optional_jid(message.alternate),
        "push_name": message.push_name,
        **content_to_dict(message.shown_content),
        "context": None if message.reply_to is None else {"message_id": message.reply_to},
        "status": message.status.value,
        "error": None if failure is None else {"reason": failure.reason, "message": failure.message},
        "from_api": message.from_api,
        "backfilled": message.backfilled,
        "created_at": time_to_text(message.created_at),
        "not_before": optional_time(message.not_before),
        "expires_at": optional_time(message.expires_at),
        "expected_at": optional_time(message.expected_at),
        "sent_at": optional_time(message.sent_at),
        "delivered_at": optional_time(message.delivered_at),
        "read_at": optional_time(message.read_at),
        "played_at": optional_time(message.played_at),
        "forwarded": message.forwarded,
        **shown_state(message),
    }


def message_from_dict(data: Mapping[str, Any]) -> Message:
    """Reads what ``message_to_dict`` wrote."""
    context, error = data.get("context"), data.get("error")
    message = Message(
        id=MessageId(data["id"]),
        session_id=SessionId(data["session_id"]),
        whatsapp_id=WhatsAppMessageId(data["whatsapp_id"]),
        direction=Direction(data["direction"]),
        chat=Jid.parse(data["chat_id"]),
        sender=Jid.parse(data["from"]),
        recipient=Jid.parse(data["to"]),
        content=content_from_dict(data),
        status=MessageStatus(data["status"]),
        created_at=read_time(data["created_at"]),
        alternate=read_jid(data.get("alternate_id")),
        push_name=data.get("push_name"),
        reply_to=None if context is None else WhatsAppMessageId(context["message_id"]),
        from_api=data.get("from_api", False),
        backfilled=data.get("backfilled", False),
        failure=None if error is None else Failure(reason=error["reason"], message=error["message"]),
        not_before=read_optional_time(data.get("not_before")),
        expires_at=read_optional_time(data.get("expires_at")),
        expected_at=read_optional_time(data.get("expected_at")),
        sent_at=read_optional_time(data.get("sent_at")),
        delivered_at=read_optional_time(data.get("delivered_at")),
        read_at=read_optional_time(data.get("read_at")),
        played_at=read_optional_time(data.get("played_at")),
        forwarded=data.get("forwarded", False),
    )
    state = read_shown_state(message, data)
    return message if state == NOTHING_DONE else replace(message, state=state)
