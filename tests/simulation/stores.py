"""The database, the bus and the cache as one simulated process reaches them."""

from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, override

from adapters.memory.event_bus import MemoryEventBus
from adapters.memory.transaction import Transaction
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.lease import Lease
from tests.simulation.gate import DATABASE, Gate, Gated, unavailable


class _Statements:
    """A unit of work whose every statement goes through the gate."""

    def __init__(self, gate: Gate, inner: UnitOfWork) -> None:
        self._gate = gate
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        gated = Gated(self._gate, getattr(self._inner, name), name, DATABASE)
        self.__dict__[name] = gated
        return gated


class SimulatedUnitsOfWork(UnitOfWorkFactory):
    """Transactions of one process. When it dies the open ones are taken back; a commit may have stood before that."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    @override
    def begin(self, fence: Lease | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        return _Opened(self._gate, fence)


class _Opened(AbstractAsyncContextManager[UnitOfWork]):
    """One transaction."""

    def __init__(self, gate: Gate, fence: Lease | None) -> None:
        self._gate = gate
        self._fence = fence
        self._inner = gate.world.database.begin(fence)
        self._left = False

    @override
    async def __aenter__(self) -> UnitOfWork:
        uow = await self._gate.call("begin", self._inner.__aenter__, DATABASE)
        self._transaction: Transaction = uow.messages._transaction  # type: ignore[attr-defined] # of the memory adapter
        self._gate.process.transactions[id(self._transaction)] = self._transaction
        return _Statements(self._gate, uow)  # type: ignore[return-value]  # has all that a unit of work has

    @override
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        gate, transaction = self._gate, self._transaction
        try:
            if error is not None:
                await self._inner.__aexit__(kind, error, trace)
            elif await gate.world.plant.commit(gate, transaction, self._commit):
                gate.process.feed.hint()
        except BaseException as failure:
            if error is None and not self._left:
                await self._inner.__aexit__(type(failure), failure, failure.__traceback__)
            raise
        finally:
            gate.process.transactions.pop(id(transaction), None)
            gate.process.broken.discard(id(transaction))

    async def _commit(self) -> bool:
        world, transaction = self._gate.world, self._transaction
        if id(transaction) in self._gate.process.broken:
            raise unavailable(DATABASE)  # stopped on its way here, for longer than the database waits
        world.fresh_events, self._left = False, True
        writes = not transaction.is_empty
        await self._inner.__aexit__(None, None, None)
        if self._fence is not None and writes:
            world.check_fence(self._fence)
        return world.fresh_events


class SimulatedBus(MemoryEventBus):
    """Signals between processes. While the bus is away they are lost."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    @override
    async def publish(self, topic: str, payload: str = "") -> None:
        world = self._gate.world
        if world.calm:
            await self._reach_all(topic, payload)
            return
        await self._gate.pause()
        lossy = "bus-lost" in world.plan.features and world.chance.random() < 0.3
        if lossy or "bus" in world.away:
            await super().publish(topic, payload)  # in this process it needs no server
        else:
            await self._reach_all(topic, payload)

    async def _reach_all(self, topic: str, payload: str) -> None:
        for process in self._gate.world.running():
            await MemoryEventBus.publish(process.bus, topic, payload)
