"""The database, the bus and the cache as one simulated process reaches them."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, override

from adapters.memory.event_bus import MemoryEventBus
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
        self._world = gate.world

    @override
    def begin(self, fence: Lease | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._begin(fence)

    @asynccontextmanager
    async def _begin(self, fence: Lease | None) -> AsyncIterator[UnitOfWork]:
        gate, world = self._gate, self._world
        inner = world.database.begin(fence)
        uow = await gate.call("begin", inner.__aenter__, DATABASE)
        transaction = uow.messages._transaction  # type: ignore[attr-defined]  # of the memory adapter
        gate.process.transactions[id(transaction)] = transaction
        left = False

        async def commit() -> bool:
            nonlocal left
            if id(transaction) in gate.process.broken:
                raise unavailable(DATABASE)  # stopped on its way here, for longer than the database waits
            world.fresh_events, left = False, True
            writes = not transaction.is_empty
            await inner.__aexit__(None, None, None)
            if fence is not None and writes:
                world.check_fence(fence)
            return world.fresh_events

        try:
            yield _Statements(gate, uow)  # type: ignore[misc]  # has all that a unit of work has
            if await world.plant.commit(gate, transaction, commit):
                gate.process.feed.hint()
        except BaseException as error:
            if not left:
                await inner.__aexit__(type(error), error, error.__traceback__)
            raise
        finally:
            gate.process.transactions.pop(id(transaction), None)
            gate.process.broken.discard(id(transaction))


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
