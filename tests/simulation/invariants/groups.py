"""What must be true of what is changed of groups."""

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, override

from domain.event import GroupParticipantsChanged, GroupUpdated, NewEvent
from domain.group import ParticipantAction
from domain.group_notice import GroupNotice, NoticeKind
from domain.ids import SessionId
from domain.jid import Jid
from tests.simulation.invariants.base import Invariant

if TYPE_CHECKING:
    from tests.simulation.world import World

_TEXTS: Final = {"rename": NoticeKind.SUBJECT, "describe": NoticeKind.DESCRIPTION}
_PEOPLE: Final = {ParticipantAction.ADD: NoticeKind.ADDED, ParticipantAction.REMOVE: NoticeKind.REMOVED}
_KINDS: Final = frozenset({*_TEXTS.values(), *_PEOPLE.values()})

type Said = tuple[Jid, NoticeKind, Any]
"""The group, what was done there, and the text or the people."""


class GroupsAreChangedOnce(Invariant):
    """Each change of a group that was asked for is done at most once, and once where it was answered.

    Members read of it once for each time; and so it is told in the session, never before.
    """

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._told: dict[SessionId, Counter[Said]] = {session_id: Counter() for session_id in world.accounts}

    @override
    def event(self, event: NewEvent) -> None:
        said = _said(event.payload)
        if said is None or event.session_id is None:
            return
        told = self._told[event.session_id]
        told[said] += 1
        if told[said] > self._shown(event.session_id)[said]:
            self.violated(f"{said} is told {told[said]} times in {event.session_id}, and wasn't done as often")

    @override
    def unmet(self) -> str | None:
        for session_id, told in self._told.items():
            shown = self._shown(session_id)
            for said, times in shown.items():
                if told[said] < times:
                    return f"{said} was done {times} times, and is told {told[said]} times in {session_id}"
            self._check_times(session_id, shown)
        return None

    def _check_times(self, session_id: SessionId, shown: Counter[Said]) -> None:
        asked: Counter[Said] = Counter()
        answered: Counter[Said] = Counter()
        for command in self.world.commands:
            if command.session_id != session_id or command.kind not in {*_TEXTS, "people"}:
                continue
            group = Jid.parse(command.about)
            if command.kind == "people":
                kind = NoticeKind.ADDED if command.wants else NoticeKind.REMOVED
                said: Said = (group, kind, (self.world.stranger.jid,))
            else:
                said = (group, _TEXTS[command.kind], command.wants)
            asked[said] += 1
            answered[said] += command.answer is not None and said[1] in _TEXTS.values()
        for said, times in asked.items():
            if shown[said] > times:
                self.violated(f"{said} was asked for {times} times, and done {shown[said]} times")
            if shown[said] < answered[said]:
                self.violated(f"{said} was answered, and not done")

    def _shown(self, session_id: SessionId) -> Counter[Said]:
        messages = self.world.accounts[session_id].phone_messages.values()
        notices = ((message.chat, message.content) for message in messages if isinstance(message.content, GroupNotice))
        return Counter(
            (group, notice.kind, notice.people if notice.kind in _PEOPLE.values() else notice.text)
            for group, notice in notices
            if notice.kind in _KINDS
        )


def _said(payload: object) -> Said | None:
    match payload:
        case GroupUpdated(group=group, changed=kind, value=value) if kind in _KINDS:
            return group, kind, value
        case GroupParticipantsChanged(group=group, action=action, participants=people, by_themselves=False):
            return (group, _PEOPLE[action], people) if action in _PEOPLE else None
        case _:
            return None
