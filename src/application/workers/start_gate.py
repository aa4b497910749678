"""Lets few sessions start at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from application.ports.clock import Clock

_LONGEST_TURN: Final = timedelta(seconds=90)
"""After the page is open. One that isn't through its start by then doesn't hold up the others any longer."""


class Turn:
    """A session's turn to start."""

    def __init__(self, gate: asyncio.Semaphore, clock: Clock) -> None:
        self._gate = gate
        self._clock = clock
        self._over = False
        self._limit: asyncio.Task[None] | None = None

    def opened(self) -> None:
        """The page is open; what is left of the start may take a while and no longer."""
        if not self._over and self._limit is None:
            self._limit = asyncio.create_task(self._expire(), name="start-turn")

    async def _expire(self) -> None:
        await self._clock.sleep(_LONGEST_TURN)
        self.over()

    def over(self) -> None:
        """The start has come to its end. May be called twice."""
        if not self._over:
            self._over = True
            self._gate.release()

    async def end(self) -> None:
        """Leaves nothing behind."""
        if self._limit is not None:
            self._limit.cancel()
            await asyncio.wait({self._limit})
        self.over()


class StartGate:
    """Turns, first come, first served: a browser that starts takes a processor for a second or more."""

    def __init__(self, at_once: int, clock: Clock) -> None:
        self._gate = asyncio.Semaphore(at_once)
        self._clock = clock

    @property
    def is_crowded(self) -> bool:
        """Whether who comes now has to wait."""
        return self._gate.locked()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Waits for a turn, and ends it with the context at the latest."""
        await self._gate.acquire()
        turn = Turn(self._gate, self._clock)
        try:
            yield turn
        finally:
            await turn.end()
