"""Remove files whose time is over, and contents that nothing has any more."""

from datetime import timedelta
from typing import Final

from application.ports.clock import Clock
from application.ports.media_store import MediaStore
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import TRANSIENT, PomboError

GRACE: Final = timedelta(hours=1)
"""How long a content that belongs to no file may be on its way into the store."""

_EVERY: Final = timedelta(minutes=10)
_BATCH: Final = 200
_FEW: Final = 20
"""Contents that are removed in one unit of work, which holds their rows meanwhile."""


class MediaRetention:
    """Prunes the store, a little at a time. Several gateways may do it at once."""

    def __init__(self, uow: UnitOfWorkFactory, store: MediaStore, clock: Clock) -> None:
        self._uow = uow
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Works until cancelled. A database or a store that is away is tried again in the next round."""
        while True:
            try:
                await self.prune()
            except PomboError as error:
                if error.kind not in TRANSIENT:
                    raise
            await self._clock.sleep(_EVERY)

    async def prune(self) -> tuple[int, int]:
        """Removes all that may go; tells how many files and how many contents that were.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``, ``MEDIA_STORE_UNAVAILABLE``; what went until then stays gone.
        """
        files = contents = 0
        while True:
            async with self._uow.begin() as uow:
                expired = await uow.media.expire(now=self._clock.now(), limit=_BATCH)
            files += expired
            if expired < _BATCH:
                break
        while True:
            async with self._uow.begin() as uow:
                unneeded = await uow.media.unneeded(before=self._clock.now() - GRACE, limit=_FEW)
                for sha256 in unneeded:
                    # Before the commit: who wants to store the same waits, and finds it gone.
                    await self._store.delete(sha256)
            contents += len(unneeded)
            if len(unneeded) < _FEW:
                return files, contents
