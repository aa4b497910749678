"""Tells readers of the event log that it has grown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from application.ports.event_bus import EventBus
from application.ports.event_log import EventLog
from domain.errors import TRANSIENT, PomboError

TOPIC = "events"
_POLL_SECONDS = 1.0
"""How long an event that no hint told of can stay unread: the safety net, not the way."""


class EventFeed:
    """Settles new events and wakes who waits for them, here and in other processes."""

    def __init__(self, log: EventLog, bus: EventBus) -> None:
        self._log = log
        self._bus = bus
        self._hinted = asyncio.Event()
        self._grown = asyncio.Condition()
        self._head = 0

    def hint(self) -> None:
        """Says that events were committed. Cheap, and safe to call from anywhere on the loop."""
        self._hinted.set()

    async def run(self) -> None:
        """Works until cancelled. A database that is away is tried again at the next hint or poll."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_POLL_SECONDS):
                        await self._hinted.wait()
                self._hinted.clear()
                try:
                    await self._settle()
                except PomboError as error:
                    if error.kind not in TRANSIENT:
                        raise

    async def wait_beyond(self, cursor: int) -> int:
        """Waits until the log's head is beyond a cursor, and returns the head."""
        async with self._grown:
            await self._grown.wait_for(lambda: self._head > cursor)
            return self._head

    async def _settle(self) -> None:
        head = await self._log.settle()
        if head > self._head:
            async with self._grown:
                self._head = head
                self._grown.notify_all()
            await self._bus.publish(TOPIC, str(head))

    async def _listen(self) -> None:
        async with self._bus.subscribe(TOPIC) as heads:
            async for head in heads:
                await self._heard(head)

    async def _heard(self, head: str) -> None:
        if head.isdecimal() and int(head) > self._head:
            self.hint()


async def wait_or_poll(signals: AsyncIterator[str], seconds: float) -> None:
    """Returns at the next signal, or after some seconds: signals are hints and may be lost."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await anext(signals)
