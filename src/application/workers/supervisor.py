"""Keeps every session's keeper running."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final, override

from application.messages.record_page_news import RecordPageNews
from application.messages.waiters import MessageWaiters
from application.ports.clock import Clock
from application.ports.event_bus import EventBus
from application.ports.id_generator import IdGenerator
from application.ports.link_code_cache import LinkCodeCache
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.whatsapp_driver import WhatsAppDriver, WhatsAppPage
from application.sessions.workers import SessionWorkers
from application.workers.dispatcher import OutboxDispatcher
from application.workers.keeper_settings import KeeperSettings
from application.workers.session_keeper import SessionKeeper
from application.workers.session_record import SessionRecord
from application.workers.start_gate import StartGate
from domain.bridge import Bridge
from domain.errors import ConflictError, UnavailableError
from domain.ids import SessionId
from domain.jid import Jid
from domain.message import Message
from domain.session import Capability, Session

_FAULT_PAUSE: Final = timedelta(seconds=5)
"""Between two tries to put a fault on record, when that is what fails."""

_DATABASE_PAUSE: Final = timedelta(milliseconds=500)

FaultHook = Callable[[SessionId, BaseException], None]


class SessionSupervisor(SessionWorkers):
    """One keeper per session. A keeper that fails by a fault of ours takes no other session with it."""

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
        self._gate = StartGate(settings.starts_at_once, clock)
        self._news = RecordPageNews(uow, clock, ids, waiters)
        self._keepers: dict[SessionId, SessionKeeper] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self.taken_over = asyncio.Event()
        """Set when no session's status claims any more what an earlier gateway saw."""

    async def run(self) -> None:
        """Works until cancelled; then closes every page and returns when all are closed."""
        async with asyncio.TaskGroup() as tasks:
            # From here on new sessions are kept when they are made; those that were there before are in the list.
            self._tasks = tasks
            try:
                for session in await self._sessions():
                    if session.id not in self._keepers:
                        self._keep(session.id)
                for keeper in tuple(self._keepers.values()):
                    await keeper.taken_over.wait()
                self.taken_over.set()
                await asyncio.Event().wait()
            finally:
                self._tasks = None

    async def _sessions(self) -> Sequence[Session]:
        while True:
            with suppress(UnavailableError):
                async with self._uow.begin() as uow:
                    return await uow.sessions.list()
            # A database that is away just now doesn't end the gateway.
            await self._clock.sleep(_DATABASE_PAUSE)

    @override
    def nudge(self, session_id: SessionId) -> None:
        keeper = self._keepers.get(session_id)
        if keeper is None:
            self._keep(session_id)
        else:
            keeper.nudge()

    @override
    def nudge_outbox(self, session_id: SessionId) -> None:
        keeper = self._keepers.get(session_id)
        if keeper is not None:
            keeper.dispatcher.nudge()

    @override
    def reserve(self, session_id: SessionId, chat: Jid) -> bool:
        keeper = self._keepers.get(session_id)
        return keeper is not None and keeper.dispatcher.reserve(chat)

    @override
    def hand_over(self, message: Message) -> None:
        keeper = self._keepers.get(message.session_id)
        if keeper is not None:
            keeper.dispatcher.hand_over(message)

    @override
    def give_back(self, session_id: SessionId, chat: Jid) -> None:
        keeper = self._keepers.get(session_id)
        if keeper is not None:
            keeper.dispatcher.give_back(chat)

    @override
    async def restart(self, session_id: SessionId) -> None:
        keeper = self._keepers.get(session_id)
        if keeper is None:
            self._keep(session_id)
        else:
            await keeper.restart()

    @override
    async def closed(self, session_id: SessionId) -> None:
        keeper = self._keepers.get(session_id)
        if keeper is not None:
            await keeper.settled()

    @override
    async def logout(self, session_id: SessionId) -> None:
        await self._running(session_id).logout()

    @override
    async def forget(self, session_id: SessionId) -> None:
        await self.closed(session_id)
        await self._driver.forget(session_id)

    @override
    def page(self, session_id: SessionId) -> WhatsAppPage:
        return self._running(session_id).page

    @override
    def capabilities(self, session_id: SessionId) -> tuple[Capability, ...]:
        keeper = self._keepers.get(session_id)
        try:
            return () if keeper is None else keeper.page.capabilities()
        except ConflictError:
            return ()

    @override
    def bridge(self, session_id: SessionId) -> Bridge | None:
        keeper = self._keepers.get(session_id)
        try:
            return None if keeper is None else keeper.page.bridge()
        except ConflictError:
            return None

    def _running(self, session_id: SessionId) -> SessionKeeper:
        keeper = self._keepers.get(session_id)
        if keeper is None:
            raise ConflictError("SESSION_NOT_RUNNING", "The session isn't running; start it first.")
        return keeper

    def _keep(self, session_id: SessionId) -> None:
        if self._tasks is None:
            return  # starting or stopping: the next start looks at every session anyway
        record = SessionRecord(session_id, self._uow, self._codes, self._bus, self._clock, self._ids)
        keeper = SessionKeeper(
            record,
            self._driver,
            self._news,
            OutboxDispatcher(session_id, self._uow, self._clock, self._ids, self._waiters),
            self._clock,
            random.random,
            self._gate,
            self._settings,
        )
        self._keepers[session_id] = keeper
        self._tasks.create_task(self._run(keeper, session_id))

    async def _run(self, keeper: SessionKeeper, session_id: SessionId) -> None:
        failed = ended = False
        try:
            while not ended:
                try:
                    if failed:
                        await keeper.give_up()
                        failed = False
                    await keeper.run()
                    ended = True
                except Exception as fault:  # noqa: BLE001 - whatever it is, the other sessions go on and this one says so
                    self._on_fault(session_id, fault)
                    if failed:
                        await self._clock.sleep(_FAULT_PAUSE)
                    failed = True
        finally:
            if self._keepers.get(session_id) is keeper:
                del self._keepers[session_id]
            keeper.end()
