"""What every audit log does, and what keeps what was begun. Fixture: ``uow``, over an empty store."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from application.ports.audit_log import AuditFilter
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.audit import GENESIS, Actor, AuditEntry, AuditRecord, AuditTransport, ChainEnds, chained
from domain.audit_check import ChainCheck
from domain.ids import SessionId
from domain.lease import Owner
from tests.contracts.samples import IDS, NOON, SALES, SUPPORT, at

MINE, FORMER, OTHER = Owner(node="a", life="2"), Owner(node="a", life="1"), Owner(node="b", life="1")
YEAR = timedelta(days=365)


def record(**changes: object) -> AuditRecord:
    usual = AuditRecord(
        time=NOON,
        operation="deleteSession",
        result="OK",
        transport=AuditTransport.REST,
        actor=Actor(user_id=IDS.user_id(), key_id=IDS.api_key_id(), name="Tickets 🕊"),
        address="192.0.2.7",
        request_id="r-1",
        session_id=SUPPORT,
        targets=("message:msg_1", "contact:…0100"),
        count=3,
    )
    return replace(usual, **changes)  # type: ignore[arg-type]  # a test's short cut


BARE = AuditRecord(
    time=at(1), operation="pruneAuditLog", result="OK", transport=AuditTransport.GATEWAY, actor=Actor(name="gateway")
)


async def enter(uow: UnitOfWorkFactory, *records: AuditRecord) -> tuple[AuditEntry, ...]:
    async with uow.begin() as unit:
        return tuple(await unit.audit.append(records))


async def listed(unit: UnitOfWork, **criteria: object) -> list[int]:
    fitting = AuditFilter(**criteria)  # type: ignore[arg-type]  # a test's short cut
    return [entry.sequence for entry in await unit.audit.list(fitting, before=None, limit=9)]


class AuditLogContract:
    async def test_entries_are_a_chain(self, uow: UnitOfWorkFactory) -> None:
        assert await enter(uow) == ()
        async with uow.begin() as unit:
            assert await unit.audit.ends() == ChainEnds()
        first = await enter(uow, record(), BARE)
        second = await enter(uow, record(time=at(2)))
        wanted = tuple(chained(GENESIS, (first[0].record, BARE, second[0].record)))
        assert first + second == wanted
        async with uow.begin() as unit:
            assert await unit.audit.scan(after=0, limit=9) == wanted
            assert await unit.audit.scan(after=1, limit=1) == wanted[1:2]
            assert await unit.audit.ends() == ChainEnds(removed=GENESIS, head=wanted[-1].mark)

    async def test_who_writes_at_the_same_time_writes_one_chain(self, uow: UnitOfWorkFactory) -> None:
        await asyncio.gather(*(enter(uow, record(), record()) for _ in range(10)))
        check = ChainCheck(GENESIS)
        async with uow.begin() as unit:
            for entry in await unit.audit.scan(after=0, limit=99):
                assert check.take(entry) is None
            assert check.at.sequence == 20
            assert (await unit.audit.ends()).head == check.at

    async def test_what_is_taken_back_is_not_in_it(self, uow: UnitOfWorkFactory) -> None:
        try:
            async with uow.begin() as unit:
                await unit.audit.append([record()])
                raise TimeoutError
        except TimeoutError:
            pass
        assert (await enter(uow, BARE))[0].sequence == 1

    async def test_they_are_found_by_what_they_say(self, uow: UnitOfWorkFactory) -> None:
        entries = await enter(uow, record(), BARE, record(session_id=SALES, result="NOT_FOUND", time=at(2)))
        actor = entries[0].record.actor
        async with uow.begin() as unit:
            assert await listed(unit) == [3, 2, 1]
            assert await listed(unit, since=at(1)) == [3, 2]
            assert await listed(unit, until=at(1)) == [1]
            assert await listed(unit, since=NOON, until=at(2)) == [2, 1]
            assert await listed(unit, user_id=actor.user_id) == [1]
            assert await listed(unit, key_id=actor.key_id) == [1]
            assert await listed(unit, operation="deleteSession") == [3, 1]
            assert await listed(unit, session_id=SALES) == [3]
            assert await listed(unit, session_id=SUPPORT, result="OK") == [1]
            assert await listed(unit, session_id=SessionId("none")) == []
            found = await unit.audit.list(AuditFilter(), before=3, limit=1)
            assert found == (entries[1],)

    async def test_retention_removes_the_oldest_and_says_how_far(self, uow: UnitOfWorkFactory) -> None:
        old = [record(time=NOON - YEAR * 2), record(time=NOON - YEAR * 3)]
        entries = await enter(uow, *old, record(), record(time=NOON - YEAR * 2))
        async with uow.begin() as unit:
            assert await unit.audit.prune(now=NOON, keep=YEAR, limit=1) == 1
            assert await unit.audit.ends() == ChainEnds(removed=entries[0].mark, head=entries[3].mark)
        async with uow.begin() as unit:
            # The last is behind one that is young enough.
            assert await unit.audit.prune(now=NOON, keep=YEAR, limit=9) == 1
        async with uow.begin() as unit:
            assert await unit.audit.prune(now=NOON, keep=YEAR, limit=9) == 0
            assert await unit.audit.scan(after=0, limit=9) == entries[2:]
            assert await unit.audit.ends() == ChainEnds(removed=entries[1].mark, head=entries[3].mark)
        assert (await enter(uow, BARE))[0].previous == entries[3].hash


class AuditIntentsContract:
    async def test_what_was_begun_and_ended_is_forgotten(self, uow: UnitOfWorkFactory) -> None:
        async with uow.begin() as unit:
            numbers = [await unit.audit_intents.add(MINE, record()), await unit.audit_intents.add(MINE, BARE)]
        assert len(set(numbers)) == 2
        async with uow.begin() as unit:
            assert await unit.audit_intents.remove(numbers[0])
        async with uow.begin() as unit:
            assert not await unit.audit_intents.remove(numbers[0])
            assert await unit.audit_intents.take_abandoned(OTHER, before=at(99), limit=9) == (BARE,)
            assert not await unit.audit_intents.remove(numbers[1])

    async def test_what_nobody_will_end_is_taken_once(self, uow: UnitOfWorkFactory) -> None:
        old, former, mine, others = record(time=NOON - YEAR), record(count=5), record(count=6), record(count=7)
        async with uow.begin() as unit:
            await unit.audit_intents.add(OTHER, old)
            await unit.audit_intents.add(FORMER, former)
            await unit.audit_intents.add(MINE, mine)
            await unit.audit_intents.add(OTHER, others)

        async def take() -> list[AuditRecord]:
            async with uow.begin() as unit:
                return list(await unit.audit_intents.take_abandoned(MINE, before=NOON, limit=1))

        taken = [each for some in await asyncio.gather(*(take() for _ in range(4))) for each in some]
        taken += await take() + await take()
        assert sorted(each.count for each in taken) == [3, 5]
        assert {each.count: each for each in taken} == {3: old, 5: former}
