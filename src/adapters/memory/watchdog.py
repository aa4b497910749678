"""The watchdog over the WhatsApp in memory."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Final, override

from adapters.memory.whatsapp import MemoryWhatsApp
from application.ports.clock import Clock
from application.ports.watchdog import Watchdog
from domain.ids import SessionId

_LOOK_AGAIN: Final = 0.02


class MemoryWatchdog(Watchdog):
    """Kills pages. Unlike the real one it is a part of the process that it watches."""

    def __init__(self, whatsapp: MemoryWhatsApp, clock: Clock) -> None:
        self._whatsapp = whatsapp
        self._clock = clock
        self._timers: dict[SessionId, asyncio.TimerHandle] = {}

    @override
    async def allow(self, until: Mapping[SessionId, timedelta]) -> None:
        now = self._clock.elapsed()
        for session_id, end in until.items():
            self._stop(session_id)
            if end <= now:
                self._kill(session_id)
            else:
                self._set(session_id, (end - now).total_seconds())

    @override
    async def dismiss(self, session_ids: Collection[SessionId]) -> None:
        for session_id in session_ids:
            self._stop(session_id)

    def _kill(self, session_id: SessionId) -> None:
        if self._whatsapp.profile(session_id).page is not None:
            self._whatsapp.kill_page(session_id, "its gateway has lost the session")
        self._set(session_id, _LOOK_AGAIN)

    def _set(self, session_id: SessionId, seconds: float) -> None:
        self._timers[session_id] = asyncio.get_running_loop().call_later(seconds, self._kill, session_id)

    def _stop(self, session_id: SessionId) -> None:
        if timer := self._timers.pop(session_id, None):
            timer.cancel()
