"""Callers that wait for a message to leave."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from domain.ids import MessageId
from domain.message import Message


class MessageWaiters:
    """Wakes whoever waits for a message when it has been sent or has failed, in this process."""

    def __init__(self) -> None:
        self._waiting: dict[MessageId, list[asyncio.Future[Message]]] = {}

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

    def tell(self, message: Message) -> None:
        """Hands a committed state to who waits for it."""
        for future in self._waiting.get(message.id, ()):
            if not future.done():
                future.set_result(message)
