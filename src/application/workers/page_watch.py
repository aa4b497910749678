"""What a page is at, since when, and for how long it may be."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from application.ports.clock import Clock
from application.ports.whatsapp_driver import Probe
from application.workers.page_inbox import PageInbox
from application.workers.page_phase import AGREES, LIMITS, UP, Overdue, Phase

STEADY: Final = timedelta(minutes=10)
"""A page that has been sound for so long has got over whatever was before."""
_FIRST_LOST: Final = timedelta(minutes=5)
_LONGEST_LOST: Final = timedelta(hours=1)
"""A page that can't reach WhatsApp tries by itself; it is loaded anew after pauses that double up to this."""

_SOUND: Final = frozenset({Phase.WORKING, Phase.QR, Phase.QR_ENDED})


class PageWatch:
    """Knows the phase of a page, and says when it has been in one that should pass for too long."""

    def __init__(self, inbox: PageInbox, clock: Clock, jitter: Callable[[], float], on_up: Callable[[], None]) -> None:
        self._inbox = inbox
        self._clock = clock
        self._jitter = jitter
        self._on_up = on_up
        self._now = asyncio.get_running_loop().time
        self._sound_since: float | None = None
        self._lost_pause = _FIRST_LOST
        self._entered = asyncio.Event()
        self.phase = Phase.LOADING
        self.entry = 1
        """Counts the phases that the page has been in."""

    def enter(self, phase: Phase) -> None:
        """Notes what the page is at now. The time of one that it is at already goes on."""
        if phase is not self.phase:
            self._begin(phase)

    def start_over(self) -> None:
        """The page loads, again."""
        self._begin(Phase.LOADING)

    def _begin(self, phase: Phase) -> None:
        if phase not in _SOUND:
            self._sound_since = None
        elif self._sound_since is None:
            self._sound_since = self._now()
        if phase in _SOUND:
            self._lost_pause = _FIRST_LOST
        self.phase = phase
        self.entry += 1
        self._entered.set()
        if phase in UP:
            self._on_up()

    def contradicts(self, probe: Probe) -> bool:
        """Whether a probe found something else than the page is at."""
        return probe.health not in AGREES[self.phase]

    def sound_for(self) -> timedelta:
        """For how long it has been working, or showing what a person can link by."""
        since = self._sound_since
        return timedelta(0) if since is None else timedelta(seconds=self._now() - since)

    def is_steady(self) -> bool:
        """Whether it has been sound for so long that what was before doesn't matter."""
        return self.sound_for() >= STEADY

    def was_up(self) -> bool:
        """Whether the page had got through its start."""
        return self.phase in UP

    @property
    def limit_text(self) -> str:
        """The limit of the present phase, for people."""
        return f"{LIMITS.get(self.phase, timedelta(0)).total_seconds() / 60:.0f} minutes"

    async def run(self) -> None:
        """Works until cancelled."""
        while True:
            self._entered.clear()
            entry, limit = self.entry, self._limit()
            waiting: list[asyncio.Task[Any]] = [asyncio.create_task(self._entered.wait())]
            if limit is not None:
                waiting.append(asyncio.create_task(self._clock.sleep(limit)))
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in waiting:
                    task.cancel()
            if not self._entered.is_set():
                self._inbox.put(Overdue(entry=entry))
                await self._entered.wait()

    def _limit(self) -> timedelta | None:
        if self.phase is not Phase.LOST:
            return LIMITS.get(self.phase)
        pause, self._lost_pause = self._lost_pause, min(self._lost_pause * 2, _LONGEST_LOST)
        return pause * (0.75 + self._jitter() / 2)
