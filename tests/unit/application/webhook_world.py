"""Webhooks on the in-memory adapters, with a clock that the test sets."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, override

from adapters.memory.database import MemoryDatabase
from adapters.memory.event_bus import MemoryEventBus
from adapters.memory.webhook_sender import MemoryWebhookReceivers, MemoryWebhookSender
from adapters.system.ulid_generator import UlidGenerator
from application.events.feed import EventFeed
from application.ports.clock import Clock
from application.ports.webhook_log import DeadLetter, Delivery, DeliveryFilter
from application.webhooks.configured_webhook import EnsureConfiguredWebhook
from application.webhooks.direct_delivery import DirectDelivery, PostTestEvent, RedeliverEvent
from application.webhooks.manage_webhooks import (
    CreateWebhook,
    CreateWebhookCommand,
    DeleteWebhook,
    RotateWebhookSecret,
    UpdateWebhook,
)
from application.webhooks.read_webhooks import GetWebhook, ListDeadLetters, ListDeliveries, ListWebhooks, WebhookReport
from application.webhooks.replay_events import ReplayEvents
from application.workers.webhook_dispatcher import WebhookDispatcher, WebhookLimits
from domain.event import NewEvent, QrIssued
from domain.ids import EventId, SessionId
from domain.webhook import RetrySchedule, WebhookEndpoint
from tests.contracts.samples import SALES
from tests.unit.application.world import until

URL, OTHER = "https://hook.test/", "https://other.test/"
QUICK = WebhookLimits(poll=timedelta(milliseconds=5))


class SetClock(Clock):
    """Stands until it is set."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 22, 12, tzinfo=UTC)
        self._moved = asyncio.Condition()

    @override
    def now(self) -> datetime:
        return self.time

    @override
    def elapsed(self) -> timedelta:
        return timedelta(seconds=asyncio.get_running_loop().time())

    @override
    async def sleep(self, span: timedelta) -> None:
        end = self.time + span
        async with self._moved:
            await self._moved.wait_for(lambda: self.time >= end)

    async def move(self, span: timedelta) -> None:
        async with self._moved:
            self.time += span
            self._moved.notify_all()


class WebhookWorld:
    def __init__(self, limits: WebhookLimits = QUICK) -> None:
        self.clock = SetClock()
        self.receivers = MemoryWebhookReceivers()
        self.database = MemoryDatabase(lambda: self.feed.hint())  # noqa: PLW0108 - the feed is made of the database
        self.feed = EventFeed(self.database, MemoryEventBus())
        self.ids = UlidGenerator(self.clock)
        self.limits = limits
        self.faults: list[Exception] = []
        sender = MemoryWebhookSender(self.receivers, self.clock)
        self.sender = sender
        common = (self.database, self.clock, self.ids, sender)
        direct = DirectDelivery(*common)
        self.create = CreateWebhook(*common)
        self.update = UpdateWebhook(*common)
        self.delete = DeleteWebhook(self.database, self.clock)
        self.rotate = RotateWebhookSecret(self.database, self.clock)
        self.get = GetWebhook(self.database)
        self.list = ListWebhooks(self.database)
        self.deliveries = ListDeliveries(self.database)
        self.dead_letters = ListDeadLetters(self.database)
        self.test = PostTestEvent(self.database, self.clock, self.ids, direct)
        self.redeliver = RedeliverEvent(self.database, self.clock, self.database, direct)
        self.replay = ReplayEvents(self.database, self.clock, self.database)
        self.ensure = EnsureConfiguredWebhook(self.database, self.clock, self.ids)

    def dispatcher(self) -> WebhookDispatcher:
        return WebhookDispatcher(
            self.database,
            self.feed,
            self.clock,
            self.ids,
            self.sender,
            RetrySchedule(),
            self.limits,
            on_fault=lambda _, fault: self.faults.append(fault),
            chance=lambda: 0.5,
        )

    async def endpoint(self, url: str = URL, **options: Any) -> WebhookEndpoint:
        return await self.create.execute(CreateWebhookCommand(url=url, **options))

    async def happen(self, *sessions: SessionId | None) -> list[EventId]:
        """One event each."""
        events = [
            NewEvent(
                id=self.ids.event_id(),
                session_id=each,
                time=self.clock.now(),
                payload=QrIssued(expires_at=self.clock.now()),
            )
            for each in sessions
        ]
        async with self.database.begin() as uow:
            await uow.events.append(events)
        return [event.id for event in events]

    async def report(self, endpoint: WebhookEndpoint) -> WebhookReport:
        return await self.get.execute(endpoint.id)

    async def reach(
        self, endpoint: WebhookEndpoint, condition: Callable[[WebhookReport], bool], seconds: float = 5
    ) -> WebhookReport:
        async def look() -> WebhookReport | None:
            report = await self.report(endpoint)
            return report if condition(report) else None

        return await until(look, seconds)

    async def tried(self, count: int) -> None:
        """Waits until receivers were tried so often, and until what followed is written."""

        async def look() -> bool | None:
            async with self.database.begin() as uow:
                noted = 0
                for endpoint in await uow.webhooks.list():
                    noted += len(
                        await uow.webhook_log.deliveries(endpoint.id, DeliveryFilter(), before=None, limit=9_999)
                    )
            return True if noted >= count else None

        await until(look)

    async def log(self, endpoint: WebhookEndpoint) -> list[Delivery]:
        async with self.database.begin() as uow:
            found = await uow.webhook_log.deliveries(endpoint.id, DeliveryFilter(), before=None, limit=9_999)
        return [entry.delivery for entry in reversed(found)]

    async def letters(self, endpoint: WebhookEndpoint) -> list[DeadLetter]:
        return list((await self.dead_letters.execute(endpoint.id)).items)

    def received(self, url: str = URL, session_id: SessionId | None = SALES) -> list[EventId]:
        return [
            each.event_id
            for each in self.receivers.received
            if each.url == url and json.loads(each.body)["session_id"] == session_id
        ]

    async def settle(self) -> None:
        """Lets the dispatcher look a few times."""
        for _ in range(5):
            await asyncio.sleep(self.limits.poll.total_seconds() * 2)


@asynccontextmanager
async def running(world: WebhookWorld) -> AsyncIterator[WebhookWorld]:
    jobs = [asyncio.create_task(world.feed.run()), asyncio.create_task(world.dispatcher().run())]
    try:
        yield world
    finally:
        for job in jobs:
            job.cancel()
        async with asyncio.timeout(2):
            await asyncio.gather(*jobs, return_exceptions=True)
    assert [job.exception() for job in jobs if not job.cancelled()] == []
    assert world.faults == []
