"""Signals within this process."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, override

from application.ports.event_bus import EventBus

_QUEUE_LENGTH: Final = 1_000


class _Subscription:
    """One subscriber's queue: the oldest makes room for the newest."""

    def __init__(self, length: int) -> None:
        self._payloads: deque[str] = deque(maxlen=length)
        self._arrived = asyncio.Event()

    def put(self, payload: str) -> None:
        self._payloads.append(payload)
        self._arrived.set()

    def __aiter__(self) -> "_Subscription":
        return self

    async def __anext__(self) -> str:
        await self._arrived.wait()
        payload = self._payloads.popleft()
        if not self._payloads:
            self._arrived.clear()
        return payload


class MemoryEventBus(EventBus):
    """Wakes subscribers of this process, at once.

    Args:
        queue_length: how many payloads wait for a slow reader before it misses the oldest.
    """

    def __init__(self, queue_length: int = _QUEUE_LENGTH) -> None:
        self._queue_length = queue_length
        self._subscriptions: dict[str, dict[_Subscription, None]] = {}

    @override
    async def publish(self, topic: str, payload: str = "") -> None:
        for subscription in self._subscriptions.get(topic, ()):
            subscription.put(payload)

    @override
    def subscribe(self, topic: str) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        return self._subscribe(topic)

    @asynccontextmanager
    async def _subscribe(self, topic: str) -> AsyncIterator[AsyncIterator[str]]:
        subscription = _Subscription(self._queue_length)
        # In the order of their coming: a simulation's runs must not depend on addresses, as a set's order does.
        self._subscriptions.setdefault(topic, {})[subscription] = None
        try:
            yield subscription
        finally:
            subscribers = self._subscriptions[topic]
            subscribers.pop(subscription, None)
            if not subscribers:
                del self._subscriptions[topic]
