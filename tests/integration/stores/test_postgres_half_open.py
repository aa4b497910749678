"""The database over connections that are slow, that hang, or that only seem to be there."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from dependency_injector import providers

from adapters.memory.driver import MemoryWhatsApp
from adapters.postgres.connection_pool import ConnectionPool, PoolSettings
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.health_check import PostgresHealthCheck
from adapters.system.system_clock import SystemClock
from application.sessions.create_session import CreateSessionCommand
from domain.content import Text
from domain.errors import UnavailableError
from domain.session import SessionStatus
from entrypoints.rest.app import create_app
from entrypoints.rest.config import RestConfig
from entrypoints.use_cases import UseCases
from tests.contracts.samples import SALES, session
from tests.faults.proxy import BOTH, Address, FaultProxy, Way
from tests.unit.entrypoints.assembly import API_KEY, build, running
from tests.unit.rest.gateway import Answer, Client

ANA, BEN = "15550100100", "15550100200"
COMMAND = 2.0
SETTINGS = PoolSettings(
    connections=4, command=timedelta(seconds=COMMAND), connect=timedelta(seconds=1), idle=timedelta(seconds=1.5)
)
BOUND = COMMAND + 1.5
"""One statement, and what a busy machine takes."""


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[FaultProxy]:
    async with FaultProxy.open(_address(database_url)) as proxy:
        yield proxy


def _address(url: str) -> Address:
    parts = urlsplit(url)
    if parts.hostname is None:
        return Path(parse_qs(parts.query)["host"][0]) / ".s.PGSQL.5432"
    return parts.hostname, parts.port or 5432


def _through(proxy: FaultProxy, url: str) -> str:
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{user}@127.0.0.1:{proxy.port}", query="").geturl()


@pytest.fixture
async def far(proxy: FaultProxy, database_url: str) -> AsyncIterator[ConnectionPool]:
    """The database behind the proxy."""
    async with ConnectionPool.open(_through(proxy, database_url), SETTINGS) as pool:
        yield pool


@pytest.fixture
async def near(database_url: str) -> AsyncIterator[ConnectionPool]:
    """The same database, straight."""
    async with ConnectionPool.open(database_url, SETTINGS) as pool:
        yield pool


@dataclass
class Sender:
    whatsapp: MemoryWhatsApp
    use_cases: UseCases
    client: Client

    async def send(self, body: str, key: str) -> Answer:
        request = {"session_id": "ana", "to": f"+{BEN}", "type": "text", "text": {"body": body}}
        return await self.client.post("/api/v1/messages/send", request, idempotency_key=key)

    async def held(self, expected: int) -> list[str]:
        """What the recipient's phone holds, as soon as it is so many."""
        async with asyncio.timeout(20):
            while len(self._bodies()) < expected:  # noqa: ASYNC110 - the phone is asked, it doesn't tell
                await asyncio.sleep(0.01)
        return self._bodies()

    def _bodies(self) -> list[str]:
        held = self.whatsapp.account(BEN).phone_messages.values()
        return [message.content.body for message in held if isinstance(message.content, Text)]


@asynccontextmanager
async def sending(pool: ConnectionPool) -> AsyncIterator[Sender]:
    whatsapp = MemoryWhatsApp(SystemClock())
    for phone in (ANA, BEN):
        whatsapp.add_account(phone)
    container = build(whatsapp)
    container.whole_uow.override(providers.Object(PostgresDatabase(pool, lambda: container.feed().hint())))
    container.whole_event_log.override(providers.Object(PostgresEventLog(pool)))
    async with running(container) as use_cases:
        client = Client(create_app(use_cases, RestConfig()), key=API_KEY)
        await use_cases.create_session.execute(CreateSessionCommand(id="ana"))
        whatsapp.scan(ANA, (await use_cases.get_qr.execute("ana", wait=timedelta(seconds=5))).text)
        async with asyncio.timeout(10):
            async for view in await use_cases.watch_session.execute("ana"):
                if view.session.status is SessionStatus.WORKING:
                    break
        yield Sender(whatsapp, use_cases, client)


async def answered(sender: Sender, body: str, key: str) -> Answer:
    """As a careful client does it: the same key again until there is an answer."""
    async with asyncio.timeout(30):
        while (answer := await sender.send(body, key)).status == 503:
            assert answer.reason == "DATABASE_UNAVAILABLE"
            await asyncio.sleep(0.1)
    return answer


async def test_a_slow_database_is_slow_and_nothing_else(far: ConnectionPool, proxy: FaultProxy) -> None:
    uow = PostgresDatabase(far)
    proxy.delay(0.1)
    async with uow.begin() as unit:
        await unit.sessions.add(session())
    async with uow.begin() as unit:
        assert [found.id for found in await unit.sessions.list()] == [SALES]


@pytest.mark.parametrize("ways", [BOTH, *(frozenset({way}) for way in Way)], ids=["both", *(way.name for way in Way)])
async def test_a_send_whose_commit_hangs_is_refused_in_time_and_done_once(
    far: ConnectionPool, proxy: FaultProxy, ways: frozenset[Way]
) -> None:
    async with sending(far) as sender:
        assert (await sender.send("before", "k0")).status == 201
        struck = asyncio.Event()

        def strike() -> None:
            proxy.lose(ways)
            struck.set()

        proxy.when((b"in the middle", b"COMMIT"), strike)
        began = time.monotonic()
        refused = await sender.send("in the middle", "k1")
        assert time.monotonic() - began < BOUND
        assert struck.is_set()
        assert (refused.status, refused.reason) == (503, "DATABASE_UNAVAILABLE")
        check = PostgresHealthCheck(far)
        assert await asyncio.wait_for(check.check(), BOUND) is not None

        await proxy.mend()
        answer = await answered(sender, "in the middle", "k1")
        assert answer.status in {201, 202}
        assert (await answered(sender, "after", "k2")).status in {201, 202}
        assert await sender.held(3) == ["before", "in the middle", "after"]
        assert await check.check() is None


async def test_a_send_whose_commit_is_only_held_up_is_sent(far: ConnectionPool, proxy: FaultProxy) -> None:
    async with sending(far) as sender:
        proxy.when((b"in the middle", b"COMMIT"), proxy.stall)
        sent = asyncio.create_task(sender.send("in the middle", "k1"))
        done, _ = await asyncio.wait({sent}, timeout=COMMAND / 3)
        assert not done
        await proxy.mend()
        assert (await sent).status == 201
        assert await sender.held(1) == ["in the middle"]


async def test_what_a_vanished_gateway_has_locked_is_free_again_soon(
    far: ConnectionPool, near: ConnectionPool, proxy: FaultProxy
) -> None:
    # A machine without power tells the server nothing, and the server's own keepalive takes hours.
    async with PostgresDatabase(near).begin() as unit:
        await unit.sessions.add(session())
    with pytest.raises(UnavailableError):  # noqa: PT012 - it vanishes in the middle
        async with PostgresDatabase(far).begin() as unit:
            await unit.sessions.get(SALES, lock=True)
            proxy.lose()
            await unit.sessions.list()

    async def takes_it() -> Any:
        async with PostgresDatabase(near).begin() as unit:
            return await unit.sessions.get(SALES, lock=True)

    async with asyncio.timeout(SETTINGS.idle.total_seconds() + BOUND):
        while True:
            try:
                assert (await takes_it()).id == SALES
            except UnavailableError:
                continue  # each try waits for the lock
            break


async def test_who_waits_too_long_for_a_lock_is_told_so_and_keeps_the_connection(
    near: ConnectionPool, database_url: str
) -> None:
    holder = await asyncpg.connect(database_url)
    try:
        await holder.execute("BEGIN; LOCK TABLE pombo.sessions")
        with pytest.raises(UnavailableError) as refused:
            async with PostgresDatabase(near).begin() as unit:
                await unit.sessions.list()
        assert refused.value.reason == "DATABASE_UNAVAILABLE"
        async with near.lend() as waiting:
            pid = await waiting.fetchval("SELECT pg_backend_pid()")
            with pytest.raises(asyncpg.QueryCanceledError):
                await waiting.execute("SELECT FROM pombo.sessions")
            assert await waiting.fetchval("SELECT pg_backend_pid()") == pid
    finally:
        await holder.close()


async def test_a_transaction_that_is_idle_for_too_long_is_told_so(far: ConnectionPool) -> None:
    uow = PostgresDatabase(far)
    with pytest.raises(UnavailableError) as refused:  # noqa: PT012 - it pauses in the middle
        async with uow.begin() as unit:
            await unit.sessions.add(session())
            await asyncio.sleep(SETTINGS.idle.total_seconds() + 0.5)
    assert refused.value.reason == "DATABASE_UNAVAILABLE"
    async with uow.begin() as unit:
        assert await unit.sessions.list() == ()


async def test_what_hangs_takes_no_connection_for_good(far: ConnectionPool, proxy: FaultProxy) -> None:
    log = PostgresEventLog(far)
    proxy.lose()
    hung = [asyncio.create_task(log.head()) for _ in range(8)]
    done, left = await asyncio.wait(hung, timeout=2 * BOUND)
    assert not left
    assert all(isinstance(task.exception(), UnavailableError) for task in done)
    await proxy.mend()
    assert [await log.head() for _ in range(5)] == [0] * 5
    assert await asyncio.gather(*(log.head() for _ in range(SETTINGS.connections))) == [0] * SETTINGS.connections
