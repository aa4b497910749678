"""Keys that a backup brings back."""

from typing import Final

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import KeyStatus
from domain.ids import ApiKeyId

_PAGE: Final = 500


class ReviewRestoredKeys:
    """Counts keys that work, or ends them all. No gateway may be running: none is told of it."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock) -> None:
        self._uow = uow
        self._clock = clock

    async def execute(self, *, revoke: bool) -> int:
        """How many keys work, or did until they were revoked here, all or none.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """
        now, found = self._clock.now(), 0
        after: ApiKeyId | None = None
        async with self._uow.begin() as uow:
            while page := await uow.api_keys.list(after=after, limit=_PAGE):
                after = page[-1].id
                live = [key for key in page if key.status(now) is KeyStatus.ACTIVE]
                found += len(live)
                for key in live if revoke else ():
                    await uow.api_keys.save(key.revoke(now))
        return found
