"""Waiting for an accepted message to leave."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Final

from application.messages.waiters import MessageWaiters
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import ErrorKind, PomboError, RateLimitedError, UnavailableError, UnprocessableError, error_of
from domain.ids import MessageId
from domain.message import Message, MessageStatus

_POLL_SECONDS: Final = 1.0
_LEFT: Final = frozenset(set(MessageStatus) - {MessageStatus.QUEUED, MessageStatus.SENDING})
_RATE_LIMITS: Final = frozenset({"REACHOUT_TIMELOCK", "NEW_CHAT_CAP"})


class Departures:
    """Waits until messages have left, or won't any more."""

    def __init__(self, uow: UnitOfWorkFactory, waiters: MessageWaiters) -> None:
        self._uow = uow
        self._waiters = waiters

    async def wait(self, message: Message, told: asyncio.Future[Message], wait: timedelta) -> Message:
        """The message when it has left, or as it stands when the wait is over: that ends the wait, not the message.

        Nobody waits for a scheduled one.
        """
        if not wait or message.not_before is not None:
            return message
        with suppress(TimeoutError):
            async with asyncio.timeout(wait.total_seconds()):
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

    Raises:
        CapabilityUnavailableError: the page can't send this.
        RateLimitedError: ``REACHOUT_TIMELOCK``, ``NEW_CHAT_CAP``.
        UnprocessableError: anything else that WhatsApp refused it for.
    """
    if message.status is not MessageStatus.FAILED or message.failure is None:
        return
    failure = message.failure
    kind: type[PomboError] = RateLimitedError if failure.reason in _RATE_LIMITS else UnprocessableError
    if failure.reason == "CAPABILITY_UNAVAILABLE":
        raise error_of(
            ErrorKind.CAPABILITY_UNAVAILABLE, failure.reason, failure.message, metadata={"message_id": message.id}
        )
    raise kind(failure.reason, failure.message, metadata={"message_id": message.id})
