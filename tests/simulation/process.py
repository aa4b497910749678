"""One life of the gateway's process."""

import asyncio
from collections.abc import Coroutine
from contextvars import copy_context
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from dependency_injector import providers

from adapters.memory.metrics import MemoryMetrics
from adapters.memory.proxy_connector import MemoryProxyConnector
from adapters.memory.rate_limiter import MemoryRateLimiter
from adapters.memory.tracer import MemoryTracer
from adapters.memory.transaction import Transaction
from application.observability.catalogue import MEASURES
from application.observability.instruments import Instruments
from application.ports.whatsapp_driver import WhatsAppPage
from application.workers.keeper_settings import KeeperSettings
from application.workers.ownership import LeaseTerms
from domain.ids import SessionId
from domain.lease import Owner
from domain.webhook import RetrySchedule
from entrypoints.container import Container
from tests.simulation.browser import SimulatedDriver, SimulatedWatchdog
from tests.simulation.files import simulated_parts
from tests.simulation.gate import CACHE, DATABASE, Gate, Gated
from tests.simulation.loop import OWNER
from tests.simulation.receivers import SimulatedSender
from tests.simulation.stores import SimulatedBus, SimulatedUnitsOfWork

if TYPE_CHECKING:
    from tests.simulation.world import World


LEASE: Final = timedelta(seconds=5)
_IDLE_TRANSACTION: Final = 10.0
"""After this many seconds the database ends a transaction whose client is silent."""
_RETRIES: Final = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 4))
"""The order of what happens is the schedule's, not its hours."""


class DisconnectedError(Exception):
    """A caller's connection to the gateway broke, or there was none: what became of the call is unknown to it."""


class GatewayProcess:
    """The application's objects over stores and a WhatsApp that outlive it, wired as the real gateway is."""

    def __init__(self, world: "World", number: int, node: int = 1) -> None:
        self.world = world
        self.node = node
        self.name = f"gateway-{number}"
        self.owner = Owner(node=f"node-{node}", life=self.name)
        self.alive = True
        self.stopping = False
        self.stopped = False
        self.held: list[asyncio.Handle] = []
        self.transactions: dict[int, Transaction] = {}
        self.broken: set[int] = set()
        self.pages: dict[SessionId, WhatsAppPage] = {}
        self.watchdog = SimulatedWatchdog(self)
        self._callers: dict[int, asyncio.Future[Any]] = {}
        self._context = copy_context()
        self._context.run(OWNER.set, self)
        gate = Gate(self)
        uow = SimulatedUnitsOfWork(gate)
        self.bus = SimulatedBus(gate)
        self.begin = uow.begin
        container = _container()
        forget_processes()
        for provider, value in (
            (container.whole_uow, uow),
            (container.whole_event_log, Gated(gate, world.database, "log", DATABASE, frozenset({"settle"}))),
            (container.bus, self.bus),
            (container.codes, Gated(gate, world.codes, "codes", CACHE)),
            (
                container.session_store,
                Gated(gate, world.snapshots, "snapshots", CACHE, frozenset({"save", "delete", "rewrap"})),
            ),
            # Nothing here comes through a transport, which is what asks for rates.
            (container.rate_limiter, MemoryRateLimiter(world.clock)),
            (container.driver, SimulatedDriver(gate)),
            (container.proxies, MemoryProxyConnector()),
            (container.instruments, Instruments(metrics=MemoryMetrics(MEASURES), tracer=MemoryTracer())),
            (container.watchdog, self.watchdog),
            (container.keeper_settings, KeeperSettings(pace=world.plan.pace)),
            (container.lease_terms, LeaseTerms(owner=self.owner, ttl=LEASE)),
            (container.clock, world.clock),
            (container.ids, world.ids),
            (container.on_fault, lambda session_id, fault: world.violate("no fault", f"{session_id}: {fault!r}")),
            (container.webhook_sender, SimulatedSender(gate)),
            (container.retry_schedule, RetrySchedule(waits=_RETRIES)),
            (container.on_lane_fault, lambda lane, fault: world.violate("no fault", f"{lane}: {fault!r}")),
            (container.health_checks, ()),
            (container.media_parts, simulated_parts(world.lost_files)),
            (container.configured_key, None),
            (container.key_hash_secrets, (bytes(32),)),
        ):
            provider.override(providers.Object(value))
        self.use_cases = container.use_cases()
        self.feed = container.feed()
        self._supervisor = container.supervisor()
        self._work = {
            "event feed": self.feed.run(),
            "session supervisor": self._supervisor.run(),
            "snapshots": container.snapshots().run(),
            "housekeeper": container.housekeeper().run(),
            "webhook dispatcher": container.webhook_dispatcher().run(),
        }
        self._tasks: list[asyncio.Task[Any]] = []

    @property
    def serves(self) -> bool:
        """Whether it takes calls."""
        return self.alive and not self.stopping and self._supervisor.taken_over.is_set()

    def may_have(self, session_id: SessionId, page: WhatsAppPage) -> bool:
        """Whether a session's page is this process's, and it has the right to it."""
        # It is asked after each step: nothing else is called for it.
        if not self.alive or self.pages.get(session_id) is not page:
            return False
        return self.watchdog.until.get(session_id, -1) >= self.world.loop.moment

    def start(self) -> None:
        self.world.trace.add(self.name, "starts")
        for name, work in self._work.items():
            task = self._spawn(work)
            task.add_done_callback(lambda task, name=name: self._on_end(name, task))
            self._tasks.append(task)

    async def stop(self) -> None:
        """Ends it in peace."""
        self.stopping = True
        self.world.trace.add(self.name, "is told to stop")
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks, timeout=30)
        if any(not task.done() for task in self._tasks) and self.alive:
            self.world.violate("a stop ends", f"{self.name} doesn't end")
        self.kill()

    def kill(self) -> None:
        """Ends it as kill -9 does: nothing of it has any effect from here on."""
        if not self.alive:
            return
        self.alive = False
        self.world.trace.add(self.name, "is gone")
        for transaction in self.transactions.values():
            transaction.end()
        for session_id in self.pages:
            self.kill_page(session_id)
        for caller in self._callers.values():
            if not caller.done():
                caller.set_exception(DisconnectedError)
        self.world.on_death(self)

    def kill_page(self, session_id: SessionId) -> None:
        """Ends the browser that this process has started, if it runs."""
        page = self.world.whatsapp.profile(session_id).page
        if page is not None and page is self.pages.get(session_id):
            self.world.whatsapp.kill_page(session_id, "it was killed")

    async def freeze(self, seconds: float) -> None:
        """Stops it as SIGSTOP does: what it was about to do, and its timers, wait until it goes on."""
        self.stopped = True
        self.world.trace.add(self.name, f"is frozen for {seconds:.1f} s")
        await asyncio.sleep(min(seconds, _IDLE_TRANSACTION))
        if seconds > _IDLE_TRANSACTION:
            for number, transaction in self.transactions.items():
                self.broken.add(number)
                transaction.end()
            await asyncio.sleep(seconds - _IDLE_TRANSACTION)
        self.thaw()

    def thaw(self) -> None:
        """Lets it go on."""
        if self.stopped:
            self.stopped = False
            self.world.trace.add(self.name, "goes on")
            self.world.loop.resume(self.held)

    async def call[T](self, work: Coroutine[Any, Any, T]) -> T:
        """A call from outside.

        Raises:
            DisconnectedError: the process died meanwhile.
        """
        if not self.alive:
            work.close()
            raise DisconnectedError
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        task = self._spawn(work)
        self._callers[id(answer)] = answer
        task.add_done_callback(lambda task: _answer(answer, task))
        try:
            return await answer
        finally:
            del self._callers[id(answer)]
            if answer.cancelled():
                task.cancel()

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return self.world.loop.spawn(work, self._context.copy())

    def _on_end(self, name: str, task: asyncio.Task[Any]) -> None:
        if self.alive and not self.stopping:
            fault = "is cancelled" if task.cancelled() else repr(task.exception())
            self.world.violate("the gateway goes on", f"its {name} ended: {fault}")


def _answer(answer: asyncio.Future[Any], task: asyncio.Task[Any]) -> None:
    if answer.done():
        return
    if task.cancelled():
        answer.set_exception(DisconnectedError)
    elif (error := task.exception()) is not None:
        answer.set_exception(error)
    else:
        answer.set_result(task.result())


def forget_processes() -> None:
    """Lets the objects of the last process go."""
    container = _container()
    for singleton in _singletons():
        singleton.reset()
    for provider in container.providers.values():
        provider.reset_override()


@cache
def _container() -> Container:
    """Made once: making it takes longer than a run should."""
    return Container()


@cache
def _singletons() -> tuple[Any, ...]:
    return tuple(_container().traverse(types=[providers.BaseSingleton]))
