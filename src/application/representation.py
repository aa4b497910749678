"""The public JSON shapes of domain values, as plain dictionaries.

One place gives them, for REST answers, stored events and the command line alike. Fields may be added, never
renamed: stored events are read back by the same functions.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, assert_never

from domain.bridge import Bridge
from domain.content import Content, Text, Unsupported
from domain.event import (
    Event,
    MessageAcked,
    MessageCanceled,
    MessageExpired,
    MessageFailed,
    MessageQueued,
    MessageReceived,
    MessageSent,
    PairingCodeIssued,
    Payload,
    QrIssued,
    SessionStatusChanged,
    WebhookDisabled,
)
from domain.ids import MessageId, SessionId, WebhookId, WhatsAppMessageId
from domain.jid import Jid
from domain.message import Direction, Failure, Message, MessageStatus
from domain.session import Capability, Me, Session, SessionStatus, StatusChange, StatusReason, Wanted
from domain.webhook import DisabledReason

type Json = dict[str, Any]


def time_to_text(time: datetime) -> str:
    """RFC 3339 in UTC, microseconds where there are any."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _optional_time(time: datetime | None) -> str | None:
    return None if time is None else time_to_text(time)


def _read_time(text: str | None) -> datetime | None:
    return None if text is None else _time(text)


def _optional_jid(jid: Jid | None) -> str | None:
    return None if jid is None else str(jid)


def _read_jid(text: str | None) -> Jid | None:
    return None if text is None else Jid.parse(text)


def content_to_dict(content: Content) -> Json:
    """``{"type", <type>: {…}}``, the objects named like Meta's Cloud API where it has one."""
    match content:
        case Text(body=body, mentions=mentions):
            return {"type": "text", "text": {"body": body, "mentions": [str(jid) for jid in mentions]}}
        case Unsupported(kind=kind, raw=raw):
            return {"type": "unsupported", "unsupported": {"kind": kind, "raw": dict(raw)}}
        case _:
            assert_never(content)


def content_from_dict(data: Mapping[str, Any]) -> Content:
    """Reads what ``content_to_dict`` wrote."""
    if data["type"] == "text":
        text = data["text"]
        return Text(body=text["body"], mentions=tuple(Jid.parse(jid) for jid in text.get("mentions", ())))
    unsupported = data["unsupported"]
    return Unsupported(kind=unsupported["kind"], raw=unsupported["raw"])


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
        "alternate_id": _optional_jid(message.alternate),
        "push_name": message.push_name,
        **content_to_dict(message.content),
        "context": None if message.reply_to is None else {"message_id": message.reply_to},
        "status": message.status.value,
        "error": None if failure is None else {"reason": failure.reason, "message": failure.message},
        "from_api": message.from_api,
        "backfilled": message.backfilled,
        "created_at": time_to_text(message.created_at),
        "not_before": _optional_time(message.not_before),
        "expires_at": _optional_time(message.expires_at),
        "sent_at": _optional_time(message.sent_at),
        "delivered_at": _optional_time(message.delivered_at),
        "read_at": _optional_time(message.read_at),
        "played_at": _optional_time(message.played_at),
    }


def message_from_dict(data: Mapping[str, Any]) -> Message:
    """Reads what ``message_to_dict`` wrote."""
    context, error = data.get("context"), data.get("error")
    return Message(
        id=MessageId(data["id"]),
        session_id=SessionId(data["session_id"]),
        whatsapp_id=WhatsAppMessageId(data["whatsapp_id"]),
        direction=Direction(data["direction"]),
        chat=Jid.parse(data["chat_id"]),
        sender=Jid.parse(data["from"]),
        recipient=Jid.parse(data["to"]),
        content=content_from_dict(data),
        status=MessageStatus(data["status"]),
        created_at=_time(data["created_at"]),
        alternate=_read_jid(data.get("alternate_id")),
        push_name=data.get("push_name"),
        reply_to=None if context is None else WhatsAppMessageId(context["message_id"]),
        from_api=data.get("from_api", False),
        backfilled=data.get("backfilled", False),
        failure=None if error is None else Failure(reason=error["reason"], message=error["message"]),
        not_before=_read_time(data.get("not_before")),
        expires_at=_read_time(data.get("expires_at")),
        sent_at=_read_time(data.get("sent_at")),
        delivered_at=_read_time(data.get("delivered_at")),
        read_at=_read_time(data.get("read_at")),
        played_at=_read_time(data.get("played_at")),
    )


def me_to_dict(me: Me | None) -> Json | None:
    """The linked account, or None."""
    if me is None:
        return None
    return {"jid": str(me.jid), "phone": me.phone, "lid": _optional_jid(me.lid), "name": me.name}


def _me_from_dict(data: Mapping[str, Any] | None) -> Me | None:
    if data is None:
        return None
    return Me(jid=Jid.parse(data["jid"]), lid=_read_jid(data.get("lid")), name=data.get("name"))


def session_to_dict(session: Session) -> Json:
    """A session as the API shows it."""
    return {
        "id": session.id,
        "name": session.name,
        "status": session.status.value,
        "status_reason": session.status_reason.value,
        "status_detail": session.status_detail,
        "status_at": time_to_text(session.status_at),
        "wanted": session.wanted.value,
        "me": me_to_dict(session.me),
        "metadata": dict(session.metadata),
        "created_at": time_to_text(session.created_at),
        "updated_at": time_to_text(session.updated_at),
    }


def session_from_dict(data: Mapping[str, Any]) -> Session:
    """Reads what ``session_to_dict`` wrote."""
    return Session(
        id=SessionId(data["id"]),
        name=data["name"],
        wanted=Wanted(data["wanted"]),
        status=SessionStatus(data["status"]),
        status_reason=StatusReason(data["status_reason"]),
        status_detail=data["status_detail"],
        status_at=_time(data["status_at"]),
        created_at=_time(data["created_at"]),
        updated_at=_time(data["updated_at"]),
        me=_me_from_dict(data["me"]),
        metadata=data["metadata"],
    )


def status_change_to_dict(change: StatusChange) -> Json:
    """An entry of a session's history."""
    return {
        "status": change.status.value,
        "reason": change.reason.value,
        "detail": change.detail,
        "at": time_to_text(change.at),
    }


def capability_to_dict(capability: Capability) -> Json:
    """One ability of a session."""
    return {"name": capability.name, "available": capability.available, "detail": capability.detail}


def bridge_to_dict(bridge: Bridge | None) -> Json | None:
    """The build of the bridge that runs in a session's page."""
    if bridge is None:
        return None
    replaced = bridge.rolled_back_from
    return {
        "version": bridge.version,
        "sha256": bridge.sha256,
        "source": bridge.source.value,
        "rolled_back_from": None
        if replaced is None
        else {"version": replaced.version, "sha256": replaced.sha256, "detail": replaced.detail},
    }


def payload_to_dict(payload: Payload) -> Json:
    """An event's payload as the API shows it and the log stores it."""
    match payload:
        case SessionStatusChanged():
            return {
                "status": payload.status.value,
                "status_reason": payload.reason.value,
                "status_detail": payload.detail,
                "me": me_to_dict(payload.me),
            }
        case QrIssued() | PairingCodeIssued():
            return {"expires_at": time_to_text(payload.expires_at)}
        case (
            MessageQueued() | MessageSent() | MessageReceived() | MessageFailed() | MessageCanceled() | MessageExpired()
        ):
            return {"message": message_to_dict(payload.message)}
        case MessageAcked():
            return {
                "message_id": payload.message_id,
                "whatsapp_id": payload.whatsapp_id,
                "chat_id": str(payload.chat),
                "status": payload.status.value,
                "at": time_to_text(payload.at),
                "participant": _optional_jid(payload.participant),
            }
        case WebhookDisabled():
            return {
                "webhook_id": payload.endpoint_id,
                "reason": payload.reason.value,
                "failing_since": _optional_time(payload.failing_since),
            }
        case _:
            assert_never(payload)


_OF_A_MESSAGE: Final = {
    payload.TYPE: payload
    for payload in (MessageQueued, MessageSent, MessageReceived, MessageFailed, MessageCanceled, MessageExpired)
}


def payload_from_dict(event_type: str, data: Mapping[str, Any]) -> Payload:
    """Reads what ``payload_to_dict`` wrote.

    Raises:
        ValueError: the type is none that this version knows.
    """
    match event_type:
        case SessionStatusChanged.TYPE:
            return SessionStatusChanged(
                status=SessionStatus(data["status"]),
                reason=StatusReason(data["status_reason"]),
                detail=data["status_detail"],
                me=_me_from_dict(data["me"]),
            )
        case QrIssued.TYPE:
            return QrIssued(expires_at=_time(data["expires_at"]))
        case PairingCodeIssued.TYPE:
            return PairingCodeIssued(expires_at=_time(data["expires_at"]))
        case _ if event_type in _OF_A_MESSAGE:
            return _OF_A_MESSAGE[event_type](message=message_from_dict(data["message"]))
        case MessageAcked.TYPE:
            return MessageAcked(
                message_id=MessageId(data["message_id"]),
                whatsapp_id=WhatsAppMessageId(data["whatsapp_id"]),
                chat=Jid.parse(data["chat_id"]),
                status=MessageStatus(data["status"]),
                at=_time(data["at"]),
                participant=_read_jid(data.get("participant")),
            )
        case WebhookDisabled.TYPE:
            return WebhookDisabled(
                endpoint_id=WebhookId(data["webhook_id"]),
                reason=DisabledReason(data["reason"]),
                failing_since=_read_time(data.get("failing_since")),
            )
        case _:
            raise ValueError(f"unknown event type {event_type!r}")


def event_to_dict(event: Event) -> Json:
    """An event in its envelope."""
    return {
        "id": event.id,
        "type": event.type,
        "time": time_to_text(event.time),
        "session_id": event.session_id,
        "sequence": event.sequence,
        "payload": payload_to_dict(event.payload),
    }
