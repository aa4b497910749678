"""Which events retention must leave."""

from datetime import timedelta
from typing import Final

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory

LETTERS_HOLD: Final = timedelta(days=30)
"""How long a dead letter keeps its event in the log, whatever the log's retention is."""


class NeededEvents:
    """Tells from which event on somebody still needs the log."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock) -> None:
        self._uow = uow
        self._clock = clock

    async def execute(self) -> int | None:
        """Its place in the log; None when nobody needs any.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """
        async with self._uow.begin() as uow:
            return await uow.webhook_queue.needed_from(buried_since=self._clock.now() - LETTERS_HOLD)
