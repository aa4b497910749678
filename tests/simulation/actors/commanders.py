"""Programs that do what is no message: with groups, chats, people, and marks on messages."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any, override

from adapters.memory.groups import MemoryGroup
from application.groups.create_group import CreateGroupCommand
from application.idempotency.request_key import RequestKey
from domain.chat import ChatChange, Muted
from domain.contact import Name
from domain.group import GroupChange, ParticipantAction
from domain.ids import SessionId
from domain.media_content import Audio
from domain.message import Direction, Message, MessageStatus
from entrypoints.use_cases import UseCases
from tests.simulation.actors.clients import Client
from tests.simulation.asked import Command
from tests.simulation.contents import said

type Ask = Callable[[UseCases, RequestKey], Coroutine[Any, Any, Any]]


class Commander(Client):
    """One thing after another, each with a key, until there is an answer; and what was answered is asked for again."""

    _command: Command

    @override
    async def run(self) -> None:
        plan = self.world.plan
        for number in range(plan.commands):
            await self.wait(plan.span / plan.commands)
            await self._carry_out(number, *self._next(self.chance.choice(list(self.world.accounts)), number))

    @abstractmethod
    def _next(self, session_id: SessionId, number: int) -> tuple[Command, Ask]:
        """What to ask for next. No two of those who ask do so about the same."""

    async def _carry_out(self, number: int, command: Command, ask: Ask) -> None:
        name, key = f"command {self.name} {number}", self._key(f"command {number}")
        self.world.commands.append(command)
        self._command = command

        async def once() -> None:
            self.trace(f"asks to {command.kind} {command.about} ({number})")
            answer = await self._work(lambda use_cases: ask(use_cases, key))
            self.trace(f"hears that {number} is done")
            if command.answer not in {None, _told(answer)}:
                self.world.violate("one key, one answer", f"{command} had {command.answer}, and now {answer}")
            command.answer = _told(answer)

        if self.chance.random() < 0.2:
            # Two connections at once, as after a time-out of the caller's own.
            async with asyncio.TaskGroup() as tasks:
                for _ in range(2):
                    tasks.create_task(self._until_known(name, once))
        else:
            await self._until_known(name, once)
        if command.answer is not None and self.chance.random() < 0.3:
            await self._until_known(name, once)

    @override
    def _refused(self, what: str, reason: str) -> None:
        self._command.refused = reason


class Founder(Commander):
    """Founds groups and changes them."""

    @override
    def _next(self, session_id: SessionId, number: int) -> tuple[Command, Ask]:
        kinds = (self._found, self._describe, self._rename, self._people, self._let_in)
        # Where there is nothing yet to do it to, a group is founded.
        return self.chance.choice(kinds)(session_id, number) or self._found(session_id, number)

    def _found(self, session_id: SessionId, number: int) -> tuple[Command, Ask]:
        subject = f"{self.name} group {number}"
        people = tuple(peer.jid.user for peer in self.world.peers[:2])
        founding = CreateGroupCommand(session_id=session_id, subject=subject, participants=people)
        command = Command(session_id=session_id, kind="found", about=subject, wants=True)
        return command, lambda use_cases, key: use_cases.create_group.execute(founding, request=key)

    def _group(self, session_id: SessionId) -> MemoryGroup | None:
        groups = self.world.whatsapp.groups.of(self.world.accounts[session_id])
        return self.chance.choice(groups) if groups else None

    def _describe(self, session_id: SessionId, number: int) -> tuple[Command, Ask] | None:
        group = self._group(session_id)
        if group is None:
            return None
        change = GroupChange(description=f"{self.name} words {number}", join_approval=True)
        command = Command(session_id=session_id, kind="describe", about=str(group.jid), wants=change.description)
        return command, lambda use_cases, key: use_cases.update_group.execute(
            session_id, str(group.jid), change, request=key
        )

    def _rename(self, session_id: SessionId, number: int) -> tuple[Command, Ask] | None:
        group = self._group(session_id)
        if group is None:
            return None
        change = GroupChange(subject=f"{self.name} title {number}")
        command = Command(session_id=session_id, kind="rename", about=str(group.jid), wants=change.subject)
        return command, lambda use_cases, key: use_cases.update_group.execute(
            session_id, str(group.jid), change, request=key
        )

    def _people(self, session_id: SessionId, _: int) -> tuple[Command, Ask] | None:
        group, person = self._group(session_id), self.world.stranger.jid
        if group is None:
            return None
        action = ParticipantAction.REMOVE if person in group.members else ParticipantAction.ADD
        command = Command(
            session_id=session_id, kind="people", about=str(group.jid), wants=action is ParticipantAction.ADD
        )
        return command, lambda use_cases, key: use_cases.change_participants.execute(
            session_id, str(group.jid), action, (person.user,), request=key
        )

    def _let_in(self, session_id: SessionId, _: int) -> tuple[Command, Ask] | None:
        """Somebody asks to be let into a group, and is."""
        group = self._group(session_id)
        if group is None or not group.settings.join_approval:
            return None
        comes = next((each for each in self.world.peers if each.jid not in group.members), None)
        if comes is None or group.requests:
            return None
        self.trace(f"{comes.jid.user} asks to be let in")
        self.world.whatsapp.groups.join(group, comes)
        command = Command(session_id=session_id, kind="let in", about=f"{group.jid} {comes.jid}", wants=True)
        return command, lambda use_cases, key: use_cases.decide_join_requests.execute(
            session_id, str(group.jid), (comes.jid.user,), approve=True, request=key
        )


class Marker(Commander):
    """Marks messages, chats and people."""

    @override
    def _next(self, session_id: SessionId, number: int) -> tuple[Command, Ask]:
        kinds = (
            *(self._star, self._star, self._delete, self._play),
            *(self._archive, self._pin, self._mute, self._read),
            *(self._block, self._save, self._save),
        )
        return self.chance.choice(kinds)(session_id, number) or self._block(session_id, number)

    def _star(self, session_id: SessionId, _: int) -> tuple[Command, Ask] | None:
        """Some of it still on its way."""
        messages = [
            row.message
            for row in self.world.state.messages.values()
            if row.message.session_id == session_id and said(row.message.content) is not None
        ]
        if not messages:
            return None
        message, starred = self._one_of(messages), self.chance.random() < 0.7
        command = Command(session_id=session_id, kind="star", about=message.whatsapp_id, wants=starred)
        return command, lambda use_cases, key: use_cases.message_commands.star(message.id, starred=starred, request=key)

    def _delete(self, session_id: SessionId, _: int) -> tuple[Command, Ask] | None:
        """For the account alone; each once, and some of it still on its way, too."""
        asked = {each.about for each in self.world.commands if each.kind == "delete"}
        messages = [
            row.message
            for row in self.world.state.messages.values()
            if row.message.session_id == session_id
            and said(row.message.content) is not None
            and row.message.whatsapp_id not in asked
        ]
        if not messages:
            return None
        message = self._one_of(messages)
        command = Command(session_id=session_id, kind="delete", about=message.whatsapp_id, wants=True)
        return command, lambda use_cases, key: use_cases.message_commands.delete_for_me(message.id, request=key)

    def _one_of(self, messages: list[Message]) -> Message:
        """Rather one that is with the page and not known to be with WhatsApp."""
        on_their_way = [message for message in messages if message.status is MessageStatus.SENDING]
        return self.chance.choice(on_their_way or messages)

    def _play(self, session_id: SessionId, _: int) -> tuple[Command, Ask] | None:
        """A voice note that came."""
        notes = [
            row.message
            for row in self.world.state.messages.values()
            if row.message.session_id == session_id
            and isinstance(row.message.content, Audio)
            and row.message.content.voice
            and row.message.direction is Direction.INBOUND
        ]
        if not notes:
            return None
        note = self.chance.choice(notes)
        command = Command(session_id=session_id, kind="play", about=note.whatsapp_id, wants=True)
        return command, lambda use_cases, key: use_cases.message_commands.mark_played(note.id, request=key)

    def _archive(self, session_id: SessionId, _: int) -> tuple[Command, Ask]:
        archived = self.chance.random() < 0.5
        return self._chat(session_id, "archive", ChatChange(archived=archived), archived)

    def _pin(self, session_id: SessionId, _: int) -> tuple[Command, Ask]:
        pinned = self.chance.random() < 0.6
        return self._chat(session_id, "pin", ChatChange(pinned=pinned), pinned)

    def _mute(self, session_id: SessionId, _: int) -> tuple[Command, Ask]:
        muted = self.chance.random() < 0.6
        change = ChatChange(mute=Muted()) if muted else ChatChange(unmute=True)
        return self._chat(session_id, "mute", change, muted)

    def _read(self, session_id: SessionId, _: int) -> tuple[Command, Ask]:
        """Or marks it as unread, which counts for nothing where there is something that nobody has read."""
        unread = self.chance.random() < 0.5
        return self._chat(session_id, "read", ChatChange(unread=unread), not unread)

    def _chat(self, session_id: SessionId, kind: str, change: ChatChange, wants: object) -> tuple[Command, Ask]:
        chat = self.chance.choice(self.world.peers).jid
        command = Command(session_id=session_id, kind=kind, about=str(chat), wants=wants)
        return command, lambda use_cases, key: use_cases.update_chat.execute(session_id, str(chat), change, request=key)

    def _block(self, session_id: SessionId, _: int) -> tuple[Command, Ask]:
        person, blocked = self.world.stranger.jid, self.chance.random() < 0.5
        command = Command(session_id=session_id, kind="block", about=str(person), wants=blocked)
        return command, lambda use_cases, key: use_cases.set_blocked.execute(
            session_id, str(person), blocked=blocked, request=key
        )

    def _save(self, session_id: SessionId, number: int) -> tuple[Command, Ask]:
        """Or takes somebody out of the address book again."""
        person, name = self.chance.choice(self.world.peers).jid, Name(first="Ada", last=f"Number {number}")
        if self.chance.random() < 0.4:
            command = Command(session_id=session_id, kind="save", about=str(person), wants=None)
            return command, lambda use_cases, key: use_cases.remove_contact.execute(
                session_id, str(person), request=key
            )
        command = Command(session_id=session_id, kind="save", about=str(person), wants=name)
        return command, lambda use_cases, key: use_cases.save_contact.execute(
            session_id, str(person), name, request=key
        )


def _told(answer: object) -> str:
    """An answer, to be compared with another. A message is shown as it stands when it is asked for."""
    return answer.id if isinstance(answer, Message) else repr(answer)
