"""Writes to the audit log what its callers don't wait for."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.observability import catalogue
from application.observability.unmeasured import UNMEASURED
from application.ports.clock import Clock
from application.ports.metrics import Metrics
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.audit import GATEWAY, OK, AuditRecord, AuditTransport, Mark

BATCH: Final = 500
MOST: Final = 20_000
"""Records that wait at most while the database is away; who comes then is counted, and told as lost."""
_GATHER: Final = timedelta(milliseconds=20)
_AGAIN: Final = timedelta(seconds=1)
_LAST: Final = timedelta(seconds=2)

type FaultHook = Callable[[Exception], None]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Records that belong together; ``intent`` is what they end, and without which they are on record already."""

    records: Sequence[AuditRecord]
    intent: int | None = None


@dataclass(slots=True)
class _Batch:
    """What is committed together. ``mark``: where its last entry came to stand in a try whose end isn't known."""

    waiting: Sequence[_Waiting]
    lost: int
    mark: Mark | None = None

    def __len__(self) -> int:
        return sum(len(each.records) for each in self.waiting)


class AuditWriter:
    """One for each gateway: what comes within some milliseconds is committed together, and tried again until it is.

    Args:
        uow: where to.
        clock: when.
        metrics: what was written, what failed, and what was lost.
        on_fault: is told of each failure.
        most: how many records wait.
    """

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        clock: Clock,
        metrics: Metrics = UNMEASURED,
        on_fault: FaultHook = lambda _: None,
        most: int = MOST,
    ) -> None:
        self._uow = uow
        self._clock = clock
        self._metrics = metrics
        self._on_fault = on_fault
        self._most = most
        self._waiting: deque[_Waiting] = deque()
        self._batch: _Batch | None = None
        self._lost = 0
        self._came = asyncio.Event()
        self._writing = asyncio.Lock()

    async def write(self, records: Sequence[AuditRecord], intent: int) -> None:
        """Writes how something ended before it returns. Where that fails it is told, and tried again later."""
        waiting = _Waiting(records, intent)
        try:
            async with self._uow.begin() as uow:
                await _append(uow, [waiting])
        except Exception as error:  # noqa: BLE001 - whatever it is: the call was done, and must be answered
            self.tell(error)
            self._put(waiting)
        except BaseException:
            # Broken off: whether it was committed isn't known here, and its intent tells.
            self._put(waiting)
            raise
        else:
            self._metrics.add(catalogue.AUDIT_ENTRIES, amount=len(records))

    def put(self, records: Sequence[AuditRecord], intent: int | None = None) -> None:
        """Takes records that are to be written in a moment."""
        if records:
            self._put(_Waiting(records, intent))

    async def run(self) -> None:
        """Writes until cancelled. What is left then, ``write_rest`` writes."""
        while True:
            await self._came.wait()
            self._came.clear()
            # What comes meanwhile shares the commit.
            await self._clock.sleep(_GATHER)
            while self._waiting or self._batch:
                if not await self._write_batch():
                    await self._clock.sleep(_AGAIN)

    async def write_rest(self) -> None:
        """Writes what is left, at the end."""
        try:
            async with asyncio.timeout(_LAST.total_seconds()):
                while self._waiting or self._batch:
                    if not await self._write_batch():
                        break
        except TimeoutError as error:
            self.tell(error)
        left = sum(len(each.records) for each in self._waiting) + (len(self._batch) if self._batch else 0)
        if left:
            self._metrics.add(catalogue.AUDIT_LOST, amount=left)
            self.tell(RuntimeError(f"the gateway ends, and {left} audit records aren't written"))

    async def _write_batch(self) -> bool:
        """Writes the first of those that wait; tells whether they are on record."""
        # Two who had the same batch in hand would write it twice.
        async with self._writing:
            return not (self._waiting or self._batch) or await self._write_one()

    async def _write_one(self) -> bool:
        batch = self._batch or self._next_batch()
        self._batch = batch
        try:
            async with self._uow.begin() as uow:
                if batch.mark is None or not await _holds(uow, batch.mark):
                    batch.mark = await _append(uow, [*batch.waiting, *self._losses(batch.lost)])
        except Exception as error:  # noqa: BLE001 - whatever it is, the entries must not be forgotten for it
            self.tell(error)
            return False
        self._batch = None
        self._metrics.add(catalogue.AUDIT_ENTRIES, amount=len(batch))
        return True

    def _next_batch(self) -> _Batch:
        waiting = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        lost, self._lost = self._lost, 0
        return _Batch(waiting, lost)

    def _losses(self, lost: int) -> Sequence[_Waiting]:
        if not lost:
            return ()
        record = AuditRecord(
            time=self._clock.now(),
            operation="loseAuditRecords",
            result=OK,
            transport=AuditTransport.GATEWAY,
            actor=GATEWAY,
            count=lost,
        )
        return (_Waiting([record]),)

    def _put(self, waiting: _Waiting) -> None:
        if len(self._waiting) >= self._most:
            self._lost += len(waiting.records)
            self._metrics.add(catalogue.AUDIT_LOST, amount=len(waiting.records))
            return
        self._waiting.append(waiting)
        self._came.set()

    def tell(self, error: Exception) -> None:
        """Says that something couldn't be written: never silent."""
        self._metrics.add(catalogue.AUDIT_FAILURES)
        self._on_fault(error)


async def _append(uow: UnitOfWork, waiting: Sequence[_Waiting]) -> Mark | None:
    """Appends what isn't on record yet, and gives where the last entry came to stand."""
    records: list[AuditRecord] = []
    for each in waiting:
        if each.intent is None or await uow.audit_intents.remove(each.intent):
            records += each.records
    entries = await uow.audit.append(records)
    return entries[-1].mark if entries else None


async def _holds(uow: UnitOfWork, mark: Mark) -> bool:
    found = await uow.audit.scan(after=mark.sequence - 1, limit=1)
    return bool(found) and found[0].mark == mark
