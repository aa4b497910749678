"""Remove entries that are past their retention."""

from datetime import timedelta
from typing import Final

from application.audit.trail import own_record
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.audit import REMOVED
from domain.audit_check import PRUNE
from domain.errors import TRANSIENT, PomboError

_EVERY: Final = timedelta(hours=6)
_BATCH: Final = 2_000
_PAUSE: Final = timedelta(milliseconds=200)
"""Between two batches, each of which keeps writers waiting."""


class AuditRetention:
    """Removes the oldest entries, and says in the log itself how far: by that the rest can be checked.

    Args:
        uow: where they are.
        clock: this process's time.
        keep: how long entries are kept.
    """

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, keep: timedelta) -> None:
        self._uow = uow
        self._clock = clock
        self._keep = keep

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
        """Removes all that may go, and returns how many entries that were.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``; what was removed until then stays removed.
        """
        total = 0
        while True:
            now = self._clock.now()
            async with self._uow.begin() as uow:
                removed = await uow.audit.prune(now=now, keep=self._keep, limit=_BATCH)
                if removed:
                    ends = await uow.audit.ends()
                    await uow.audit.append([own_record(now, PRUNE, f"{REMOVED}:{ends.removed}", count=removed)])
            total += removed
            if removed < _BATCH:
                return total
            await self._clock.sleep(_PAUSE)
