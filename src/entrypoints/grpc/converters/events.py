"""Events, and the table of their payloads."""

from typing import Any, Final

from domain.event import Event
from entrypoints.grpc.converters import (
    groups,
    media_events,
    message_changes,
    message_events,
    pacing,
    people,
    session_events,
    suppressions,
    webhook_events,
)
from entrypoints.grpc.converters.forms import PayloadConverter
from entrypoints.grpc.converters.times import time_to_proto
from entrypoints.grpc.gen.pombo.v1 import event_pb2 as pb

PAYLOAD_CONVERTERS: Final[tuple[PayloadConverter[Any], ...]] = (
    *session_events.CONVERTERS,
    *message_events.CONVERTERS,
    *message_changes.CONVERTERS,
    *media_events.CONVERTERS,
    *people.CONVERTERS,
    *groups.CONVERTERS,
    *webhook_events.CONVERTERS,
    *pacing.CONVERTERS,
    *suppressions.CONVERTERS,
)
"""One of each kind of ``Payload``; a test sees that none is missing."""

_BY_KIND: Final = {converter.kind: converter for converter in PAYLOAD_CONVERTERS}


def event_to_proto(event: Event) -> pb.Event:
    """An event in its envelope."""
    converted = pb.Event(
        id=event.id,
        type=event.type,
        event_time=time_to_proto(event.time),
        session_id=event.session_id or "",
        sequence=event.sequence,
    )
    converter = _BY_KIND[type(event.payload)]
    getattr(converted, converter.field).CopyFrom(converter.write(event.payload))
    return converted
