"""Payloads of events of groups, and the notices that they come from."""

from collections.abc import Mapping
from typing import Any, Final

from application.representation.content_form import ContentForm
from application.representation.payload_form import PayloadForm
from application.representation.values import Json
from domain.event import (
    GroupJoined,
    GroupLeft,
    GroupParticipantsChanged,
    GroupRequested,
    GroupUpdated,
)
from domain.group import ParticipantAction, RequestState
from domain.group_notice import GroupNotice, NoticeKind
from domain.jid import Jid


def _jids(told: Any) -> tuple[Jid, ...]:
    return tuple(Jid.parse(each) for each in told)


def _write_notice(notice: GroupNotice) -> Json:
    return {
        "kind": notice.kind.value,
        "name": notice.name,
        "people": [str(each) for each in notice.people],
        "includes_me": notice.includes_me,
        "text": notice.text,
    }


def _read_notice(data: Mapping[str, Any]) -> GroupNotice:
    return GroupNotice(
        kind=NoticeKind(data["kind"]),
        name=data["name"],
        people=_jids(data["people"]),
        includes_me=data["includes_me"],
        text=data["text"],
    )


NOTICE_FORM: Final = ContentForm(name="group_notice", kind=GroupNotice, write=_write_notice, read=_read_notice)

FORMS: Final[tuple[PayloadForm[Any], ...]] = (
    PayloadForm(
        kind=GroupJoined,
        write=lambda payload: {
            "group_id": str(payload.group),
            "by": str(payload.by),
            "subject": payload.subject,
        },
        read=lambda data: GroupJoined(
            group=Jid.parse(data["group_id"]), by=Jid.parse(data["by"]), subject=data["subject"]
        ),
    ),
    PayloadForm(
        kind=GroupLeft,
        write=lambda payload: {
            "group_id": str(payload.group),
            "by": str(payload.by),
            "removed": payload.removed,
        },
        read=lambda data: GroupLeft(
            group=Jid.parse(data["group_id"]), by=Jid.parse(data["by"]), removed=data["removed"]
        ),
    ),
    PayloadForm(
        kind=GroupParticipantsChanged,
        write=lambda payload: {
            "group_id": str(payload.group),
            "action": payload.action.value,
            "participants": [str(each) for each in payload.participants],
            "by": str(payload.by),
            "by_themselves": payload.by_themselves,
        },
        read=lambda data: GroupParticipantsChanged(
            group=Jid.parse(data["group_id"]),
            action=ParticipantAction(data["action"]),
            participants=_jids(data["participants"]),
            by=Jid.parse(data["by"]),
            by_themselves=data["by_themselves"],
        ),
    ),
    PayloadForm(
        kind=GroupUpdated,
        write=lambda payload: {
            "group_id": str(payload.group),
            "changed": payload.changed.value,
            "value": payload.value,
            "by": str(payload.by),
        },
        read=lambda data: GroupUpdated(
            group=Jid.parse(data["group_id"]),
            changed=NoticeKind(data["changed"]),
            value=data["value"],
            by=Jid.parse(data["by"]),
        ),
    ),
    PayloadForm(
        kind=GroupRequested,
        write=lambda payload: {
            "group_id": str(payload.group),
            "participants": [str(each) for each in payload.participants],
            "state": payload.state.value,
        },
        read=lambda data: GroupRequested(
            group=Jid.parse(data["group_id"]),
            participants=_jids(data["participants"]),
            state=RequestState(data["state"]),
        ),
    ),
)
