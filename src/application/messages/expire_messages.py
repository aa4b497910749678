"""Give up queued messages whose deadline has passed."""

from typing import Final

from application.messages import progress
from application.messages.waiters import MessageWaiters
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.event import NewEvent

_BATCH: Final = 500


class ExpireMessages:
    """Of all sessions, those that don't run included."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, ids: IdGenerator, waiters: MessageWaiters) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._waiters = waiters

    async def execute(self) -> int:
        """Gives up what is due, and returns how many they were.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``; doing it again is right.
        """
        count = 0
        while expired := await self._batch():
            count += expired
        return count

    async def _batch(self) -> int:
        now = self._clock.now()
        async with self._uow.begin() as uow:
            changes = [
                progress.expire(message, now) for message in await uow.outbox.lock_expired(now=now, limit=_BATCH)
            ]
            await uow.messages.save([message for message, _ in changes])
            await uow.events.append(
                [
                    NewEvent(id=self._ids.event_id(), session_id=message.session_id, time=now, payload=payload)
                    for message, payloads in changes
                    for payload in payloads
                ]
            )
        for message, _ in changes:
            self._waiters.tell(message)
        return len(changes)
