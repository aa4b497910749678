"""A receiver that fails, hangs and restarts at random gets every event, in order per session, each known by its id.

Two dispatchers share the work on one PostgreSQL, and are themselves stopped and started now and then. The suite runs it
for some seconds; ``POMBO_WEBHOOK_SOAK_SECONDS=120`` for two minutes, ``POMBO_WEBHOOK_SOAK_SEED`` with another seed.
"""

# ruff: noqa: S311 - chance here is to be repeatable, nothing more

import asyncio
import json
import os
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network

import pytest
from standardwebhooks.webhooks import Webhook

from adapters.http.webhook_sender import HttpWebhookSender, SenderSettings
from adapters.memory.event_bus import MemoryEventBus
from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.event_log import PostgresEventLog
from adapters.system.system_clock import SystemClock
from adapters.system.ulid_generator import UlidGenerator
from application.events.feed import EventFeed
from application.webhooks.manage_webhooks import (
    CreateWebhook,
    CreateWebhookCommand,
    RotateSecretCommand,
    RotateWebhookSecret,
)
from application.webhooks.read_webhooks import GetWebhook
from application.workers.webhook_dispatcher import WebhookDispatcher, WebhookLimits
from domain.event import NewEvent, QrIssued
from domain.ids import SessionId, WebhookId
from domain.webhook import RetrySchedule
from tests.unit.http_adapter.receiver import OK, Exchange, Receiver, status

SECONDS = float(os.environ.get("POMBO_WEBHOOK_SOAK_SECONDS", "15"))
SEED = int(os.environ.get("POMBO_WEBHOOK_SOAK_SEED", "20261126"))
SESSIONS = [*(SessionId(f"s{number}") for number in range(6)), None]
SCHEDULE = RetrySchedule(waits=tuple(timedelta(milliseconds=wait) for wait in (40, 80, 160, 320)))
LIMITS = WebhookLimits(lease=timedelta(seconds=3), poll=timedelta(milliseconds=50))
SETTINGS = SenderSettings(allowed=(ip_network("127.0.0.0/8"),), timeout=timedelta(seconds=0.4))
CLOCK = SystemClock()


@dataclass
class Troubled:
    """A receiver that has troubles until they are over."""

    dice: random.Random
    receiver: Receiver = field(default_factory=Receiver)
    taken: list[tuple[str, int]] = field(default_factory=list)
    bodies: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    secrets: list[str] = field(default_factory=list)
    troubles: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    is_well: bool = False
    server: asyncio.Server | None = None

    async def handle(self, exchange: Exchange) -> None:
        request = exchange.request
        self.verify(exchange)
        trouble = (
            "none"
            if self.is_well
            else self.dice.choices(
                ["none", "500", "307", "hang", "drop before", "drop after", "garbage"], [76, 8, 3, 3, 4, 4, 2]
            )[0]
        )
        self.troubles[trouble] += 1
        match trouble:
            case "none" | "drop after":
                self.taken.append((request.headers["webhook-id"], json.loads(request.body)["sequence"]))
        match trouble:
            case "none":
                await exchange.answer(OK)
            case "500" | "307":
                await exchange.answer(status(int(trouble), "Location: http://127.0.0.1:1/"))
            case "hang":
                await asyncio.sleep(SETTINGS.timeout.total_seconds() * 2)
                exchange.writer.close()
            case "garbage":
                await exchange.answer(b"\x00\x01 what?\r\n\r\n")
                exchange.writer.close()
            case _:
                exchange.writer.close()

    def verify(self, exchange: Exchange) -> None:
        request = exchange.request
        body = Webhook(self.secrets[-1]).verify(request.body, request.headers)
        assert body["id"] == request.headers["webhook-id"]
        self.bodies[body["id"]].add(request.body)

    async def up(self) -> None:
        self.receiver.handler = self.handle
        self.server = await asyncio.start_server(self.receiver.serve, "127.0.0.1", self.receiver.port)
        self.receiver.port = self.server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        assert self.server is not None
        self.server.close()
        await self.receiver.drop_all()
        await self.server.wait_closed()

    async def restart_at_random(self) -> None:
        while True:
            await asyncio.sleep(self.dice.uniform(0.5, 4))
            await self.down()
            self.troubles["restart"] += 1
            await asyncio.sleep(self.dice.uniform(0, 1.5))
            await self.up()


@dataclass
class Soak:
    database: PostgresDatabase
    log: PostgresEventLog
    feed: EventFeed
    sender: HttpWebhookSender
    dice: random.Random
    written: int = 0

    def dispatcher(self) -> asyncio.Task[None]:
        work = WebhookDispatcher(
            self.database,
            self.feed,
            CLOCK,
            UlidGenerator(CLOCK),
            self.sender,
            SCHEDULE,
            LIMITS,
            _fail,
            self.dice.random,
        )
        return asyncio.create_task(work.run())

    async def write(self, seconds: float, ids: UlidGenerator, seed: int) -> None:
        """Commits events of all sessions, some together, some of them late."""
        dice, end = random.Random(seed), asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            async with self.database.begin() as uow:
                for session in dice.choices(SESSIONS, k=dice.choice([1, 1, 1, 2, 5])):
                    now = CLOCK.now()
                    payload = QrIssued(expires_at=now)
                    await uow.events.append(
                        [NewEvent(id=ids.event_id(), session_id=session, time=now, payload=payload)]
                    )
                    self.written += 1
                await asyncio.sleep(dice.choice([0, 0, 0.01]))
            await asyncio.sleep(dice.uniform(0, 0.15))

    async def restart_dispatchers(self, running: list[asyncio.Task[None]]) -> None:
        while True:
            await asyncio.sleep(self.dice.uniform(2, 5))
            place = self.dice.randrange(len(running))
            await _end(running[place])
            running[place] = self.dispatcher()


def _fail(webhook_id: WebhookId, fault: Exception) -> None:
    raise AssertionError(webhook_id) from fault


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    async with asyncio.timeout(2):
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def soaking(url: str, dice: random.Random) -> AsyncIterator[Soak]:
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(ConnectionPool.open(url))
        sender = await stack.enter_async_context(HttpWebhookSender.open(CLOCK, SETTINGS))
        log = PostgresEventLog(pool)
        feed = EventFeed(log, MemoryEventBus())
        following = asyncio.create_task(feed.run())
        stack.push_async_callback(_end, following)
        yield Soak(PostgresDatabase(pool, feed.hint), log, feed, sender, dice)


@pytest.mark.timeout(SECONDS * 2 + 120)
async def test_every_event_in_order_whatever_the_receivers_do(database_url: str) -> None:
    dice = random.Random(SEED)
    receivers = [Troubled(random.Random(SEED + number)) for number in range(2)]
    async with soaking(database_url, dice) as soak:
        ids = UlidGenerator(CLOCK)
        create = CreateWebhook(soak.database, CLOCK, ids, soak.sender)
        endpoints = []
        for receiver in receivers:
            await receiver.up()
            endpoint = await create.execute(CreateWebhookCommand(url=receiver.receiver.url()))
            receiver.secrets.append(endpoint.secret)
            endpoints.append(endpoint)
        running = [soak.dispatcher() for _ in range(2)]
        troubles = [asyncio.create_task(receiver.restart_at_random()) for receiver in receivers]
        troubles.append(asyncio.create_task(soak.restart_dispatchers(running)))
        writers = [asyncio.create_task(soak.write(SECONDS, ids, SEED + 100 + number)) for number in range(3)]
        await asyncio.sleep(SECONDS / 2)
        # Both secrets sign from here on: the receiver goes on checking with the old one.
        await RotateWebhookSecret(soak.database, CLOCK).execute(RotateSecretCommand(webhook_id=endpoints[0].id))
        await asyncio.gather(*writers)
        for trouble in troubles:
            await _end(trouble)
        for receiver in receivers:
            receiver.is_well = True
            assert receiver.server is not None
            if not receiver.server.is_serving():
                await receiver.up()
        await _drained(soak, [endpoint.id for endpoint in endpoints])
        for task in running:
            await _end(task)
        await _check(soak, receivers)
        for receiver in receivers:
            await receiver.down()


async def _drained(soak: Soak, webhook_ids: list[WebhookId]) -> None:
    get = GetWebhook(soak.database)
    async with asyncio.timeout(60 + SECONDS):
        for webhook_id in webhook_ids:
            while (report := await get.execute(webhook_id)).backlog:  # noqa: ASYNC110 - a state of the database
                await asyncio.sleep(0.1)
            assert (report.dead_letters, report.endpoint.enabled) == (0, True)


async def _check(soak: Soak, receivers: list[Troubled]) -> None:
    await soak.log.settle()
    events = [event for event in await soak.log.read(after=0, limit=1_000_000) if event.type == QrIssued.TYPE]
    assert len(events) == soak.written > SECONDS * 5
    session_of = {event.id: event.session_id for event in events}
    for receiver in receivers:
        came: defaultdict[SessionId | None, list[tuple[str, int]]] = defaultdict(list)
        for event_id, position in receiver.taken:
            came[session_of[event_id]].append((event_id, position))  # type: ignore[index] # a string on the wire
        for session in SESSIONS:
            expected = [(event.id, event.sequence) for event in events if event.session_id == session]
            assert list(dict.fromkeys(came[session])) == expected
            # A repeat comes before anything newer: the order holds for repeats, too.
            assert came[session] == sorted(came[session], key=lambda item: item[1])
        assert {len(bodies) for bodies in receiver.bodies.values()} == {1}
        repeats = len(receiver.taken) - len(events)
        print(  # noqa: T201 - figures for whoever runs it for long (-s)
            f"\n{SECONDS:g} s: {len(events)} events, {len(receiver.receiver.requests)} requests, {repeats} repeats of "
            f"what had been taken, {dict(receiver.troubles)}"
        )
        assert receiver.troubles["restart"] >= 2
        assert sum(receiver.troubles[kind] for kind in ("500", "307", "hang", "drop before", "drop after")) >= 10
