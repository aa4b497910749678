"""Groups, as the API shows them and as results are kept."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from application.representation.values import (
    Json,
    optional_jid,
    optional_time,
    read_jid,
    read_optional_time,
)
from domain.group import (
    CreatedGroup,
    Group,
    GroupPreview,
    GroupSettings,
    Joined,
    JoinRequest,
    MemberAddMode,
    Participant,
    ParticipantOutcome,
    ParticipantResult,
    Role,
)
from domain.jid import Jid


def group_to_dict(group: Group) -> Json:
    """A group."""
    return {
        "id": str(group.jid),
        "subject": group.subject,
        "description": group.description,
        "owner": optional_jid(group.owner),
        "created_at": optional_time(group.created_at),
        "settings": _settings_to_dict(group.settings),
        "lid_addressing": group.lid_addressing,
        "role": None if group.me is None else group.me.value,
        "size": group.size,
        "participants": [
            {"jid": str(each.jid), "alternate": optional_jid(each.alternate), "role": each.role.value}
            for each in group.participants
        ],
    }


def group_from_dict(data: Mapping[str, Any]) -> Group:
    """Reads what ``group_to_dict`` wrote."""
    return Group(
        jid=Jid.parse(data["id"]),
        subject=data["subject"],
        description=data["description"],
        owner=read_jid(data["owner"]),
        created_at=read_optional_time(data["created_at"]),
        settings=_settings_from_dict(data["settings"]),
        lid_addressing=data["lid_addressing"],
        me=None if data["role"] is None else Role(data["role"]),
        size=data["size"],
        participants=tuple(
            Participant(jid=Jid.parse(each["jid"]), alternate=read_jid(each["alternate"]), role=Role(each["role"]))
            for each in data["participants"]
        ),
    )


def _settings_to_dict(settings: GroupSettings) -> Json:
    return {
        "announce": settings.announce,
        "restrict": settings.restrict,
        "member_add_mode": settings.member_add_mode.value,
        "join_approval": settings.join_approval,
        "ephemeral_seconds": int(settings.ephemeral.total_seconds()),
    }


def _settings_from_dict(data: Mapping[str, Any]) -> GroupSettings:
    return GroupSettings(
        announce=data["announce"],
        restrict=data["restrict"],
        member_add_mode=MemberAddMode(data["member_add_mode"]),
        join_approval=data["join_approval"],
        ephemeral=timedelta(seconds=data["ephemeral_seconds"]),
    )


def result_to_dict(result: ParticipantResult) -> Json:
    """How a change came out for one person."""
    return {
        "asked": str(result.asked),
        "jid": str(result.jid),
        "outcome": result.outcome.value,
        "code": result.code,
        "invite_code": result.invite_code,
        "invite_expires_at": optional_time(result.invite_expires_at),
    }


def result_from_dict(data: Mapping[str, Any]) -> ParticipantResult:
    """Reads what ``result_to_dict`` wrote."""
    return ParticipantResult(
        asked=Jid.parse(data["asked"]),
        jid=Jid.parse(data["jid"]),
        outcome=ParticipantOutcome(data["outcome"]),
        code=data["code"],
        invite_code=data["invite_code"],
        invite_expires_at=read_optional_time(data["invite_expires_at"]),
    )


def results_to_dict(results: tuple[ParticipantResult, ...]) -> Json:
    """How a change came out for each."""
    return {"results": [result_to_dict(result) for result in results]}


def results_from_dict(data: Mapping[str, Any]) -> tuple[ParticipantResult, ...]:
    """Reads what ``results_to_dict`` wrote."""
    return tuple(result_from_dict(each) for each in data["results"])


def created_to_dict(created: CreatedGroup) -> Json:
    """A new group, and how it came out for each."""
    return {"group": group_to_dict(created.group), **results_to_dict(created.results)}


def created_from_dict(data: Mapping[str, Any]) -> CreatedGroup:
    """Reads what ``created_to_dict`` wrote."""
    return CreatedGroup(group=group_from_dict(data["group"]), results=results_from_dict(data))


def joined_to_dict(joined: Joined) -> Json:
    """What came of joining."""
    return {"group_id": str(joined.jid), "pending": joined.pending}


def joined_from_dict(data: Mapping[str, Any]) -> Joined:
    """Reads what ``joined_to_dict`` wrote."""
    return Joined(jid=Jid.parse(data["group_id"]), pending=data["pending"])


def preview_to_dict(preview: GroupPreview) -> Json:
    """What an invite code shows."""
    return {
        "id": str(preview.jid),
        "subject": preview.subject,
        "description": preview.description,
        "owner": optional_jid(preview.owner),
        "created_at": optional_time(preview.created_at),
        "size": preview.size,
        "join_approval": preview.join_approval,
    }


def request_to_dict(request: JoinRequest) -> Json:
    """Somebody who asks to be let in."""
    return {
        "jid": str(request.jid),
        "alternate": optional_jid(request.alternate),
        "by": optional_jid(request.by),
        "method": request.method.value,
        "at": optional_time(request.at),
    }


def code_to_dict(code: str) -> Json:
    """An invite code, and the link that carries it."""
    return {"code": code, "link": f"https://chat.whatsapp.com/{code}"}


def code_from_dict(data: Mapping[str, Any]) -> str:
    """Reads what ``code_to_dict`` wrote."""
    code: str = data["code"]
    return code
