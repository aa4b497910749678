"""Keys that work elsewhere, and not here."""

from collections.abc import Collection

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory


class CountForeignKeys:
    """Counts keys whose hashes were made under a secret that isn't here: whoever sends one is refused as unknown."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, secret_ids: Collection[str]) -> None:
        self._uow = uow
        self._clock = clock
        self._secret_ids = secret_ids

    async def execute(self) -> int:
        """Those that are neither revoked nor expired.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """
        async with self._uow.begin() as uow:
            return await uow.api_keys.count_under_others(self._secret_ids, self._clock.now())
