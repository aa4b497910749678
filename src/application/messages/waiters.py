"""Callers that wait for a message to leave."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from domain.ids import MessageId
from domain.message import Message


class MessageWaiters:
    """Wakes whoever waits for a message when it has been sent or has failed, in this process."""

    def __init__(self) -> None:
        self._waiting: dict[MessageId, asyncio.Future[Message]] = {}

    @contextmanager
    def expect(self, message_id: MessageId) -> Iterator[asyncio.Future[Message]]:
        """A future of the message's next state. Ask before the message can be claimed, so that nothing is missed."""
        future = asyncio.get_running_loop().create_future()
        self._waiting[message_id] = future
        try:
            yield future
        finally:
            del self._waiting[message_id]

    def tell(self, message: Message) -> None:
        """Hands a committed state to who waits for it."""
        future = self._waiting.get(message.id)
        if future is not None and not future.done():
            future.set_result(message)
