"""One message on its way through the page: what is tried, and what became of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from application.messages import progress
from application.ports.clock import Clock
from application.ports.page_events import SeenMessage
from application.ports.whatsapp_driver import MessagingPage, Outgoing
from domain.errors import ErrorKind, PomboError
from domain.event import Payload
from domain.jid import Jid
from domain.message import Failure, Message, MessageStatus


@dataclass(frozen=True, slots=True)
class Expired:
    """The page doesn't hold it, and its deadline has passed."""


type Outcome = SeenMessage | Failure | Expired | None
"""What became of a send: done, refused for good, too late, or (None) not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one run of the dispatcher works with. ``accounts``: the linked account's addresses."""

    page: MessagingPage
    tasks: asyncio.TaskGroup
    accounts: frozenset[Jid | None]
    clock: Clock


async def attempt(delivery: Delivery, message: Message, *, look_first: bool) -> Outcome:
    """Hands a message to the page, once; with ``look_first`` only when the page doesn't hold it."""
    if message.sender not in delivery.accounts:
        return Failure(
            reason="ACCOUNT_CHANGED",
            message="The session was linked to another account before the message had left.",
        )
    found = None
    if look_first:
        try:
            found = await delivery.page.find(message.whatsapp_id)
        except PomboError:
            return None  # whatever kept it from looking: it says nothing of the message
        if found is not None and found.status is not None:
            return found
    if found is None and message.expires_at is not None and message.expires_at <= delivery.clock.now():
        return Expired()
    outgoing = Outgoing(
        whatsapp_id=message.whatsapp_id, chat=message.chat, content=message.content, reply_to=message.reply_to
    )
    try:
        return await delivery.page.send(outgoing)
    except PomboError as error:
        return Failure(reason=error.reason, message=error.message) if _is_final(error.kind) else None


def conclude(
    message: Message, outcome: SeenMessage | Failure | Expired, now: datetime
) -> tuple[Message, Sequence[Payload]]:
    """The message after its outcome, and the events to log."""
    match outcome:
        case Failure():
            return progress.fail(message, outcome, now)
        case Expired():
            return progress.expire(message, now)
        case SeenMessage():
            return progress.advance(message, outcome.status or MessageStatus.SENT, now)
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
