"""Payloads of events of sessions."""

from collections.abc import Mapping
from typing import Any, Final

from application.representation.payload_form import PayloadForm
from application.representation.sessions import me_from_dict, me_to_dict
from application.representation.values import Json, read_time, time_to_text
from domain.event import PairingCodeIssued, QrIssued, SessionStatusChanged
from domain.session import SessionStatus, StatusReason


def _write_status(payload: SessionStatusChanged) -> Json:
    return {
        "status": payload.status.value,
        "status_reason": payload.reason.value,
        "status_detail": payload.detail,
        "me": me_to_dict(payload.me),
    }


def _read_status(data: Mapping[str, Any]) -> SessionStatusChanged:
    return SessionStatusChanged(
        status=SessionStatus(data["status"]),
        reason=StatusReason(data["status_reason"]),
        detail=data["status_detail"],
        me=me_from_dict(data["me"]),
    )


def _of_a_code[T: (QrIssued, PairingCodeIssued)](kind: type[T]) -> PayloadForm[T]:
    return PayloadForm(
        kind=kind,
        write=lambda payload: {"expires_at": time_to_text(payload.expires_at)},
        read=lambda data: kind(expires_at=read_time(data["expires_at"])),
    )


FORMS: Final[tuple[PayloadForm[Any], ...]] = (
    PayloadForm(kind=SessionStatusChanged, write=_write_status, read=_read_status),
    _of_a_code(QrIssued),
    _of_a_code(PairingCodeIssued),
)
