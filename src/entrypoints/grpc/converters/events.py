"""Events."""

from typing import assert_never

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
    QrIssued,
    SessionStatusChanged,
    WebhookDisabled,
)
from entrypoints.grpc.converters.messages import STATUSES as MESSAGE_STATUSES
from entrypoints.grpc.converters.messages import message_to_proto
from entrypoints.grpc.converters.sessions import REASONS, STATUSES, me_to_proto
from entrypoints.grpc.converters.times import optional_time_to_proto, time_to_proto
from entrypoints.grpc.converters.webhooks import DISABLED
from entrypoints.grpc.gen.pombo.v1 import event_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.message_pb2 import Message


def event_to_proto(event: Event) -> pb.Event:
    """An event in its envelope."""
    converted = pb.Event(
        id=event.id,
        type=event.type,
        event_time=time_to_proto(event.time),
        session_id=event.session_id or "",
        sequence=event.sequence,
    )
    payload = event.payload
    match payload:
        case SessionStatusChanged():
            converted.session_status_changed.CopyFrom(_status_changed(payload))
        case QrIssued():
            converted.qr_issued.expire_time.CopyFrom(time_to_proto(payload.expires_at))
        case PairingCodeIssued():
            converted.pairing_code_issued.expire_time.CopyFrom(time_to_proto(payload.expires_at))
        case (
            MessageQueued() | MessageSent() | MessageReceived() | MessageFailed() | MessageCanceled() | MessageExpired()
        ):
            _of_a_message(converted, payload).CopyFrom(message_to_proto(payload.message))
        case MessageAcked():
            converted.message_acked.CopyFrom(_acked(payload))
        case WebhookDisabled():
            converted.webhook_disabled.CopyFrom(_disabled(payload))
        case _:
            assert_never(payload)
    return converted


def _of_a_message(
    converted: pb.Event,
    payload: MessageQueued | MessageSent | MessageReceived | MessageFailed | MessageCanceled | MessageExpired,
) -> Message:
    """The place of the payload's message."""
    match payload:
        case MessageQueued():
            return converted.message_queued.message
        case MessageSent():
            return converted.message_sent.message
        case MessageReceived():
            return converted.message_received.message
        case MessageFailed():
            return converted.message_failed.message
        case MessageCanceled():
            return converted.message_canceled.message
        case MessageExpired():
            return converted.message_expired.message
        case _:
            assert_never(payload)


def _status_changed(payload: SessionStatusChanged) -> pb.SessionStatusChanged:
    return pb.SessionStatusChanged(
        status=STATUSES[payload.status],
        reason=REASONS[payload.reason],
        detail=payload.detail,
        me=me_to_proto(payload.me),
    )


def _acked(payload: MessageAcked) -> pb.MessageAcked:
    return pb.MessageAcked(
        message_id=payload.message_id,
        whatsapp_id=payload.whatsapp_id,
        chat_id=str(payload.chat),
        status=MESSAGE_STATUSES[payload.status],
        ack_time=time_to_proto(payload.at),
        participant=None if payload.participant is None else str(payload.participant),
    )


def _disabled(payload: WebhookDisabled) -> pb.WebhookDisabled:
    return pb.WebhookDisabled(
        webhook_id=payload.endpoint_id,
        reason=DISABLED[payload.reason],
        failing_since_time=optional_time_to_proto(payload.failing_since),
    )
