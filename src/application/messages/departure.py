"""Waiting for an accepted message to leave."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Final

from application.messages.waiters import MessageWaiters
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import ErrorKind, UnavailableError, error_of
from domain.ids import MessageId
from domain.message import Message, MessageStatus

_POLL_SECONDS: Final = 1.0
_LEFT: Final = frozenset(set(MessageStatus) - {MessageStatus.QUEUED, MessageStatus.SENDING})
_KINDS: Final = {
    "ACCOUNT_CHANGED": ErrorKind.CONFLICT,
    "CAPABILITY_UNAVAILABLE": ErrorKind.CAPABILITY_UNAVAILABLE,
    "GROUP_NOT_FOUND": ErrorKind.NOT_FOUND,
    "MEDIA_EXPIRED": ErrorKind.GONE,
    "MEDIA_MISSING": ErrorKind.NOT_FOUND,
    "MEDIA_TOO_LARGE": ErrorKind.TOO_LARGE,
    "NEW_CHAT_CAP": ErrorKind.RATE_LIMITED,
    "REACHOUT_TIMELOCK": ErrorKind.RATE_LIMITED,
}
"""Of the reasons for which a message fails; any other is something that WhatsApp refused."""


class Departures:
    """Waits until messages have left, or won't any more."""

    def __init__(self, uow: UnitOfWorkFactory, waiters: MessageWaiters) -> None:
        self._uow = uow
        self._waiters = waiters

    async def wait(self, message: Message, told: asyncio.Future[Message], wait: timedelta) -> Message:
        """The message when it has left, or as it stands when the wait is over: that ends the wait, not the message.

        A stop of the gateway ends waits sooner (``MessageWaiters.end``).

        Nobody waits for a scheduled one.
        """
        if not wait or message.not_before is not None:
            return message
        with suppress(TimeoutError):
            async with self._waiters.patience(wait):
                while message.status not in _LEFT:
                    done, _ = await asyncio.wait({told}, timeout=_POLL_SECONDS)
                    if done:
                        return told.result()
                    # It is accepted, whatever becomes of this look: a database that is away now doesn't undo that.
                    with suppress(UnavailableError):
                        message = await self.look(message.id)
        return message

    async def again(self, message_id: MessageId, wait: timedelta) -> Message:
        """The same for a message that was accepted before."""
        with self._waiters.expect(message_id) as told:
            return await self.wait(await self.look(message_id), told, wait)

    async def look(self, message_id: MessageId) -> Message:
        """The message as it stands."""
        async with self._uow.begin() as uow:
            return await uow.messages.get(message_id)


def raise_failure(message: Message) -> None:
    """Tells a caller who waited why the message failed; the stored message tells everybody else.

    The error is the one that the same reason is everywhere else: a failure is kept without its kind.

    Raises:
        PomboError: the failure.
    """
    if message.status is not MessageStatus.FAILED or message.failure is None:
        return
    failure = message.failure
    kind = _KINDS.get(failure.reason, ErrorKind.UNPROCESSABLE)
    raise error_of(kind, failure.reason, failure.message, metadata={"message_id": message.id})
