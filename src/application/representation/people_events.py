"""Payloads of events of chats, people, presence and calls."""

from collections.abc import Mapping
from typing import Any, Final

from application.representation.payload_form import PayloadForm
from application.representation.people import (
    call_from_dict,
    call_to_dict,
    chat_from_dict,
    chat_to_dict,
    contact_from_dict,
    contact_to_dict,
    presence_from_dict,
    presence_to_dict,
)
from application.representation.values import Json, optional_jid, read_jid, read_time, time_to_text
from domain.call import CallOutcome
from domain.event import (
    CallEnded,
    CallReceived,
    CallRejected,
    ChatUpdated,
    ContactMerged,
    ContactUpdated,
    PresenceUpdated,
)
from domain.jid import Jid


def _write_merged(payload: ContactMerged) -> Json:
    return {
        "contact_id": str(payload.contact_id),
        "phone": optional_jid(payload.phone),
        "lid": optional_jid(payload.lid),
        "username": payload.username,
        "merged": [str(address) for address in payload.merged],
    }


def _read_merged(data: Mapping[str, Any]) -> ContactMerged:
    return ContactMerged(
        contact_id=Jid.parse(data["contact_id"]),
        phone=read_jid(data["phone"]),
        lid=read_jid(data["lid"]),
        username=data["username"],
        merged=tuple(map(Jid.parse, data["merged"])),
    )


FORMS: Final[tuple[PayloadForm[Any], ...]] = (
    PayloadForm(
        kind=ChatUpdated,
        write=lambda payload: {"chat": chat_to_dict(payload.chat), "changed": list(payload.changed)},
        read=lambda data: ChatUpdated(chat=chat_from_dict(data["chat"]), changed=tuple(data["changed"])),
    ),
    PayloadForm(
        kind=PresenceUpdated,
        write=lambda payload: {"presence": presence_to_dict(payload.presence)},
        read=lambda data: PresenceUpdated(presence=presence_from_dict(data["presence"])),
    ),
    PayloadForm(
        kind=ContactUpdated,
        write=lambda payload: {"contact": contact_to_dict(payload.contact)},
        read=lambda data: ContactUpdated(contact=contact_from_dict(data["contact"])),
    ),
    PayloadForm(kind=ContactMerged, write=_write_merged, read=_read_merged),
    PayloadForm(
        kind=CallReceived,
        write=lambda payload: {"call": call_to_dict(payload.call)},
        read=lambda data: CallReceived(call=call_from_dict(data["call"])),
    ),
    PayloadForm(
        kind=CallEnded,
        write=lambda payload: {
            "call": call_to_dict(payload.call),
            "outcome": payload.outcome.value,
            "at": time_to_text(payload.at),
        },
        read=lambda data: CallEnded(
            call=call_from_dict(data["call"]), outcome=CallOutcome(data["outcome"]), at=read_time(data["at"])
        ),
    ),
    PayloadForm(
        kind=CallRejected,
        write=lambda payload: {"call": call_to_dict(payload.call), "at": time_to_text(payload.at)},
        read=lambda data: CallRejected(call=call_from_dict(data["call"]), at=read_time(data["at"])),
    ),
)
