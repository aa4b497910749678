"""Payloads of events of messages."""

from typing import Any, Final

from google.protobuf.message import Message

from domain.message_events import (
    MessageAcked,
    MessageCanceled,
    MessageExpired,
    MessageFailed,
    MessageQueued,
    MessageReceived,
    MessageSent,
)
from entrypoints.grpc.converters.forms import PayloadConverter
from entrypoints.grpc.converters.messages import STATUSES, message_to_proto
from entrypoints.grpc.converters.times import time_to_proto
from entrypoints.grpc.gen.pombo.v1 import event_pb2 as pb


def _of_a_message[T: (MessageQueued, MessageSent, MessageReceived, MessageFailed, MessageCanceled, MessageExpired)](
    field: str, kind: type[T], proto: type[Message]
) -> PayloadConverter[T]:
    fields: type[Any] = proto
    return PayloadConverter(
        field=field, kind=kind, write=lambda payload: fields(message=message_to_proto(payload.message))
    )


def _acked(payload: MessageAcked) -> pb.MessageAcked:
    return pb.MessageAcked(
        message_id=payload.message_id,
        whatsapp_id=payload.whatsapp_id,
        chat_id=str(payload.chat),
        status=STATUSES[payload.status],
        ack_time=time_to_proto(payload.at),
        participant=None if payload.participant is None else str(payload.participant),
    )


CONVERTERS: Final[tuple[PayloadConverter[Any], ...]] = (
    _of_a_message("message_queued", MessageQueued, pb.MessageQueued),
    _of_a_message("message_sent", MessageSent, pb.MessageSent),
    _of_a_message("message_received", MessageReceived, pb.MessageReceived),
    _of_a_message("message_failed", MessageFailed, pb.MessageFailed),
    _of_a_message("message_canceled", MessageCanceled, pb.MessageCanceled),
    _of_a_message("message_expired", MessageExpired, pb.MessageExpired),
    PayloadConverter(field="message_acked", kind=MessageAcked, write=_acked),
)
