"""Remove events that are past their retention."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from application.ports.clock import Clock
from application.ports.event_log import EventLog
from domain.errors import TRANSIENT, PomboError

_EVERY: Final = timedelta(minutes=10)
_BATCH: Final = 1_000
_PAUSE: Final = timedelta(milliseconds=50)
"""Between two batches: a log that has grown for long is pruned beside the others' work, not before it."""


class EventRetention:
    """Prunes the log, a little at a time.

    Args:
        log: the log.
        clock: this process's time.
        keep: how long events are kept.
        needed_from: the sequence of the oldest event that somebody still needs, whatever its age; None when nobody
            needs any. Asked before each batch.
    """

    def __init__(
        self,
        log: EventLog,
        clock: Clock,
        keep: timedelta,
        needed_from: Callable[[], Awaitable[int | None]] | None = None,
    ) -> None:
        self._log = log
        self._clock = clock
        self._keep = keep
        self._needed_from = needed_from

    async def run(self) -> None:
        """Works until cancelled. A database that is away is tried again in the next round."""
        while True:
            try:
                await self.prune()
            except PomboError as error:
                if error.kind not in TRANSIENT:
                    raise
            await self._clock.sleep(_EVERY)

    async def prune(self) -> int:
        """Removes all that may go, and returns how many events that were.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``; what was removed until then stays removed.
        """
        removed = 0
        while True:
            needed = None if self._needed_from is None else await self._needed_from()
            batch = await self._log.prune(now=self._clock.now(), keep=self._keep, needed_from=needed, limit=_BATCH)
            removed += batch
            if batch < _BATCH:
                return removed
            await self._clock.sleep(_PAUSE)
