"""Payloads of events of files."""

from typing import Any, Final

from domain.media_events import MessageMediaStored
from entrypoints.grpc.converters.forms import PayloadConverter
from entrypoints.grpc.converters.media import media_to_proto
from entrypoints.grpc.gen.pombo.v1 import event_pb2 as pb


def _stored(payload: MessageMediaStored) -> pb.MessageMediaStored:
    return pb.MessageMediaStored(
        message_id=payload.message_id,
        whatsapp_id=payload.whatsapp_id,
        chat_id=str(payload.chat),
        media=media_to_proto(payload.media),
    )


CONVERTERS: Final[tuple[PayloadConverter[Any], ...]] = (
    PayloadConverter(field="message_media_stored", kind=MessageMediaStored, write=_stored),
)
