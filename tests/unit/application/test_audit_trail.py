"""What is put on record of calls: however they end, whatever fails, and however many are refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import override

import pytest

from adapters.memory.database import MemoryDatabase
from adapters.memory.metrics import MemoryMetrics
from adapters.system.system_clock import SystemClock
from application.access.principal import Principal
from application.audit.call import AuditedCall
from application.audit.notes import note_names, note_session, note_target
from application.audit.read_log import VerifyAuditLog, scan
from application.audit.refusals import KNOWN, STRANGERS, Refusals
from application.audit.retention import AuditRetention
from application.audit.trail import AuditTrail, own_record
from application.audit.writer import AuditWriter
from application.observability import catalogue
from application.ports.unit_of_work import UnitOfWork
from domain.access import BOOTSTRAP_USER, Role
from domain.audit import Actor, AuditEntry, AuditTransport
from domain.errors import NotFoundError, UnavailableError
from domain.ids import ApiKeyId, SessionId
from domain.lease import Lease, Owner
from tests.contracts.audit_log import MINE, enter, record
from tests.contracts.samples import NOON

CALLER = Principal(
    name="key_1", scope="key:1", role=Role.ADMIN, user_id=BOOTSTRAP_USER, key_id=ApiKeyId("key_1"), key_name="Desk"
)
ADMIN = AuditedCall(
    transport=AuditTransport.GRPC, operation="deleteSession", request_id="r", address="192.0.2.7", caller=CALLER
)
SEND = replace(ADMIN, operation="sendMessage")


class Flaky(MemoryDatabase):
    """Fails when it is told to: before it begins, or after the commit, whose answer is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.away = 0
        self.silent = 0

    @override
    def begin(self, fence: Lease | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        if self.away:
            self.away -= 1
            raise UnavailableError("DATABASE_UNAVAILABLE", "away")
        return self._answerless(fence) if self.silent else super().begin(fence)

    @asynccontextmanager
    async def _answerless(self, fence: Lease | None) -> AsyncIterator[UnitOfWork]:
        self.silent -= 1
        async with super().begin(fence) as uow:
            yield uow
        raise UnavailableError("DATABASE_UNAVAILABLE", "no answer")


class World:
    def __init__(self, owner: Owner = MINE, database: Flaky | None = None) -> None:
        self.database = database or Flaky()
        self.metrics = MemoryMetrics(catalogue.MEASURES)
        self.faults: list[Exception] = []
        self.writer = AuditWriter(self.database, SystemClock(), self.metrics, self.faults.append)
        self.trail = AuditTrail(self.database, SystemClock(), owner, self.writer)

    async def entries(self) -> list[AuditEntry]:
        await self.writer.write_rest()
        assert (await VerifyAuditLog(self.database).execute()).broken is None
        return [entry async for entry in scan(self.database)]

    async def told(self) -> list[tuple[str, str]]:
        return [(entry.record.operation, entry.record.result) for entry in await self.entries()]

    async def begun(self) -> int:
        return len(self.database._state.audit_intents.rows)


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("call", [ADMIN, SEND])
async def test_however_a_call_ends_it_is_on_record(world: World, call: AuditedCall) -> None:
    async with world.trail.calling(call):
        assert await world.begun() == (call is ADMIN)
        note_session(SessionId("ana"))
    with pytest.raises(NotFoundError):
        async with world.trail.calling(call):
            raise NotFoundError("SESSION_NOT_FOUND", "none")
    with pytest.raises(ZeroDivisionError):
        async with world.trail.calling(call):
            raise ZeroDivisionError
    entered = asyncio.Event()

    async def left() -> None:
        async with world.trail.calling(call):
            entered.set()
            await asyncio.Event().wait()

    leaving = asyncio.create_task(left())
    await entered.wait()
    leaving.cancel()
    await asyncio.wait({leaving})
    results = ["OK", "SESSION_NOT_FOUND", "INTERNAL", "CANCELED"]
    assert await world.told() == [(call.operation, result) for result in results]
    assert await world.begun() == 0
    assert world.faults == []
    first = (await world.entries())[0].record
    assert first.session_id == "ana"
    assert first.actor == Actor(user_id=BOOTSTRAP_USER, key_id=ApiKeyId("key_1"), name="Desk")


async def test_what_reads_is_not_on_record(world: World) -> None:
    async with world.trail.calling(replace(ADMIN, operation="listSessions")):
        note_session(SessionId("ana"))
    assert await world.told() == []


async def test_a_stream_that_shows_secrets_is_on_record_when_it_begins(world: World) -> None:
    async with world.trail.calling(replace(ADMIN, operation="watchSession", names={"session_id": "ana"})):
        assert [(entry.record.session_id, entry.record.result) for entry in await world.entries()] == [
            ("ana", "OPENED")
        ]
    assert len(await world.told()) == 1


async def test_what_was_begun_when_a_gateway_died_is_found_by_its_next_life(world: World) -> None:
    call = replace(ADMIN, names={"session_id": "ana", "webhook_id": "not one", "chat_id": "15550100200@c.us"})
    assert await world.trail.begin(call) is not None
    next_life = World(Owner(node=MINE.node, life="next"), world.database)
    running = asyncio.create_task(next_life.trail.run())
    async with asyncio.timeout(5):
        while not await world.told():  # noqa: ASYNC110 - nothing tells that another life has looked
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait({running})
    (entry,) = await world.entries()
    assert (entry.record.operation, entry.record.result) == ("deleteSession", "UNKNOWN")
    assert (entry.record.session_id, entry.record.targets) == ("ana", ("chat:…0200",))
    assert await world.begun() == 0


async def test_a_database_that_is_away_keeps_an_administrative_call_from_beginning(world: World) -> None:
    world.database.away = 1
    with pytest.raises(UnavailableError):
        async with world.trail.calling(ADMIN):
            pytest.fail("it was begun")
    assert world.metrics.count(catalogue.AUDIT_FAILURES) == 1
    assert len(world.faults) == 1
    assert await world.told() == []


@pytest.mark.parametrize("how", ["away", "silent"])
async def test_an_end_that_got_no_answer_is_written_once(world: World, how: str) -> None:
    async with world.trail.calling(ADMIN):
        setattr(world.database, how, 1)
    assert len(world.faults) == 1
    assert await world.told() == [("deleteSession", "OK")]
    assert await world.begun() == 0


@pytest.mark.parametrize("how", ["away", "silent"])
async def test_a_batch_that_got_no_answer_is_written_once(world: World, how: str) -> None:
    for _ in range(3):
        async with world.trail.calling(SEND):
            pass
    setattr(world.database, how, 1)
    await world.writer.write_rest()
    assert len(world.faults) >= 1
    async with world.trail.calling(SEND):
        pass
    assert await world.told() == [("sendMessage", "OK")] * 4
    assert world.metrics.count(catalogue.AUDIT_ENTRIES) == 4


async def test_who_asks_for_all_to_be_written_meanwhile_writes_nothing_twice(world: World) -> None:
    for round_ in range(20):
        world.writer.put([own_record(NOON, f"x{round_}")])
        await asyncio.gather(*(world.writer.write_rest() for _ in range(3)))
    assert [operation for operation, _ in await world.told()] == [f"x{round_}" for round_ in range(20)]


async def test_what_finds_no_room_is_counted_and_told(world: World) -> None:
    world.writer._most = most = 600
    for number in range(most + 7):
        world.writer.put([own_record(NOON, f"x{number}")])
    assert world.metrics.count(catalogue.AUDIT_LOST) == 7
    entries = await world.entries()
    assert len(entries) == most + 1
    (loss,) = [entry.record for entry in entries if entry.record.operation == "loseAuditRecords"]
    assert loss.count == 7


async def test_what_waits_at_the_end_is_written(world: World) -> None:
    running = asyncio.create_task(world.trail.run())
    await asyncio.sleep(0)
    async with world.trail.calling(SEND):
        pass
    for _ in range(2):
        world.trail.refused(ADMIN, "ROLE_TOO_LOW", site="192.0.2.7")
    running.cancel()
    await asyncio.wait({running})
    results = [(entry.record.result, entry.record.count) for entry in await world.entries()]
    assert results == [("OK", 1), ("ROLE_TOO_LOW", 1), ("ROLE_TOO_LOW", 1)]


def test_however_many_are_refused_there_are_few_entries() -> None:
    refusals, at_once = Refusals(), 0
    for number in range(50_000):
        site = f"2001:db8:{number % 5_000:x}::/64"
        known = replace(CALLER, key_id=ApiKeyId(f"key_{number % 500}"))
        for call, reason in ((replace(ADMIN, caller=None), "API_KEY_INVALID"), (replace(ADMIN, caller=known), "X")):
            at_once += refusals.add(call, call.actor, reason=reason, site=site, now=NOON) is not None
    assert at_once == STRANGERS + KNOWN
    later = list(refusals.close())
    assert len(later) <= STRANGERS + KNOWN + 2
    assert at_once + sum(each.count for each in later) == 100_000
    assert list(refusals.close()) == []


async def test_retention_keeps_the_rest_verifiable(world: World) -> None:
    now = SystemClock().now()
    ages = [800, 700, 600, 1]
    for age in ages:
        await enter(world.database, record(time=now - timedelta(days=age)))
    retention = AuditRetention(world.database, SystemClock(), timedelta(days=365))
    assert await retention.prune() == 3
    assert await retention.prune() == 0
    assert await world.told() == [("deleteSession", "OK"), ("pruneAuditLog", "OK")]
    (_, pruned) = await world.entries()
    async with world.database.begin() as uow:
        ends = await uow.audit.ends()
    assert pruned.record.targets == (f"removed:{ends.removed}",)
    assert (pruned.record.count, ends.removed.sequence) == (3, 3)


async def test_verifying_says_which_entry_is_the_first(world: World) -> None:
    for number in range(5):
        await enter(world.database, record(count=number))
    rows = world.database._state.audit_entries.rows
    whole = dict(rows)
    rows[3] = replace(whole[3], record=replace(whole[3].record, result="ROLE_TOO_LOW"))
    found = await VerifyAuditLog(world.database).execute()
    assert found.broken is not None
    assert (found.broken.sequence, found.checked, found.head) == (3, 2, whole[2].mark)
    rows[3] = whole[3]
    (more,) = [replace(whole[5], sequence=6, previous=whole[5].hash)]
    rows[6] = more
    found = await VerifyAuditLog(world.database).execute()
    assert found.broken is not None
    assert found.broken.sequence == 6


async def test_what_is_no_id_is_not_noted(world: World) -> None:
    async with world.trail.calling(SEND):
        note_names({"session_id": "NO ID", "message_id": "msg_x", "key_id": "secret", "group_id": "155501002-12@g.us"})
        note_target("media", "media_1")
    (entry,) = await world.entries()
    assert (entry.record.session_id, entry.record.targets) == (None, ("group:…0212", "media:media_1"))
