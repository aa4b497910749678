"""The events of what members read of what was done in their group."""

from typing import Final

from domain.event import (
    GroupJoined,
    GroupLeft,
    GroupParticipantsChanged,
    GroupRequested,
    GroupUpdated,
    Payload,
)
from domain.group import ParticipantAction, RequestState
from domain.group_notice import GroupNotice, NoticeKind
from domain.message import Message

_ACTIONS: Final = {
    NoticeKind.ADDED: ParticipantAction.ADD,
    NoticeKind.JOINED: ParticipantAction.ADD,
    NoticeKind.REMOVED: ParticipantAction.REMOVE,
    NoticeKind.LEFT: ParticipantAction.REMOVE,
    NoticeKind.PROMOTED: ParticipantAction.PROMOTE,
    NoticeKind.DEMOTED: ParticipantAction.DEMOTE,
}
_COMING: Final = frozenset({NoticeKind.CREATED, NoticeKind.ADDED, NoticeKind.JOINED})
_GOING: Final = frozenset({NoticeKind.REMOVED, NoticeKind.LEFT})
_BY_THEMSELVES: Final = frozenset({NoticeKind.JOINED, NoticeKind.LEFT})


def events_of(message: Message, notice: GroupNotice) -> list[Payload]:
    """What a notice is told as; nothing for a kind that isn't known."""
    group, by = message.chat, message.sender
    if notice.kind is NoticeKind.REQUESTED:
        return [GroupRequested(group=group, participants=notice.people, state=RequestState.PENDING)]
    if notice.kind is NoticeKind.OTHER:
        return []
    payloads: list[Payload] = []
    # Who founded a group isn't among those it was founded with.
    if notice.kind in _COMING and (notice.includes_me or notice.kind is NoticeKind.CREATED):
        subject = notice.text if notice.kind is NoticeKind.CREATED else None
        payloads.append(GroupJoined(group=group, by=by, subject=subject))
    if notice.kind in _GOING and notice.includes_me:
        payloads.append(GroupLeft(group=group, by=by, removed=notice.kind is NoticeKind.REMOVED))
    action = _ACTIONS.get(notice.kind)
    if action is not None:
        payloads.append(
            GroupParticipantsChanged(
                group=group,
                action=action,
                participants=notice.people,
                by=by,
                by_themselves=notice.kind in _BY_THEMSELVES,
            )
        )
    elif notice.kind is not NoticeKind.CREATED:
        payloads.append(GroupUpdated(group=group, changed=notice.kind, value=notice.text, by=by))
    return payloads
