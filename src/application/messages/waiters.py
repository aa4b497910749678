"""Callers that wait for a message to leave."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

from domain.ids import MessageId
from domain.message import Message


class MessageWaiters:
    """Wakes whoever waits for a message when it has been sent or has failed, in this process."""

    def __init__(self) -> None:
        self._waiting: dict[MessageId, list[asyncio.Future[Message]]] = {}
        self._limits: set[asyncio.Timeout] = set()
        self._end: float | None = None

    @contextmanager
    def expect(self, message_id: MessageId) -> Iterator[asyncio.Future[Message]]:
        """A future of the message's next state. Ask before the message can be claimed, so that nothing is missed."""
        future = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(message_id, [])
        waiting.append(future)
        try:
            yield future
        finally:
            waiting.remove(future)
            if not waiting:
                self._waiting.pop(message_id, None)

    @asynccontextmanager
    async def patience(self, wait: timedelta) -> AsyncIterator[None]:
        """What is awaited inside ends after the wait, or with all waits.

        Raises:
            TimeoutError: it was over.
        """
        until = asyncio.get_running_loop().time() + wait.total_seconds()
        limit = asyncio.timeout_at(until if self._end is None else min(until, self._end))
        self._limits.add(limit)
        try:
            async with limit:
                yield
        finally:
            self._limits.discard(limit)

    def end(self, within: timedelta) -> None:
        """Ends all waits within a time, those that begin later as well: the process stops, and has to answer first."""
        self._end = end = asyncio.get_running_loop().time() + within.total_seconds()
        for limit in self._limits:
            if (when := limit.when()) is not None and when > end:
                limit.reschedule(end)

    def tell(self, message: Message) -> None:
        """Hands a committed state to who waits for it."""
        for future in self._waiting.get(message.id, ()):
            if not future.done():
                future.set_result(message)
