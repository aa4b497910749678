"""Signals between tasks and processes."""

from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class EventBus(Protocol):
    """Carries hints, never data that must arrive: a signal may be lost when a server is away.

    Whoever waits for one also looks now and then by itself.
    """

    @abstractmethod
    async def publish(self, topic: str, payload: str = "") -> None:
        """Wakes a topic's subscribers, in this process at once, in others when the bus is up. Never fails."""

    @abstractmethod
    def subscribe(self, topic: str) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """The payloads published on a topic while the context is open. A slow reader misses the oldest.

        A wait for the next payload may be cancelled (by a timeout, say); the iterator goes on working after that.
        """
