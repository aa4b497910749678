"""Keeps the keepers of this gateway's sessions running."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, override

from application.events.feed import wait_or_poll
from application.messages.record_page_news import RecordPageNews
from application.messages.waiters import MessageWaiters
from application.ports.clock import Clock
from application.ports.event_bus import EventBus
from application.ports.id_generator import IdGenerator
from application.ports.link_code_cache import LinkCodeCache
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.watchdog import Watchdog
from application.ports.whatsapp_driver import WhatsAppDriver, WhatsAppPage
from application.sessions.workers import SessionWorkers, session_topic
from application.workers.dispatcher import OutboxDispatcher
from application.workers.fence import FencedUnitsOfWork, is_stale
from application.workers.keeper_settings import KeeperSettings
from application.workers.ownership import LeaseTerms, Ownership
from application.workers.session_keeper import SessionKeeper
from application.workers.session_record import SessionRecord
from application.workers.snapshots import Snapshots
from application.workers.start_gate import StartGate
from domain.bridge import Bridge
from domain.errors import TRANSIENT, ConflictError, DeadlineExceededError, NotFoundError, PomboError
from domain.ids import SessionId
from domain.jid import Jid
from domain.lease import Lease
from domain.message import Message
from domain.session import AT_REST, Capability, Wanted

_FAULT_PAUSE: Final = timedelta(seconds=5)
"""Between two tries to put a fault on record, when that is what fails."""
_DATABASE_PAUSE: Final = timedelta(milliseconds=500)
_LOOK_EVERY: Final = timedelta(seconds=2)
"""For sessions that nobody runs; what is hinted at is looked for at once."""
_LEAVE_SECONDS: Final = 2.0
_CLOSE_SECONDS: Final = 20.0
"""How long another gateway may take to close a session's page."""
_POLL_SECONDS: Final = 0.5

_TOPIC: Final = "workers"
_ANY: Final = "any"
_WANTED: Final = "wanted:"
_OUTBOX: Final = "outbox:"

FaultHook = Callable[[SessionId | None, BaseException], None]
"""Is told of faults of ours, and of which session."""


@dataclass(slots=True)
class _Charge:
    """A session that is ours. ``wanted``: as last seen from outside its keeper."""

    lease: Lease
    keeper: SessionKeeper
    wanted: Wanted | None = None
    task: asyncio.Task[None] | None = None


class SessionSupervisor(SessionWorkers):
    """One keeper for each session whose lease this gateway has. One that fails by a fault of ours takes no other along.

    A session that somebody has to run and nobody does is looked for at the start, at every hint, and now and then.
    """

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        driver: WhatsAppDriver,
        bus: EventBus,
        codes: LinkCodeCache,
        clock: Clock,
        ids: IdGenerator,
        waiters: MessageWaiters,
        on_fault: FaultHook,
        settings: KeeperSettings,
        watchdog: Watchdog,
        terms: LeaseTerms,
        snapshots: Snapshots,
    ) -> None:
        self._uow = uow
        self._driver = driver
        self._bus = bus
        self._codes = codes
        self._clock = clock
        self._ids = ids
        self._waiters = waiters
        self._on_fault = on_fault
        self._settings = settings
        self._snapshots = snapshots
        self._gate = StartGate(settings.starts_at_once, clock)
        self._ownership = Ownership(uow, watchdog, clock, terms)
        self._charges: dict[SessionId, _Charge] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._hinted = asyncio.Event()
        self._looking = asyncio.Lock()
        self.taken_over = asyncio.Event()
        """Set when no session that is ours to run claims any more what an earlier gateway saw."""

    async def run(self) -> None:
        """Works until cancelled; then closes every page, gives the leases back, and returns."""
        async with asyncio.TaskGroup() as lasting:
            keeping = lasting.create_task(self._ownership.keep(self._lose))
            try:
                async with asyncio.TaskGroup() as tasks:
                    self._tasks = tasks
                    tasks.create_task(self._listen())
                    try:
                        await self._work()
                    finally:
                        self._tasks = None  # calls come in while the pages are being closed, and nothing new is begun
            finally:
                # The pages are closed: only now may others have the sessions, and then at once.
                keeping.cancel()
                await self._ownership.leave(_LEAVE_SECONDS)
                await self._bus.publish(_TOPIC, _ANY)

    async def _work(self) -> None:
        while not await self._look():
            # A database that is away just now doesn't end the gateway.
            await self._clock.sleep(_DATABASE_PAUSE)
        for charge in tuple(self._charges.values()):
            await charge.keeper.taken_over.wait()
        self.taken_over.set()
        while True:
            await self._pause(_LOOK_EVERY * random.uniform(0.75, 1.25))  # noqa: S311 - only spreads the gateways
            self._hinted.clear()
            await self._look()

    async def _pause(self, span: timedelta) -> None:
        """Until there is a hint, or for a time."""
        sleeping = asyncio.create_task(self._clock.sleep(span))
        hinted = asyncio.create_task(self._hinted.wait())
        try:
            await asyncio.wait({sleeping, hinted}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            hinted.cancel()

    async def _look(self) -> bool:
        """Takes what nobody runs. Tells whether the database has answered."""
        try:
            async with self._looking:
                charges = await self._ownership.charges()
                free = {
                    charge.session_id: charge.wanted
                    for charge in charges
                    if charge.session_id not in self._charges
                    and (charge.lease is None or self._ownership.is_left_over(charge.lease))
                }
                if free:
                    for lease in await self._ownership.claim(free.keys()):
                        self._keep(lease, free[lease.session_id])
        except PomboError as error:
            if error.kind not in TRANSIENT:
                self._on_fault(None, error)
            return False
        for charge in charges:
            self._compare(charge.session_id, charge.wanted)
        return True

    def _compare(self, session_id: SessionId, wanted: Wanted) -> None:
        """A change that was asked for at another gateway, whose hint was lost."""
        charge = self._charges.get(session_id)
        if charge is not None:
            if charge.wanted is not wanted:
                charge.keeper.nudge()
            charge.wanted = wanted

    async def _listen(self) -> None:
        async with self._bus.subscribe(_TOPIC) as hints:
            async for hint in hints:
                self._heed(hint)

    def _heed(self, hint: str) -> None:
        if hint.startswith(_OUTBOX):
            charge = self._charges.get(SessionId(hint.removeprefix(_OUTBOX)))
            if charge is not None:
                charge.keeper.dispatcher.nudge()
        elif hint.startswith(_WANTED):
            charge = self._charges.get(SessionId(hint.removeprefix(_WANTED)))
            if charge is not None:
                charge.keeper.nudge()
        else:
            self._hinted.set()

    def _tell(self, hint: str) -> None:
        """Hints at something that this gateway doesn't run."""
        self._do(self._bus.publish(_TOPIC, hint))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        if self._tasks is None:
            work.close()  # starting or stopping: each start looks at every session anyway
        else:
            self._tasks.create_task(work)

    @override
    def nudge(self, session_id: SessionId) -> None:
        charge = self._charges.get(session_id)
        if charge is None:
            self._hinted.set()
            self._tell(f"{_WANTED}{session_id}")
        else:
            charge.keeper.nudge()

    @override
    def nudge_outbox(self, session_id: SessionId) -> None:
        charge = self._charges.get(session_id)
        if charge is None:
            self._tell(f"{_OUTBOX}{session_id}")
        else:
            charge.keeper.dispatcher.nudge()

    @override
    def reserve(self, session_id: SessionId, chat: Jid) -> Lease | None:
        charge = self._charges.get(session_id)
        return charge.lease if charge is not None and charge.keeper.dispatcher.reserve(chat) else None

    @override
    def hand_over(self, message: Message) -> None:
        charge = self._charges.get(message.session_id)
        if charge is not None:
            charge.keeper.dispatcher.hand_over(message)

    @override
    def give_back(self, session_id: SessionId, chat: Jid) -> None:
        charge = self._charges.get(session_id)
        if charge is not None:
            charge.keeper.dispatcher.give_back(chat)

    @override
    async def restart(self, session_id: SessionId) -> None:
        if session_id not in self._charges:
            await self._look()
        charge = self._charges.get(session_id)
        if charge is not None:
            await charge.keeper.restart()
        else:
            await self._refuse_elsewhere(session_id)

    @override
    async def closed(self, session_id: SessionId) -> None:
        try:
            async with asyncio.timeout(_CLOSE_SECONDS), self._bus.subscribe(session_topic(session_id)) as signals:
                await self._wait_closed(session_id, signals)
        except TimeoutError:
            raise DeadlineExceededError(
                "OWNER_SILENT",
                "The gateway that runs the session hasn't closed its page in time; it will, or its lease runs out.",
                metadata={"session_id": session_id},
            ) from None

    async def _wait_closed(self, session_id: SessionId, signals: AsyncIterator[str]) -> None:
        while self._tasks is not None or session_id in self._charges:
            charge = self._charges.get(session_id)
            if charge is not None:
                await charge.keeper.settled()
            if await self._is_closed(session_id):
                return
            self._hinted.set()  # its owner may be gone: then it is ours to end
            await wait_or_poll(signals, _POLL_SECONDS)

    async def _is_closed(self, session_id: SessionId) -> bool:
        """Whether nobody runs the session, or it is wanted again."""
        try:
            async with self._uow.begin() as uow:
                session = await uow.sessions.get(session_id)
                lease = await uow.leases.find(session_id)
        except NotFoundError:
            return True
        return session.wanted is Wanted.RUNNING or (lease is None and session.status in AT_REST)

    @override
    async def logout(self, session_id: SessionId) -> None:
        await (await self._running(session_id)).logout()

    @override
    async def forget(self, session_id: SessionId) -> None:
        await self.closed(session_id)
        leases = await self._ownership.claim([session_id])
        try:
            if not leases:
                await self._refuse_elsewhere(session_id)
            for lease in leases:
                await self._snapshots.of(session_id, lease.epoch).ended()
            await self._driver.forget(session_id)
        finally:
            await self._ownership.release(leases)

    @override
    async def page(self, session_id: SessionId) -> WhatsAppPage:
        return (await self._running(session_id)).page

    @override
    def capabilities(self, session_id: SessionId) -> tuple[Capability, ...]:
        charge = self._charges.get(session_id)
        try:
            return () if charge is None else charge.keeper.page.capabilities()
        except ConflictError:
            return ()

    @override
    def bridge(self, session_id: SessionId) -> Bridge | None:
        charge = self._charges.get(session_id)
        try:
            return None if charge is None else charge.keeper.page.bridge()
        except ConflictError:
            return None

    async def _running(self, session_id: SessionId) -> SessionKeeper:
        charge = self._charges.get(session_id)
        if charge is None:
            await self._refuse_elsewhere(session_id)
            raise ConflictError("SESSION_NOT_RUNNING", "The session isn't running; start it first.")
        return charge.keeper

    async def _refuse_elsewhere(self, session_id: SessionId) -> None:
        lease = await self._ownership.holder(session_id)
        if lease is not None and not self._ownership.is_own(lease):
            raise ConflictError(
                "SESSION_ELSEWHERE",
                f"Another gateway ({lease.owner.node}) runs this session; ask that one.",
                metadata={"session_id": session_id, "node": lease.owner.node},
            )

    def _keep(self, lease: Lease, wanted: Wanted) -> None:
        if self._tasks is None:
            return  # stopping: the lease is given back with the others
        session_id, uow = lease.session_id, FencedUnitsOfWork(self._uow, lease)
        keeper = SessionKeeper(
            SessionRecord(session_id, uow, self._codes, self._bus, self._clock, self._ids),
            self._driver,
            RecordPageNews(uow, self._clock, self._ids, self._waiters),
            OutboxDispatcher(session_id, uow, self._clock, self._ids, self._waiters),
            self._clock,
            random.random,
            self._gate,
            self._settings,
            self._snapshots.of(session_id, lease.epoch),
            epoch=lease.epoch,
        )
        charge = self._charges[session_id] = _Charge(lease=lease, keeper=keeper, wanted=wanted)
        charge.task = self._tasks.create_task(self._run(charge))

    def _lose(self, lease: Lease) -> None:
        """The browser is being killed; the keeper has nothing to say any more."""
        charge = self._charges.get(lease.session_id)
        if charge is not None and charge.lease == lease:
            charge.keeper.abandon()
            if charge.task is not None:
                charge.task.cancel()

    async def _run(self, charge: _Charge) -> None:
        try:
            await self._drive(charge)
        finally:
            # Without a pause after the keeper's end: whoever asks for the session from now on wants a new one.
            del self._charges[charge.lease.session_id]
            charge.keeper.end()
        await self._ownership.release([charge.lease])
        self._hinted.set()  # it may have been asked for meanwhile
        await self._bus.publish(session_topic(charge.lease.session_id))

    async def _drive(self, charge: _Charge) -> None:
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
