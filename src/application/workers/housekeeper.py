"""What has to be done now and then, whichever sessions run."""

from datetime import datetime, timedelta
from typing import Final

from application.messages.expire_messages import ExpireMessages
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import TRANSIENT, PomboError

KEPT_ANSWERS: Final = timedelta(days=3)
"""How long the answer to a request with a key is kept: longer than any sensible caller goes on trying."""

_EVERY: Final = timedelta(seconds=1)
_PRUNE_EVERY: Final = timedelta(minutes=10)
_BATCH: Final = 1_000


class Housekeeper:
    """Gives up messages at their deadline, and forgets old answers. Several gateways may do it at once."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, expire: ExpireMessages) -> None:
        self._uow = uow
        self._clock = clock
        self._expire = expire
        self._pruned_at: datetime | None = None

    async def run(self) -> None:
        """Works until cancelled. What fails because the database is away is done at the next turn."""
        while True:
            try:
                await self._expire.execute()
                await self._prune()
            except PomboError as error:
                if error.kind not in TRANSIENT:
                    raise
            await self._clock.sleep(_EVERY)

    async def _prune(self) -> None:
        now = self._clock.now()
        # A clock that was set back mustn't put it off.
        if self._pruned_at is not None and abs(now - self._pruned_at) < _PRUNE_EVERY:
            return
        pruned = _BATCH
        while pruned == _BATCH:
            async with self._uow.begin() as uow:
                pruned = await uow.idempotency.prune(before=now - KEPT_ANSWERS, limit=_BATCH)
        self._pruned_at = now
