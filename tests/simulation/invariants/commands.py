"""What must be true of what is done with groups, chats and people."""

from typing import TYPE_CHECKING, override

from adapters.memory.groups import MemoryGroup
from adapters.memory.people import ChatState
from domain.changes import Deleted, Starred
from domain.event import GroupRequested, NewEvent
from domain.group import RequestState
from domain.ids import WhatsAppMessageId
from domain.jid import Jid
from domain.message import Direction, MessageStatus
from domain.message_state import NOTHING_DONE
from tests.simulation.invariants.base import Invariant

if TYPE_CHECKING:
    from tests.simulation.asked import Command
    from tests.simulation.world import World


def last_of_each(world: "World") -> dict[tuple[object, ...], "Command"]:
    """What was asked for last of each kind about each thing."""
    return {(each.session_id, each.kind, each.about): each for each in world.commands}


class GroupsAreFoundedOnce(Invariant):
    """For each founding that was asked for there is one group at most, and in the end the one that was answered.

    A gateway whose clock jumps may found one twice: it looks for the one that it has founded by the time of that.
    """

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._groups = world.whatsapp.groups._groups
        self._seen = 0
        self._founded: dict[str, Jid] = {}

    @override
    def step(self) -> None:
        if len(self._groups) == self._seen:
            return
        for group in list(self._groups.values())[self._seen :]:
            if self._founded.setdefault(group.subject, group.jid) != group.jid and not self._may_jump:
                self.violated(f"{group.subject!r} was founded twice")
        self._seen = len(self._groups)

    @property
    def _may_jump(self) -> bool:
        return "clock" in self.world.plan.mishaps

    @override
    def unmet(self) -> str | None:
        for command in self.world.commands:
            if command.kind == "found" and command.answer is not None and not self._may_jump:
                jid = self._founded.get(command.about)
                if jid is None or f"user='{jid.user}'" not in str(command.answer):
                    return f"{command.about!r} was answered with {command.answer}, and {jid} was founded"
        return None


class WhatWasDoneLasts(Invariant):
    """In the end each thing is as it was asked for last, where that was answered.

    But for the deletion of a message that a page lacked, coming from an older snapshot: asked for again, it looks done.
    """

    @override
    def unmet(self) -> str | None:
        for command in last_of_each(self.world).values():
            done = command.answer is not None and command.refused is None and not self._was_lacked(command)
            if done and self._is(command) != command.wants:
                return f"{command} was answered, and it is {self._is(command)!r}"
        return None

    def _was_lacked(self, command: "Command") -> bool:
        return command.kind == "delete" and (command.session_id, command.about) in self.world.lacked

    def _is(self, command: "Command") -> object:
        account = self.world.accounts[command.session_id]
        match command.kind:
            case "star":
                state = account.states.get(WhatsAppMessageId(command.about), NOTHING_DONE)
                return state.starred is not None and state.starred.starred
            case "delete":
                message = WhatsAppMessageId(command.about)
                gone = account.states.get(message, NOTHING_DONE).deleted is not None
                return gone or message not in account.phone_messages
            case "play":
                row = self.world.state.by_whatsapp_id[command.session_id, WhatsAppMessageId(command.about)]
                return self.world.state.messages[row].message.status is MessageStatus.PLAYED
            case "archive" | "pin" | "mute" | "read":
                return self._is_chat(command, account.people.state(Jid.parse(command.about)))
            case "block":
                return Jid.parse(command.about) in account.people.blocked
            case "save":
                return account.people.book.get(Jid.parse(command.about))
            case _:
                return self._is_group(command)

    def _is_group(self, command: "Command") -> object:
        match command.kind:
            case "describe":
                return self._group(command.about).description
            case "rename":
                return self._group(command.about).subject
            case "people":
                return self.world.stranger.jid in self._group(command.about).members
            case "let in":
                group, person = command.about.split()
                return Jid.parse(person) in self._group(group).members
            case _:
                return command.wants

    def _is_chat(self, command: "Command", state: ChatState) -> bool:
        match command.kind:
            case "archive":
                return state.archived
            case "pin":
                return state.pinned
            case "mute":
                return state.muted is not None
            case _:
                # What was to be unread needed no mark where something had come that nobody had read.
                return not state.marked_unread and (bool(command.wants) or not self._came(command))

    def _came(self, command: "Command") -> bool:
        """Whether something ever came in a chat."""
        rows = (row.message for row in self.world.state.messages.values())
        return any(
            (each.session_id, str(each.chat), each.direction) == (command.session_id, command.about, Direction.INBOUND)
            for each in rows
        )

    def _group(self, jid: str) -> MemoryGroup:
        return self.world.whatsapp.groups.get(Jid.parse(jid))


class MarksAreTold(Invariant):
    """In the end the last that was told of a message's mark is what was asked for last, where that was answered.

    That none is told twice is an invariant of all changes.
    """

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._told: dict[tuple[object, ...], object] = {}

    @override
    def event(self, event: NewEvent) -> None:
        change = getattr(event.payload, "change", None)
        if isinstance(change, Starred):
            self._told[event.session_id, "star", change.target] = change.starred
        elif isinstance(change, Deleted):
            self._told[event.session_id, "delete", change.target] = True

    @override
    def unmet(self) -> str | None:
        for key, command in last_of_each(self.world).items():
            done = command.kind in {"star", "delete"} and command.answer is not None and command.refused is None
            if done and self._told.get(key, False) != command.wants:
                return f"{command} was answered, and {self._told.get(key)!r} is told"
        return None


class DecisionsAreToldOnce(Invariant):
    """That somebody was let into a group is told once for each time; nobody here asks for it twice."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._told: set[tuple[object, ...]] = set()

    @override
    def event(self, event: NewEvent) -> None:
        payload = event.payload
        if not isinstance(payload, GroupRequested) or payload.state is not RequestState.APPROVED:
            return
        for person in payload.participants:
            key = (event.session_id, f"{payload.group} {person}")
            if key in self._told:
                self.violated(f"that {person} was let into {payload.group} is told twice")
            self._told.add(key)

    @override
    def unmet(self) -> str | None:
        for command in self.world.commands:
            done = command.kind == "let in" and command.answer is not None and command.refused is None
            if done and (command.session_id, command.about) not in self._told:
                return f"{command.about}: it is never told that they were let in"
        return None
