"""One message on its way through the page: what is tried, and what became of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from application.media.outgoing_files import OutgoingFiles
from application.messages import progress
from application.ports.clock import Clock
from application.ports.page_events import SeenMessage
from application.ports.whatsapp_driver import MessagingPage, Outgoing, OutgoingOperation
from domain.errors import ErrorKind, PomboError
from domain.event import Payload
from domain.jid import Jid
from domain.message import Failure, Message, MessageStatus
from domain.operations import OPERATIONS, Operation


@dataclass(frozen=True, slots=True)
class Expired:
    """The page doesn't hold it, and its deadline has passed."""


@dataclass(frozen=True, slots=True)
class Performed:
    """An operation has had its effect, at the page's time of it."""

    at: datetime


type Known = SeenMessage | Performed | Failure | Expired
type Outcome = Known | None
"""What became of a send: done, refused for good, too late, or (None) not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one run of the dispatcher works with.

    Attributes:
        accounts: the linked account's addresses.
        files: what has the files of messages.
    """

    page: MessagingPage
    tasks: asyncio.TaskGroup
    accounts: frozenset[Jid | None]
    clock: Clock
    files: OutgoingFiles


async def attempt(delivery: Delivery, message: Message, *, look_first: bool) -> Outcome:
    """Hands a message to the page, once; with ``look_first`` only when the page doesn't hold it."""
    if message.sender not in delivery.accounts:
        return Failure(
            reason="ACCOUNT_CHANGED",
            message="The session was linked to another account before the message had left.",
        )
    if isinstance(message.content, OPERATIONS):
        return await _attempt_operation(delivery, message, message.content, look_first=look_first)
    found = None
    if look_first:
        try:
            found = await delivery.page.find(message.whatsapp_id)
        except PomboError:
            return None  # whatever kept it from looking: it says nothing of the message
        if found is not None and found.status is not None:
            return found
    if found is None and _is_too_late(delivery, message):
        return Expired()
    outgoing = Outgoing(
        whatsapp_id=message.whatsapp_id,
        chat=message.chat,
        content=message.content,
        reply_to=message.reply_to,
        forwarded=message.forwarded,
    )
    try:
        async with delivery.files.of(message.content) as file:
            return await delivery.page.send(replace(outgoing, file=file))
    except PomboError as error:
        return _refusal(error)


async def _attempt_operation(delivery: Delivery, message: Message, content: Operation, *, look_first: bool) -> Outcome:
    """The same for an operation: what is looked for is its effect on the message that it concerns."""
    operation = OutgoingOperation(whatsapp_id=message.whatsapp_id, chat=message.chat, content=content)
    if look_first:
        try:
            done = await delivery.page.effect(operation)
        except PomboError:
            return None
        if done is not None:
            return Performed(done)
    if _is_too_late(delivery, message):
        return Expired()
    try:
        return Performed(await delivery.page.perform(operation))
    except PomboError as error:
        refusal = _refusal(error)
        if refusal is None or not look_first:
            return refusal
        # An earlier try may have done it: its effect can still come, or this page came up from an older snapshot and
        # can't see it. What this one was refused for says nothing of that.
        return Failure(
            reason="OUTCOME_UNKNOWN",
            message=f"It may have been done: a try's answer was lost, and the next was refused ({refusal.reason}).",
        )


def _is_too_late(delivery: Delivery, message: Message) -> bool:
    return message.expires_at is not None and message.expires_at <= delivery.clock.now()


def _refusal(error: PomboError) -> Failure | None:
    """Why it didn't leave and won't; None where the error doesn't say so."""
    return Failure(reason=error.reason, message=error.message) if _is_final(error.kind) else None


def conclude(message: Message, outcome: Known, now: datetime) -> tuple[Message, Sequence[Payload]]:
    """The message after its outcome, and the events to log."""
    match outcome:
        case Failure():
            return progress.fail(message, outcome, now)
        case Expired():
            return progress.expire(message, now)
        case SeenMessage():
            return progress.advance(message, outcome.status or MessageStatus.SENT, now)
        case Performed():
            return progress.advance(message, MessageStatus.SENT, now)
        case _:
            assert_never(outcome)


def word_for(outcome: Outcome) -> str:
    """An outcome in a word, for measurements."""
    match outcome:
        case SeenMessage() | Performed():
            return "sent"
        case Failure():
            return "refused"
        case Expired():
            return "expired"
        case None:
            return "unknown"
        case _:
            assert_never(outcome)


def _is_final(kind: ErrorKind) -> bool:
    """Whether an error says that the message did not leave and won't."""
    match kind:
        case ErrorKind.UNAVAILABLE | ErrorKind.DEADLINE_EXCEEDED | ErrorKind.INTERNAL:
            return False
        case (
            ErrorKind.INVALID_ARGUMENT
            | ErrorKind.UNAUTHENTICATED
            | ErrorKind.PERMISSION_DENIED
            | ErrorKind.NOT_FOUND
            | ErrorKind.ALREADY_EXISTS
            | ErrorKind.CONFLICT
            | ErrorKind.GONE
            | ErrorKind.TOO_LARGE
            | ErrorKind.UNSUPPORTED_MEDIA
            | ErrorKind.UNPROCESSABLE
            | ErrorKind.RATE_LIMITED
            | ErrorKind.CAPABILITY_UNAVAILABLE
        ):
            return True
        case _:
            assert_never(kind)
