"""A gateway without transports, on the in-memory adapters."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import override

from adapters.memory.database import MemoryDatabase
from adapters.memory.driver import MemoryWhatsApp, MemoryWhatsAppDriver
from adapters.memory.event_bus import MemoryEventBus
from adapters.memory.link_code_cache import MemoryLinkCodeCache
from adapters.memory.media_store import MemoryMediaStore
from adapters.memory.metrics import MemoryMetrics
from adapters.memory.proxy_connector import MemoryProxyConnector
from adapters.memory.session_store import MemorySessionStore
from adapters.memory.tracer import MemoryTracer
from adapters.memory.watchdog import MemoryWatchdog
from adapters.memory.webhook_sender import MemoryWebhookReceivers, MemoryWebhookSender
from adapters.system.ulid_generator import UlidGenerator
from application.events.feed import EventFeed
from application.media.outgoing_files import OutgoingFiles
from application.messages.recipients import RecipientDirectory
from application.messages.record_page_news import RecordPageNews
from application.messages.send_message import SendMessage, SendMessageCommand
from application.messages.waiters import MessageWaiters
from application.observability.catalogue import MEASURES
from application.observability.event_meter import EventMeter
from application.observability.instruments import Instruments
from application.ports.clock import Clock
from application.ports.event_bus import EventBus
from application.ports.link_code_cache import LinkCodeCache
from application.sessions.create_session import CreateSession, CreateSessionCommand
from application.sessions.end_session import DeleteSession, LogoutSession
from application.sessions.link_session import GetQr, RefreshQr, RequestPairingCode
from application.sessions.run_session import RestartSession, StartSession, StopSession
from application.sessions.take_over import TakeOverSession
from application.workers.keeper_settings import KeeperSettings
from application.workers.left_behind import LeftBehind
from application.workers.ownership import LeaseTerms
from application.workers.snapshots import Snapshots
from application.workers.supervisor import SessionSupervisor
from domain.content import Text
from domain.event import Event
from domain.ids import SessionId
from domain.jid import Jid
from domain.lease import Owner
from domain.message import Message
from domain.session import Session, SessionStatus

ANA, BEN, CARLA = "15550100100", "15550100200", "15550100300"
SESSION = SessionId("ana")
OWNER = Owner(node="node", life="life")
_HASTE = 200


class HastyClock(Clock):
    """The true time, with pauses cut short: what is waited for here is conditions."""

    @override
    def now(self) -> datetime:
        return datetime.now(UTC)

    @override
    def elapsed(self) -> timedelta:
        return timedelta(seconds=asyncio.get_running_loop().time())

    @override
    async def sleep(self, span: timedelta) -> None:
        await asyncio.sleep(span.total_seconds() / _HASTE)


class World:
    """The use cases, and the WhatsApp that they work on."""

    def __init__(
        self,
        clock: Clock,
        whatsapp: MemoryWhatsApp,
        database: MemoryDatabase | None = None,
        codes: LinkCodeCache | None = None,
        settings: KeeperSettings | None = None,
        bus: EventBus | None = None,
        owner: Owner = OWNER,
        ttl: timedelta = timedelta(seconds=20),
        store: MemorySessionStore | None = None,
    ) -> None:
        self.clock = clock
        self.whatsapp = whatsapp
        self.bus = MemoryEventBus() if bus is None else bus
        self.codes = MemoryLinkCodeCache(clock) if codes is None else codes
        self.metrics = MemoryMetrics(MEASURES)
        self.tracer = MemoryTracer()
        self.database = MemoryDatabase(on_events=EventMeter(self.metrics).note) if database is None else database
        self.feed = EventFeed(self.database, self.bus)
        self.faults: list[BaseException] = []
        self.waiters = waiters = MessageWaiters()
        self.ids = ids = UlidGenerator(clock)
        self.receivers = MemoryWebhookReceivers()
        self.sender = MemoryWebhookSender(self.receivers, clock)
        self.store = MemorySessionStore() if store is None else store
        self.media_store = MemoryMediaStore()
        self.told: list[tuple[str, SessionId, str]] = []
        self.driver = driver = MemoryWhatsAppDriver(whatsapp)
        self.proxies = MemoryProxyConnector(private={"private.test"})

        def tell(event: str, session_id: SessionId, detail: str) -> None:
            self.told.append((event, session_id, detail))

        self.left_behind = left_behind = LeftBehind(
            self.database, driver, RecordPageNews(self.database, clock, ids, waiters), clock, tell
        )
        self.snapshots = Snapshots(
            self.store,
            driver,
            self.database,
            clock,
            timedelta(minutes=5),
            lambda: 0.5,
            tell,
            left_behind,
        )
        self.supervisor = SessionSupervisor(
            self.database,
            driver,
            self.bus,
            self.codes,
            clock,
            ids,
            waiters,
            lambda _, fault: self.faults.append(fault),
            KeeperSettings() if settings is None else settings,
            MemoryWatchdog(whatsapp, clock),
            LeaseTerms(owner=owner, ttl=ttl),
            self.snapshots,
            left_behind,
            OutgoingFiles(self.media_store),
            Instruments(metrics=self.metrics, tracer=self.tracer),
        )
        self.create = CreateSession(self.database, clock, ids, self.supervisor, self.proxies)
        self.start = StartSession(self.database, clock, self.supervisor)
        self.stop = StopSession(self.database, clock, self.supervisor)
        self.restart = RestartSession(self.database, clock, self.supervisor)
        self.take_over = TakeOverSession(self.database, clock, self.supervisor)
        self.logout = LogoutSession(self.database, clock, self.supervisor)
        self.delete = DeleteSession(self.database, clock, ids, self.supervisor)
        self.get_qr = GetQr(self.database, self.codes, self.bus)
        self.refresh_qr = RefreshQr(self.database, clock, self.supervisor, self.get_qr)
        self.pairing_code = RequestPairingCode(self.database, clock, ids, self.supervisor)
        self.recipients = RecipientDirectory(clock)
        self.send = SendMessage(
            self.database, clock, ids, self.supervisor, self.recipients, waiters, tracer=self.tracer
        )

    async def session(self, session_id: str = SESSION) -> Session:
        async with self.database.begin() as uow:
            return await uow.sessions.get(SessionId(session_id))

    async def events(self) -> list[Event]:
        await self.database.settle()
        return list(await self.database.read(after=0, limit=10_000))

    async def event_types(self) -> list[str]:
        return [event.type for event in await self.events()]

    async def status(self, *wanted: SessionStatus, session_id: str = SESSION) -> Session:
        async def reached() -> Session | None:
            session = await self.session(session_id)
            return session if session.status in wanted else None

        return await until(reached)

    async def message(self, message_id: str, condition: Callable[[Message], bool]) -> Message:
        async def reached() -> Message | None:
            async with self.database.begin() as uow:
                message = await uow.messages.get(message_id)  # type: ignore[arg-type]  # tests hold plain strings
            return message if condition(message) else None

        return await until(reached)

    async def linked(self, session_id: str = SESSION, phone: str = ANA) -> Session:
        await self.create.execute(CreateSessionCommand(id=session_id))
        qr = await self.get_qr.execute(session_id, wait=timedelta(seconds=5))
        self.whatsapp.scan(phone, qr.text)
        return await self.status(SessionStatus.WORKING, session_id=session_id)

    async def text(self, body: str, *, to: str = BEN, session_id: str = SESSION, wait: float = 5) -> Message:
        return await self.send.execute(
            SendMessageCommand(
                session_id=session_id,
                to=Jid.from_phone(to),
                content=Text.compose(body),
                wait=timedelta(seconds=wait),
            )
        )

    async def reserved(self, phone: str, session_id: str = SESSION) -> None:
        """Takes a chat as a send does that leaves at once; a dispatcher that has just begun doesn't give it yet."""

        async def free() -> bool | None:
            return self.supervisor.reserve(SessionId(session_id), Jid.from_phone(phone)) or None

        await until(free)

    def phone_bodies(self, phone: str = BEN) -> list[str]:
        return [
            message.content.body
            for message in self.whatsapp.account(phone).phone_messages.values()
            if isinstance(message.content, Text)
        ]


async def until[T](look: Callable[[], Awaitable[T | None]], seconds: float = 5) -> T:
    """Looks until there is something to see."""
    async with asyncio.timeout(seconds):
        while (seen := await look()) is None:  # noqa: ASYNC110 - what is awaited is a state of the database, not an event of ours
            await asyncio.sleep(0.002)
        return seen


@asynccontextmanager
async def running(world: World) -> AsyncIterator[World]:
    async with asyncio.TaskGroup() as tasks:
        jobs = [
            tasks.create_task(world.supervisor.run()),
            tasks.create_task(world.feed.run()),
            tasks.create_task(world.snapshots.run()),
        ]
        await asyncio.sleep(0)
        try:
            yield world
        finally:
            for job in jobs:
                job.cancel()
    assert world.faults == []
