"""Runs sessions, or asks the gateway that does."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, override

from application.events.feed import wait_or_poll
from application.media.outgoing_files import OutgoingFiles
from application.messages.record_page_news import RecordPageNews
from application.messages.waiters import MessageWaiters
from application.observability.instruments import NO_INSTRUMENTS, Instruments
from application.ports.clock import Clock
from application.ports.event_bus import EventBus
from application.ports.id_generator import IdGenerator
from application.ports.link_code_cache import LinkCodeCache
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.watchdog import Watchdog
from application.ports.whatsapp_driver import WhatsAppDriver, WhatsAppPage
from application.sessions.workers import SessionPage, SessionWorkers, session_topic
from application.workers.charges import FaultHook, SessionCharges
from application.workers.dispatcher import OutboxDispatcher
from application.workers.fence import FencedUnitsOfWork
from application.workers.governor import Governor
from application.workers.keeper_settings import KeeperSettings
from application.workers.late_news import LateNews
from application.workers.left_behind import LeftBehind
from application.workers.ownership import LeaseTerms, Ownership
from application.workers.peer_calls import PeerCalls
from application.workers.remote_session import LocalSessions, RemoteSession, handlers
from application.workers.session_keeper import SessionKeeper
from application.workers.session_record import SessionRecord
from application.workers.snapshots import Snapshots
from application.workers.start_gate import StartGate
from domain.bridge import Bridge
from domain.errors import ConflictError, DeadlineExceededError, NotFoundError
from domain.ids import SessionId
from domain.jid import Jid
from domain.lease import Lease
from domain.message import Message
from domain.session import AT_REST, Capability, Wanted

__all__ = ["FaultHook", "SessionSupervisor"]

_CLOSE_SECONDS: Final = 20.0
"""How long another gateway may take to close a session's page."""
_POLL_SECONDS: Final = 0.5


class SessionSupervisor(SessionWorkers):
    """The sessions of the whole database: those that this gateway runs, and those of its peers."""

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
        left_behind: LeftBehind,
        files: OutgoingFiles,
        instruments: Instruments = NO_INSTRUMENTS,
        on_kept: Callable[[SessionId], None] = lambda _: None,
    ) -> None:
        """``on_kept`` is called in the task of each session that is run here, at its start."""
        self._instruments = instruments
        self._files = files
        self.on_added: Callable[[Sequence[Message]], None] = lambda _: None
        """Hears of messages that pages have told of and that are stored; whoever wants to sets it before the run."""
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
        self._left_behind = left_behind
        self._late_news = LateNews(uow, RecordPageNews(uow, clock, ids, waiters), clock, on_fault)
        self._gate = StartGate(settings.starts_at_once, clock)
        self._ownership = Ownership(uow, watchdog, clock, terms)
        self._charges = SessionCharges(
            self._ownership, bus, clock, self._make_keeper, on_fault, instruments.metrics, on_kept
        )
        self._peers = PeerCalls(bus, terms.owner)
        self._here = _Here(self._charges)
        self.taken_over = self._charges.taken_over
        """Set when no session that is ours to run claims any more what an earlier gateway saw."""

    def running(self) -> int:
        """How many sessions are run here."""
        return len(self._charges)

    async def run(self) -> None:
        """Works until cancelled; then closes every page, gives the leases back, and returns."""
        await self._charges.run(self._work_beside())

    async def _work_beside(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._peers.serve(handlers(self._here), lambda fault: self._on_fault(None, fault)))
            tasks.create_task(self._late_news.run())
            tasks.create_task(self._left_behind.run(self._is_run_here, self._on_fault))

    def _tell_of(self, added: Sequence[Message]) -> None:
        self.on_added(added)

    def _is_run_here(self, session_id: SessionId) -> bool:
        return self._charges.get(session_id) is not None

    def _make_keeper(self, lease: Lease) -> SessionKeeper:
        session_id, uow = lease.session_id, FencedUnitsOfWork(self._uow, lease)
        return SessionKeeper(
            SessionRecord(session_id, uow, self._codes, self._bus, self._clock, self._ids),
            self._driver,
            RecordPageNews(uow, self._clock, self._ids, self._waiters, self._tell_of),
            OutboxDispatcher(
                *(session_id, uow, self._clock, self._ids, self._waiters, self._files),
                Governor(session_id, self._settings.pace, self._clock, self._ids, random.random),
                self._instruments,
            ),
            self._clock,
            random.random,
            self._gate,
            self._settings,
            self._snapshots.of(session_id, lease.epoch),
            epoch=lease.epoch,
            check_lease=lambda: self._ownership.check(lease),
            on_told_in_vain=self._late_news.put,
            metrics=self._instruments.metrics,
        )

    @override
    def nudge(self, session_id: SessionId) -> None:
        charge = self._charges.get(session_id)
        if charge is None:
            self._charges.ask_for(session_id)
        else:
            charge.keeper.nudge()

    @override
    def nudge_outbox(self, session_id: SessionId) -> None:
        charge = self._charges.get(session_id)
        if charge is None:
            self._charges.ask_to_send(session_id)
        else:
            charge.keeper.dispatcher.nudge()

    @override
    def reconsider_pace(self, session_id: SessionId) -> None:
        charge = self._charges.get(session_id)
        if charge is None:
            self._charges.ask_to_reconsider(session_id)
        else:
            charge.keeper.dispatcher.reconsider()

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
        if self._charges.get(session_id) is None:
            await self._charges.look()
        if self._charges.get(session_id) is not None:
            await self._here.restart(session_id)
        elif (remote := await self._elsewhere(session_id)) is not None:
            await remote.restart()

    @override
    async def closed(self, session_id: SessionId) -> None:
        charge = self._charges.get(session_id)
        if charge is not None:
            await charge.keeper.settled()  # here it takes as long as it takes
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
        while self._charges.is_at_work or self._charges.get(session_id) is not None:
            charge = self._charges.get(session_id)
            if charge is not None:
                await charge.keeper.settled()
            if await self._is_closed(session_id):
                return
            self._charges.hint()  # its owner may be gone: then it is ours to end
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
        if (remote := await self._elsewhere(session_id)) is not None:
            await remote.logout()
        else:
            await self._here.logout(session_id)

    @override
    async def forget(self, session_id: SessionId) -> None:
        await self.closed(session_id)
        leases = await self._ownership.claim([session_id])
        try:
            if not leases:
                raise _elsewhere(session_id)
            for lease in leases:
                await self._snapshots.of(session_id, lease.epoch).ended()
            await self._driver.forget(session_id)
        finally:
            await self._ownership.release(leases)

    @override
    async def page(self, session_id: SessionId) -> SessionPage:
        remote = await self._elsewhere(session_id)
        return await self._here.page(session_id) if remote is None else remote.page()

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

    async def _elsewhere(self, session_id: SessionId) -> RemoteSession | None:
        """The session at the gateway that runs it, where that is another one."""
        if self._charges.get(session_id) is not None:
            return None
        lease = await self._ownership.holder(session_id)
        return None if lease is None or self._ownership.is_own(lease) else RemoteSession(self._peers, lease)


class _Here(LocalSessions):
    """The sessions that this gateway runs."""

    def __init__(self, charges: SessionCharges) -> None:
        self._charges = charges

    @override
    async def restart(self, session_id: SessionId) -> None:
        await self._keeper(session_id).restart()

    @override
    async def logout(self, session_id: SessionId) -> None:
        await self._keeper(session_id).logout()

    @override
    async def page(self, session_id: SessionId) -> WhatsAppPage:
        return self._keeper(session_id).page

    def _keeper(self, session_id: SessionId) -> SessionKeeper:
        charge = self._charges.get(session_id)
        if charge is None:
            raise ConflictError("SESSION_NOT_RUNNING", "The session isn't running; start it first.")
        return charge.keeper


def _elsewhere(session_id: SessionId) -> ConflictError:
    return ConflictError(
        "SESSION_ELSEWHERE",
        "Another gateway has taken the session meanwhile: somebody has started it again.",
        metadata={"session_id": session_id},
    )
