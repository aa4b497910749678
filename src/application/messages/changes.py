"""Put on record what is done to messages, each change once, with its event."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, assert_never

from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.unit_of_work import UnitOfWork
from domain.changes import AnyChange, Deleted, Edited, Pinned, Reacted, Revoked, Starred, Voted
from domain.event import NewEvent, Payload
from domain.ids import MessageId, SessionId, WhatsAppMessageId
from domain.message import Message
from domain.message_change_events import (
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    MessageReacted,
    MessageRevoked,
    MessageStarred,
    PollVoted,
)
from domain.message_state import NOTHING_DONE, MessageState
from domain.operations import OPERATIONS, Edit, Operation, Pin, PollVote, Reaction, Revoke

_PAYLOADS: Final[Mapping[type[Any], type[Any]]] = {
    Edited: MessageEdited,
    Revoked: MessageRevoked,
    Reacted: MessageReacted,
    Voted: PollVoted,
    Pinned: MessagePinned,
    Starred: MessageStarred,
    Deleted: MessageDeleted,
}


class ChangeRecorder:
    """Works within its caller's unit of work.

    What is told twice, or late, is no news: the state of a message says what is known, whether the message itself is on
    record or not.
    """

    def __init__(self, clock: Clock, ids: IdGenerator) -> None:
        self._clock = clock
        self._ids = ids

    async def record(
        self, uow: UnitOfWork, session_id: SessionId, changes: Sequence[AnyChange]
    ) -> Mapping[WhatsAppMessageId, MessageState]:
        """Stores what is news of them, and appends the events. Gives the states that have changed.

        Messages that its caller locks are locked before.
        """
        if not changes:
            return {}
        targets = {change.target for change in changes}
        # Most of what a look back tells is known: then nothing is locked or written.
        if not _news(changes, await uow.states.look_up(session_id, targets)):
            return {}
        known = await uow.states.lock(session_id, targets)
        states, told = _apply(changes, known)
        changed = {target: state for target, state in states.items() if state is not known[target]}
        await uow.states.save(session_id, changed)
        if told:
            messages = await uow.messages.look_up(session_id, {change.target for change in told})
            await uow.events.append([self._event(session_id, change, messages) for change in told])
        return changed

    def _event(
        self, session_id: SessionId, change: AnyChange, messages: Mapping[WhatsAppMessageId, Message]
    ) -> NewEvent:
        message = messages.get(change.target)
        return NewEvent(
            id=self._ids.event_id(),
            session_id=session_id,
            time=self._clock.now(),
            payload=_payload(change, None if message is None else message.id),
        )


def change_of(operation: Message, at: datetime) -> AnyChange | None:
    """What an operation of the account's own has done, at its page's time of it; None for other messages."""
    content = operation.content
    if not isinstance(content, OPERATIONS):
        return None
    return _change_of(content, operation, at)


def _change_of(content: Operation, operation: Message, at: datetime) -> AnyChange:
    common: dict[str, Any] = {
        "target": content.target,
        "chat": operation.chat,
        "by": operation.sender,
        "from_me": True,
        "at": at,
    }
    match content:
        case Reaction():
            return Reacted(**common, emoji=content.emoji)
        case Edit():
            return Edited(**common, body=content.body, mentions=content.mentions)
        case Revoke():
            return Revoked(**common)
        case PollVote():
            return Voted(**common, options=content.options)
        case Pin():
            return Pinned(**common, until=None if content.duration is None else at + content.duration)
        case _:
            assert_never(content)


def _payload(change: AnyChange, message_id: MessageId | None) -> Payload:
    payload: Payload = _PAYLOADS[type(change)](message_id=message_id, change=change)
    return payload


def _news(changes: Iterable[AnyChange], known: Mapping[WhatsAppMessageId, MessageState]) -> bool:
    return any((before := known.get(change.target, NOTHING_DONE)).apply(change) is not before for change in changes)


def _apply(
    changes: Iterable[AnyChange], known: Mapping[WhatsAppMessageId, MessageState]
) -> tuple[Mapping[WhatsAppMessageId, MessageState], Sequence[AnyChange]]:
    """The states after the changes, and those of the changes that say anything new."""
    states = dict(known)
    told: list[AnyChange] = []
    for change in changes:
        before = states[change.target]
        after = states[change.target] = before.apply(change)
        if after is not before and after.says_more(before, change):
            told.append(change)
    return states, told
