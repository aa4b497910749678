"""Payloads of events of sessions."""

from typing import Any, Final

from domain.session_events import PairingCodeIssued, QrIssued, SessionStatusChanged
from entrypoints.grpc.converters.forms import PayloadConverter
from entrypoints.grpc.converters.sessions import REASONS, STATUSES, me_to_proto
from entrypoints.grpc.converters.times import time_to_proto
from entrypoints.grpc.gen.pombo.v1 import event_pb2 as pb


def _status_changed(payload: SessionStatusChanged) -> pb.SessionStatusChanged:
    return pb.SessionStatusChanged(
        status=STATUSES[payload.status],
        reason=REASONS[payload.reason],
        detail=payload.detail,
        me=me_to_proto(payload.me),
    )


def _qr_issued(payload: QrIssued) -> pb.QrIssued:
    return pb.QrIssued(expire_time=time_to_proto(payload.expires_at))


def _pairing_code_issued(payload: PairingCodeIssued) -> pb.PairingCodeIssued:
    return pb.PairingCodeIssued(expire_time=time_to_proto(payload.expires_at))


CONVERTERS: Final[tuple[PayloadConverter[Any], ...]] = (
    PayloadConverter(field="session_status_changed", kind=SessionStatusChanged, write=_status_changed),
    PayloadConverter(field="qr_issued", kind=QrIssued, write=_qr_issued),
    PayloadConverter(field="pairing_code_issued", kind=PairingCodeIssued, write=_pairing_code_issued),
)
