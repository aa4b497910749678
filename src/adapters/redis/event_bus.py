"""Signals between processes."""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, override

import structlog
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from adapters.redis.connection import AWAY, describe
from application.ports.event_bus import EventBus

_log = structlog.get_logger(__name__)
_PREFIX: Final = "pombo:"
_WAITING: Final = 1_000
_AT_ONCE: Final = 100
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_SILENCE_SECONDS: Final = 10.0
"""After so long without a word the server is asked for one, and after twice as long it counts as away."""


class RedisEventBus(EventBus):
    """Hands signals to this process's own bus at once, and to other processes by Redis's publish and subscribe.

    While Redis is away, signals to others are lost, as the port allows; it comes back by itself.

    Args:
        client: the connection. Its database's number keeps gateways apart that share a server.
        local: the bus within this process.
        prefix: what the channels start with; no globbing characters.
    """

    def __init__(self, client: Redis, local: EventBus, *, prefix: str = _PREFIX) -> None:
        self._client = client
        self._local = local
        self._channel = f"{prefix}{client.connection_pool.connection_kwargs.get('db') or 0}:bus:"
        self._node = secrets.token_hex(8)
        # The oldest make room: a newer hint tells at least as much.
        self._outgoing: deque[tuple[str, str]] = deque(maxlen=_WAITING)
        self._has_outgoing = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def open(cls, client: Redis, local: EventBus, *, prefix: str = _PREFIX) -> AsyncIterator["RedisEventBus"]:
        """A bus that is connected, or tries to be, while the context is open."""
        bus = cls(client, local, prefix=prefix)
        tasks = [
            asyncio.create_task(bus._persist("send", bus._send), name="redis bus: send"),
            asyncio.create_task(bus._persist("receive", bus._receive), name="redis bus: receive"),
        ]
        try:
            yield bus
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @override
    async def publish(self, topic: str, payload: str = "") -> None:
        await self._local.publish(topic, payload)
        self._outgoing.append((topic, payload))
        self._has_outgoing.set()

    @override
    def subscribe(self, topic: str) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        return self._local.subscribe(topic)

    async def _persist(self, what: str, work: Callable[[Callable[[], None]], Awaitable[None]]) -> None:
        """Does the work again and again, with longer pauses while it doesn't succeed."""
        pause = _FIRST_PAUSE

        def succeeded() -> None:
            nonlocal pause
            pause = _FIRST_PAUSE

        while True:
            try:
                await work(succeeded)
            except AWAY as error:
                _log.warning("redis_bus_interrupted", what=what, error=describe(error), retry_seconds=pause)
            except Exception:  # noqa: BLE001 - the bus never fails its users: a fault of our own is told and tried past
                _log.exception("redis_bus_fault", what=what)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _send(self, succeeded: Callable[[], None]) -> None:
        while True:
            await self._has_outgoing.wait()
            batch = [self._outgoing.popleft() for _ in range(min(_AT_ONCE, len(self._outgoing)))]
            if not self._outgoing:
                self._has_outgoing.clear()
            pipeline = self._client.pipeline(transaction=False)
            for topic, payload in batch:
                # Only noted by the pipeline, and sent with it.
                _ = pipeline.publish(self._channel + topic, f"{self._node} {payload}")
            await pipeline.execute()
            succeeded()

    async def _receive(self, succeeded: Callable[[], None]) -> None:
        async with self._client.pubsub(ignore_subscribe_messages=True) as subscription:
            await subscription.psubscribe(f"{self._channel}*")
            succeeded()
            has_asked = False
            while True:
                message = await subscription.get_message(timeout=_SILENCE_SECONDS)
                if message is not None:
                    has_asked = False
                    if message["type"] == "pmessage":
                        await self._hear(message["channel"].decode(), message["data"].decode())
                elif has_asked:
                    raise RedisConnectionError("the server has gone silent")
                else:
                    await subscription.ping()
                    has_asked = True

    async def _hear(self, channel: str, data: str) -> None:
        node, _, payload = data.partition(" ")
        if node != self._node:
            await self._local.publish(channel.removeprefix(self._channel), payload)
