"""The sessions that this gateway runs: taken, kept, and given back."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from application.observability import catalogue
from application.observability.unmeasured import UNMEASURED
from application.ports.clock import Clock
from application.ports.event_bus import EventBus
from application.ports.metrics import Metrics
from application.ports.session_leases import Charge as FoundCharge
from application.sessions.workers import session_topic
from application.workers.fence import is_stale
from application.workers.ownership import Ownership
from application.workers.pause import pause_until
from application.workers.session_keeper import SessionKeeper
from domain.errors import TRANSIENT, PomboError
from domain.ids import SessionId
from domain.lease import Lease
from domain.proxy import Proxy
from domain.session import Wanted

_FAULT_PAUSE: Final = timedelta(seconds=5)
"""Between two tries to put a fault on record, when that is what fails."""
_DATABASE_PAUSE: Final = timedelta(milliseconds=500)
_LOOK_EVERY: Final = timedelta(seconds=2)
"""For sessions that nobody runs; what is hinted at is looked for at once."""
_LEAVE_SECONDS: Final = 2.0

_TOPIC: Final = "workers"
_ANY: Final = "any"
_WANTED: Final = "wanted:"
_OUTBOX: Final = "outbox:"
_PACE: Final = "pace:"

FaultHook = Callable[[SessionId | None, BaseException], None]
"""Is told of faults of ours, and of which session."""


@dataclass(slots=True)
class Charge:
    """A session that is ours. ``wanted`` and ``proxy``: as last seen from outside its keeper."""

    lease: Lease
    keeper: SessionKeeper
    wanted: Wanted
    proxy: Proxy | None
    task: asyncio.Task[None] | None = None


class SessionCharges:
    """One keeper for each session whose lease this gateway has. One that fails by a fault of ours takes no other along.

    A session that somebody has to run and nobody does is looked for at the start, at every hint, and now and then.
    """

    def __init__(
        self,
        ownership: Ownership,
        bus: EventBus,
        clock: Clock,
        make_keeper: Callable[[Lease], SessionKeeper],
        on_fault: FaultHook,
        metrics: Metrics = UNMEASURED,
        on_kept: Callable[[SessionId], None] = lambda _: None,
    ) -> None:
        """``on_kept`` is called in each session's own task at its start."""
        self._metrics = metrics
        self._on_kept = on_kept
        self.ownership = ownership
        self._bus = bus
        self._clock = clock
        self._make_keeper = make_keeper
        self._on_fault = on_fault
        self._charges: dict[SessionId, Charge] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._hinted = asyncio.Event()
        self._looking = asyncio.Lock()
        self.taken_over = asyncio.Event()
        """Set when no session that is ours to run claims any more what an earlier gateway saw."""

    @property
    def is_at_work(self) -> bool:
        """Whether sessions are run at present, and not only before and after."""
        return self._tasks is not None

    def __len__(self) -> int:
        return len(self._charges)

    def get(self, session_id: SessionId) -> Charge | None:
        """A session that is run here."""
        return self._charges.get(session_id)

    async def run(self, beside: Coroutine[Any, Any, None]) -> None:
        """Works until cancelled; then closes every page, gives the leases back, and returns.

        Args:
            beside: what is done for as long as sessions are run.
        """
        async with asyncio.TaskGroup() as lasting:
            keeping = lasting.create_task(self.ownership.keep(self._lose))
            try:
                async with asyncio.TaskGroup() as tasks:
                    self._tasks = tasks
                    tasks.create_task(beside)
                    tasks.create_task(self._listen())
                    try:
                        await self._work()
                    finally:
                        self._tasks = None  # calls come in while the pages are being closed, and nothing new is begun
            finally:
                # The pages are closed: only now may others have the sessions, and then at once.
                keeping.cancel()
                await self.ownership.leave(_LEAVE_SECONDS)
                await self._bus.publish(_TOPIC, _ANY)

    async def _work(self) -> None:
        while not await self._take_over():
            # Neither does a database that is away or slow just now end the gateway, nor the loss of a lease meanwhile.
            await self._clock.sleep(_DATABASE_PAUSE)
        self.taken_over.set()
        while True:
            spread = random.uniform(0.75, 1.25)  # noqa: S311 - only spreads the gateways
            await pause_until(self._hinted, _LOOK_EVERY * spread, self._clock)
            self._hinted.clear()
            await self.look()

    async def _take_over(self) -> bool:
        """Whether every session that is ours to run has been looked at by its keeper, and is still ours."""
        if not await self.look():
            return False
        charges = tuple(self._charges.values())
        for charge in charges:
            await charge.keeper.taken_over.wait()
        return all(self._charges.get(charge.lease.session_id) is charge for charge in charges)

    async def look(self) -> bool:
        """Takes what nobody runs. Tells whether, as far as the database has told, somebody runs each that has to be.

        Not where an answer came too late to take any, and not while one that was lost is still being given back.
        """
        if not self.ownership.runs_sessions:
            return True
        try:
            async with self._looking:
                # What is being given back while this is read may be read as it was: its end asks for another look.
                busy = {*self._charges, *self.ownership.busy()}
                charges = await self.ownership.charges()
                free = {
                    charge.session_id: charge
                    for charge in charges
                    if charge.session_id not in busy
                    and charge.session_id not in self._charges
                    and (charge.lease is None or self.ownership.is_left_over(charge.lease))
                }
                if free:
                    for lease in await self.ownership.claim(free.keys()):
                        self._keep(lease, free[lease.session_id])
        except PomboError as error:
            if error.kind not in TRANSIENT:
                self._on_fault(None, error)
            return False
        for charge in charges:
            self._compare(charge)
        return all(
            charge.session_id in self._charges or (charge.lease is not None and not self.ownership.is_own(charge.lease))
            for charge in charges
        )

    def _compare(self, found: FoundCharge) -> None:
        """A change that was asked for at another gateway, whose hint was lost."""
        charge = self._charges.get(found.session_id)
        if charge is not None:
            if (charge.wanted, charge.proxy) != (found.wanted, found.proxy):
                charge.keeper.nudge()
            charge.wanted, charge.proxy = found.wanted, found.proxy

    async def _listen(self) -> None:
        async with self._bus.subscribe(_TOPIC) as hints:
            async for hint in hints:
                self._heed(hint)

    def _heed(self, hint: str) -> None:
        if hint.startswith(_OUTBOX):
            charge = self._charges.get(SessionId(hint.removeprefix(_OUTBOX)))
            if charge is not None:
                charge.keeper.dispatcher.nudge()
        elif hint.startswith(_PACE):
            charge = self._charges.get(SessionId(hint.removeprefix(_PACE)))
            if charge is not None:
                charge.keeper.dispatcher.reconsider()
        elif hint.startswith(_WANTED):
            charge = self._charges.get(SessionId(hint.removeprefix(_WANTED)))
            if charge is not None:
                charge.keeper.nudge()
        else:
            self._hinted.set()

    def ask_for(self, session_id: SessionId) -> None:
        """Says that what is wanted of a session that isn't run here may have changed."""
        self.hint()
        self._tell(f"{_WANTED}{session_id}")
        if not self.ownership.runs_sessions:
            self._tell(_ANY)  # nobody may have it yet, and we won't take it

    def ask_to_send(self, session_id: SessionId) -> None:
        """Says that a message waits in the outbox of a session that isn't run here."""
        self._tell(f"{_OUTBOX}{session_id}")

    def ask_to_reconsider(self, session_id: SessionId) -> None:
        """Says that the pace of a session that isn't run here may be another one now."""
        self._tell(f"{_PACE}{session_id}")

    def hint(self) -> None:
        """Says that there may be a session that nobody runs."""
        self._hinted.set()

    def _tell(self, hint: str) -> None:
        self._do(self._bus.publish(_TOPIC, hint))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        if self._tasks is None:
            work.close()  # starting or stopping: each start looks at every session anyway
        else:
            self._tasks.create_task(work)

    def _keep(self, lease: Lease, found: FoundCharge) -> None:
        if self._tasks is None:
            return  # stopping: the lease is given back with the others
        self._metrics.add(catalogue.LEASES_CLAIMED)
        charge = self._charges[lease.session_id] = Charge(
            lease=lease, keeper=self._make_keeper(lease), wanted=found.wanted, proxy=found.proxy
        )
        charge.task = self._tasks.create_task(self._run(charge))

    def _lose(self, lease: Lease) -> None:
        """The browser is being killed; the keeper has nothing to say any more."""
        charge = self._charges.get(lease.session_id)
        if charge is not None and charge.lease == lease:
            self._metrics.add(catalogue.LEASES_LOST)
            charge.keeper.abandon()
            if charge.task is not None:
                charge.task.cancel()

    async def _run(self, charge: Charge) -> None:
        self._on_kept(charge.lease.session_id)
        try:
            await self._drive(charge)
        finally:
            # Without a pause after the keeper's end: whoever asks for the session from now on wants a new one.
            del self._charges[charge.lease.session_id]
            charge.keeper.end()
        await self.ownership.release([charge.lease])
        self._hinted.set()  # it may have been asked for meanwhile
        await self._bus.publish(session_topic(charge.lease.session_id))

    async def _drive(self, charge: Charge) -> None:
        keeper, session_id = charge.keeper, charge.lease.session_id
        failed = ended = False
        while not ended:
            try:
                if failed:
                    await keeper.after_fault()
                    failed = False
                await keeper.run()
                ended = True
            except Exception as fault:  # noqa: BLE001 - whatever it is, the other sessions go on and this one says so
                if is_stale(fault):
                    return
                self._on_fault(session_id, fault)
                if failed:
                    await self._clock.sleep(_FAULT_PAUSE)
                failed = True
