"""Payloads of events of paces and opt-outs."""

from collections.abc import Mapping
from typing import Any, Final

from application.representation.payload_form import PayloadForm
from application.representation.values import Json, optional_time, read_optional_time, read_time, time_to_text
from domain.event import SessionQuotaWarned, SessionRestricted, SessionResumed, SuppressionAdded, SuppressionRemoved
from domain.ids import MessageId
from domain.jid import Jid
from domain.pacing import RestrictionReason
from domain.suppression import SuppressionSource


def _write_restricted(payload: SessionRestricted) -> Json:
    return {
        "reason": payload.reason.value,
        "strikes": payload.strikes,
        "resumes_at": time_to_text(payload.resumes_at),
    }


def _read_restricted(data: Mapping[str, Any]) -> SessionRestricted:
    return SessionRestricted(
        reason=RestrictionReason(data["reason"]), strikes=data["strikes"], resumes_at=read_time(data["resumes_at"])
    )


def _write_quota(payload: SessionQuotaWarned) -> Json:
    return {
        "new_chats": {"used": payload.used, "limit": payload.limit, "next_at": optional_time(payload.next_at)},
    }


def _read_quota(data: Mapping[str, Any]) -> SessionQuotaWarned:
    chats = data["new_chats"]
    return SessionQuotaWarned(used=chats["used"], limit=chats["limit"], next_at=read_optional_time(chats["next_at"]))


def _write_added(payload: SuppressionAdded) -> Json:
    return {
        "address": str(payload.address),
        "source": payload.source.value,
        "message_id": payload.message_id,
    }


def _read_added(data: Mapping[str, Any]) -> SuppressionAdded:
    message_id = data["message_id"]
    return SuppressionAdded(
        address=Jid.parse(data["address"]),
        source=SuppressionSource(data["source"]),
        message_id=None if message_id is None else MessageId(message_id),
    )


FORMS: Final[tuple[PayloadForm[Any], ...]] = (
    PayloadForm(kind=SessionRestricted, write=_write_restricted, read=_read_restricted),
    PayloadForm(
        kind=SessionResumed,
        write=lambda payload: {"reason": payload.reason.value},
        read=lambda data: SessionResumed(reason=RestrictionReason(data["reason"])),
    ),
    PayloadForm(kind=SessionQuotaWarned, write=_write_quota, read=_read_quota),
    PayloadForm(kind=SuppressionAdded, write=_write_added, read=_read_added),
    PayloadForm(
        kind=SuppressionRemoved,
        write=lambda payload: {"address": str(payload.address)},
        read=lambda data: SuppressionRemoved(address=Jid.parse(data["address"])),
    ),
)
