"""What people do to messages, in the WhatsApp in memory."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.memory.accounts import Account, flip_quoted
from application.ports.page_events import SeenMessage
from application.ports.whatsapp_driver import OutgoingOperation
from domain.changes import AnyChange, Edited, Pinned, Reacted, Revoked, Voted
from domain.errors import UnprocessableError
from domain.ids import WhatsAppMessageId
from domain.jid import Jid
from domain.message_state import MessageState
from domain.operations import EDIT_WITHIN, REVOKE_WITHIN, Edit, Operation, Pin, PollVote, Reaction, Revoke
from domain.poll_content import Poll

_TICK: Final = timedelta(milliseconds=1)


class Stopwatch:
    """Times in whole milliseconds, each later than the one before: two changes at once would be no order."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._last: datetime | None = None

    def next(self) -> datetime:
        """The time, or as soon after the last one as can be told apart."""
        now = self._now()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self._last = now if self._last is None else max(now, self._last + _TICK)
        return self._last


def change_by(account: Account, operation: OutgoingOperation, at: datetime) -> AnyChange:
    """What an operation does, in its own account's view."""
    content = operation.content
    return _CHANGES[type(content)](content, common_to_changes(account, content.target, operation.chat, at))


def common_to_changes(account: Account, target: WhatsAppMessageId, chat: Jid, at: datetime) -> dict[str, Any]:
    """What every change by a person has, in their own account's view."""
    return {
        "target": target,
        "chat": chat,
        "by": account.jid,
        "alternate": account.lid,
        "from_me": True,
        "at": at,
    }


def _pinned(pin: Pin, common: Mapping[str, Any]) -> Pinned:
    return Pinned(**common, until=None if pin.duration is None else common["at"] + pin.duration)


_CHANGES: Final[Mapping[type[Any], Callable[[Any, Mapping[str, Any]], AnyChange]]] = {
    Reaction: lambda reaction, common: Reacted(**common, emoji=reaction.emoji),
    Edit: lambda edit, common: Edited(**common, body=edit.body, mentions=edit.mentions),
    Revoke: lambda _, common: Revoked(**common),
    PollVote: lambda vote, common: Voted(**common, options=vote.options),
    Pin: _pinned,
}


def for_other(change: AnyChange, writer: Account) -> AnyChange:
    """The same change in the view of the other person of the chat."""
    return replace(change, target=flip_quoted(change.target, writer), chat=writer.jid, from_me=False)


def effect_of(operation: Operation, state: MessageState | None) -> datetime | None:
    """When the operation's effect came about, as far as a state remembers it.

    That nothing is there is no proof that something was taken back.
    """
    if state is None:
        return None
    match operation:
        case Reaction(emoji=emoji):
            mine = next((each for each in state.reactions if each.from_me), None)
            return mine.at if mine is not None and mine.emoji == emoji else None
        case PollVote(options=options):
            vote = next((each for each in state.votes if each.from_me), None)
            return vote.at if vote is not None and vote.options == options else None
        case Edit(body=body, mentions=mentions):
            edit = state.edited
            return edit.at if edit is not None and (edit.body, edit.mentions) == (body, mentions) else None
        case Revoke():
            return None if state.revoked is None else state.revoked.at
        case Pin(duration=duration):
            pin = state.pinned
            until = None if pin is None or duration is None else pin.at + duration
            return pin.at if pin is not None and pin.until == until else None


def check_allowed(target: SeenMessage | None, state: MessageState | None, operation: Operation, now: datetime) -> None:
    """WhatsApp's rules.

    Raises:
        UnprocessableError: ``TARGET_UNKNOWN``, ``NOT_AN_OWN_MESSAGE``, ``EDIT_TOO_LATE``, ``REVOKE_TOO_LATE``,
            ``SEND_REFUSED``.
    """
    if target is None:
        raise UnprocessableError("TARGET_UNKNOWN", "There is no such message.")
    if state is not None and state.revoked is not None and not isinstance(operation, Revoke):
        raise UnprocessableError("SEND_REFUSED", "The message was deleted.")
    age = now - target.timestamp
    match operation:
        case Edit() | Revoke() if not target.from_me:
            raise UnprocessableError("NOT_AN_OWN_MESSAGE", "Somebody else wrote it.")
        case Edit() if age > EDIT_WITHIN:
            raise UnprocessableError("EDIT_TOO_LATE", "It is too old to be edited.")
        case Revoke() if age > REVOKE_WITHIN:
            raise UnprocessableError("REVOKE_TOO_LATE", "It is too old to be deleted for everyone.")
        case PollVote() if not isinstance(target.content, Poll):
            raise UnprocessableError("SEND_REFUSED", "It isn't a poll.")
        case _:
            pass
