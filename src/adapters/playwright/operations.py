"""Operations on messages, through the bridge."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, override

from adapters.playwright.changes import milliseconds
from adapters.playwright.fields import MalformedError
from adapters.playwright.handed import Handed
from adapters.playwright.questions import Questions
from adapters.playwright.refusals import page_unavailable
from application.ports.message_page import MessagePage
from application.ports.whatsapp_driver import OutgoingOperation
from domain.errors import DeadlineExceededError
from domain.ids import WhatsAppMessageId
from domain.operations import Edit, Pin, PollVote, Reaction, Revoke

_NEEDS: Final[Mapping[type[Any], str]] = {
    Reaction: "REACT",
    Edit: "EDIT",
    Revoke: "REVOKE",
    PollVote: "VOTE",
    Pin: "PIN",
}


def _react(reaction: Reaction) -> dict[str, Any]:
    return {"emoji": reaction.emoji}


def _edit(edit: Edit) -> dict[str, Any]:
    return {"body": edit.body, **({"mentions": [str(jid) for jid in edit.mentions]} if edit.mentions else {})}


def _revoke(_: Revoke) -> dict[str, Any]:
    return {}


def _vote(vote: PollVote) -> dict[str, Any]:
    return {"options": list(vote.options)}


def _pin(pin: Pin) -> dict[str, Any]:
    return {"pinned": pin.duration is not None, "seconds": int((pin.duration or timedelta()).total_seconds())}


_HAND: Final[Mapping[type[Any], tuple[str, Callable[[Any], dict[str, Any]]]]] = {
    Reaction: ("react", _react),
    Edit: ("edit", _edit),
    Revoke: ("revoke", _revoke),
    PollVote: ("vote", _vote),
    Pin: ("pin", _pin),
}


def hand_operation(operation: OutgoingOperation) -> Handed:
    """An operation for the bridge to do, or to look for: its kind is a field of the arguments, too."""
    kind = type(operation.content)
    command, args = _HAND[kind]
    return Handed(
        needs=(_NEEDS[kind],),
        command=command,
        args={
            "id": operation.whatsapp_id,
            "chat": str(operation.chat),
            "target": operation.content.target,
            **args(operation.content),
        },
    )


class MessageOperations:
    """Has operations done, and looks for what they have done."""

    def __init__(self, questions: Questions, within: timedelta) -> None:
        self._questions = questions
        self._within = within

    async def perform(self, operation: OutgoingOperation) -> datetime:
        """As ``MessagingPage`` has it."""
        handed = hand_operation(operation)
        self._questions.require(*handed.needs)
        late = DeadlineExceededError("SEND_UNCONFIRMED", "WhatsApp didn't confirm the operation in time.")
        return _time(await self._questions.ask(handed.command, handed.args, within=self._within, late=late))

    async def effect(self, operation: OutgoingOperation) -> datetime | None:
        """As ``MessagingPage`` has it."""
        handed = hand_operation(operation)
        found = await self._questions.ask("effect", {"kind": handed.command, **handed.args})
        return None if found is None else _time(found)


class PlaywrightMessagePage(MessagePage):
    """What is done to messages without a message of its own, through the bridge."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    @override
    async def star(self, message: WhatsAppMessageId, *, starred: bool) -> datetime:
        self._questions.require("STAR")
        return _time(await self._questions.ask("star", {"target": message, "starred": starred}))

    @override
    async def delete_for_me(self, message: WhatsAppMessageId) -> datetime:
        self._questions.require("DELETE_FOR_ME")
        return _time(await self._questions.ask("deleteForMe", {"target": message}))

    @override
    async def mark_played(self, message: WhatsAppMessageId) -> datetime:
        self._questions.require("MARK_PLAYED")
        return _time(await self._questions.ask("markPlayed", {"target": message}))


def _time(answer: object) -> datetime:
    if not isinstance(answer, Mapping):
        raise page_unavailable("it gave no time")
    try:
        return milliseconds(answer, "at")
    except MalformedError as error:
        raise page_unavailable("it gave a time that can't be read") from error
