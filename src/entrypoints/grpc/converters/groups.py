"""Groups, and what happens there."""

from typing import Any, Final

from domain.event import (
    GroupJoined,
    GroupLeft,
    GroupParticipantsChanged,
    GroupRequested,
    GroupUpdated,
)
from domain.group import (
    Group,
    GroupPreview,
    JoinRequest,
    MemberAddMode,
    ParticipantAction,
    ParticipantOutcome,
    ParticipantResult,
    RequestMethod,
    RequestState,
    Role,
)
from domain.group_notice import GroupNotice, NoticeKind
from domain.jid import Jid
from entrypoints.grpc.converters.forms import ContentConverter, PayloadConverter
from entrypoints.grpc.converters.times import duration_to_proto, optional_time_to_proto
from entrypoints.grpc.gen.pombo.v1 import group_pb2 as pb

ROLES: Final = {role: pb.GroupRole.Value(f"GROUP_ROLE_{role.name}") for role in Role}
MODES: Final = {mode: pb.MemberAddMode.Value(f"MEMBER_ADD_MODE_{mode.name}") for mode in MemberAddMode}
ACTIONS: Final = {
    action: pb.ParticipantAction.Value(f"PARTICIPANT_ACTION_{action.name}") for action in ParticipantAction
}
OUTCOMES: Final = {
    outcome: pb.ParticipantOutcome.Value(f"PARTICIPANT_OUTCOME_{outcome.name}") for outcome in ParticipantOutcome
}
METHODS: Final = {method: pb.JoinRequestMethod.Value(f"JOIN_REQUEST_METHOD_{method.name}") for method in RequestMethod}
STATES: Final = {state: pb.JoinRequestState.Value(f"JOIN_REQUEST_STATE_{state.name}") for state in RequestState}
KINDS: Final = {kind: pb.GroupNoticeKind.Value(f"GROUP_NOTICE_KIND_{kind.name}") for kind in NoticeKind}


def _text(jid: Jid | None) -> str:
    return "" if jid is None else str(jid)


def group_to_proto(group: Group, *, participants: bool = True) -> pb.Group:
    """A group, with those who are in it where they are wanted."""
    settings = group.settings
    return pb.Group(
        id=str(group.jid),
        subject=group.subject,
        description=group.description or "",
        owner=_text(group.owner),
        create_time=optional_time_to_proto(group.created_at),
        settings=pb.GroupSettings(
            announce=settings.announce,
            restrict=settings.restrict,
            member_add_mode=MODES[settings.member_add_mode],
            join_approval=settings.join_approval,
            ephemeral=duration_to_proto(settings.ephemeral),
        ),
        lid_addressing=group.lid_addressing,
        role=pb.GROUP_ROLE_UNSPECIFIED if group.me is None else ROLES[group.me],
        size=group.size,
        participants=[
            pb.GroupParticipant(jid=str(each.jid), alternate=_text(each.alternate), role=ROLES[each.role])
            for each in (group.participants if participants else ())
        ],
    )


def result_to_proto(result: ParticipantResult) -> pb.ParticipantResult:
    """How a change came out for one person."""
    return pb.ParticipantResult(
        asked=str(result.asked),
        jid=str(result.jid),
        outcome=OUTCOMES[result.outcome],
        code=result.code,
        invite_code=result.invite_code or "",
        invite_expire_time=optional_time_to_proto(result.invite_expires_at),
    )


def preview_to_proto(preview: GroupPreview) -> pb.GroupPreview:
    """What an invite code shows."""
    return pb.GroupPreview(
        id=str(preview.jid),
        subject=preview.subject,
        description=preview.description or "",
        owner=_text(preview.owner),
        create_time=optional_time_to_proto(preview.created_at),
        size=preview.size,
        join_approval=preview.join_approval,
    )


def join_request_to_proto(request: JoinRequest) -> pb.JoinRequest:
    """Somebody who asks to be let in."""
    return pb.JoinRequest(
        jid=str(request.jid),
        alternate=_text(request.alternate),
        by=_text(request.by),
        method=METHODS[request.method],
        request_time=optional_time_to_proto(request.at),
    )


def _notice(notice: GroupNotice) -> pb.GroupNotice:
    return pb.GroupNotice(
        kind=KINDS[notice.kind],
        name=notice.name,
        people=[str(each) for each in notice.people],
        includes_me=notice.includes_me,
        text=notice.text or "",
    )


def _joined(payload: GroupJoined) -> pb.GroupJoined:
    return pb.GroupJoined(group_id=str(payload.group), by=str(payload.by), subject=payload.subject or "")


def _left(payload: GroupLeft) -> pb.GroupLeft:
    return pb.GroupLeft(group_id=str(payload.group), by=str(payload.by), removed=payload.removed)


def _participants(payload: GroupParticipantsChanged) -> pb.GroupParticipantsChanged:
    return pb.GroupParticipantsChanged(
        group_id=str(payload.group),
        action=ACTIONS[payload.action],
        participants=[str(each) for each in payload.participants],
        by=str(payload.by),
        by_themselves=payload.by_themselves,
    )


def _updated(payload: GroupUpdated) -> pb.GroupUpdated:
    return pb.GroupUpdated(
        group_id=str(payload.group), changed=KINDS[payload.changed], value=payload.value or "", by=str(payload.by)
    )


def _requested(payload: GroupRequested) -> pb.GroupRequested:
    return pb.GroupRequested(
        group_id=str(payload.group),
        participants=[str(each) for each in payload.participants],
        state=STATES[payload.state],
    )


CONTENT_CONVERTERS: Final = (ContentConverter(field="group_notice", kind=GroupNotice, write=_notice),)

CONVERTERS: Final[tuple[PayloadConverter[Any], ...]] = (
    PayloadConverter(field="group_joined", kind=GroupJoined, write=_joined),
    PayloadConverter(field="group_left", kind=GroupLeft, write=_left),
    PayloadConverter(field="group_participants_changed", kind=GroupParticipantsChanged, write=_participants),
    PayloadConverter(field="group_updated", kind=GroupUpdated, write=_updated),
    PayloadConverter(field="group_requested", kind=GroupRequested, write=_requested),
)
