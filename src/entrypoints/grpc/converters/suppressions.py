"""People who opted out."""

from typing import Final

from domain.event import SuppressionAdded, SuppressionRemoved
from domain.suppression import ShownSuppression, SuppressionSource
from entrypoints.grpc.converters.forms import PayloadConverter
from entrypoints.grpc.converters.times import time_to_proto
from entrypoints.grpc.gen.pombo.v1 import event_pb2
from entrypoints.grpc.gen.pombo.v1 import suppression_pb2 as pb

SOURCES: Final = {
    source: pb.SuppressionSource.Value(f"SUPPRESSION_SOURCE_{source.name}") for source in SuppressionSource
}


def suppression_to_proto(shown: ShownSuppression) -> pb.Suppression:
    """An opt-out."""
    suppression, person = shown.suppression, shown.person
    return pb.Suppression(
        address=str(suppression.address),
        phone=None if person.phone is None else str(person.phone),
        lid=None if person.lid is None else str(person.lid),
        source=SOURCES[suppression.source],
        note=suppression.note,
        message_id=suppression.message_id,
        create_time=time_to_proto(suppression.created_at),
    )


def _added(payload: SuppressionAdded) -> event_pb2.SuppressionAdded:
    return event_pb2.SuppressionAdded(
        address=str(payload.address), source=SOURCES[payload.source], message_id=payload.message_id
    )


def _removed(payload: SuppressionRemoved) -> event_pb2.SuppressionRemoved:
    return event_pb2.SuppressionRemoved(address=str(payload.address))


CONVERTERS: Final = (
    PayloadConverter(field="suppression_added", kind=SuppressionAdded, write=_added),
    PayloadConverter(field="suppression_removed", kind=SuppressionRemoved, write=_removed),
)
