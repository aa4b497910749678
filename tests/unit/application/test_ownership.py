"""How long a gateway believes in its leases."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import override

import pytest

from adapters.memory.database import MemoryDatabase
from adapters.memory.driver import MemoryWhatsApp
from application.ports.session_leases import Charge
from application.ports.unit_of_work import UnitOfWork
from application.ports.watchdog import Watchdog
from application.sessions.create_session import CreateSessionCommand
from application.workers.ownership import LeaseTerms, Ownership
from domain.errors import ConflictError, UnavailableError
from domain.ids import SessionId
from domain.lease import Lease, Owner
from domain.session import SessionStatus
from tests.contracts.samples import SALES, SUPPORT, session

from .outages import SlowDatabase, UnsteadyDatabase
from .world import SESSION, HastyClock, World, running, until

TERMS = LeaseTerms(owner=Owner(node="north", life="1"), ttl=timedelta(seconds=2))


class ListingWatchdog(Watchdog):
    """Notes what it is told; refuses while ``broken``."""

    broken = False

    def __init__(self) -> None:
        self.until: dict[SessionId, timedelta] = {}

    @override
    async def allow(self, until: Mapping[SessionId, timedelta]) -> None:
        if self.broken:
            raise UnavailableError("WATCHDOG_FAILED", "It is gone.")
        self.until |= until

    @override
    async def dismiss(self, session_ids: Collection[SessionId]) -> None:
        for session_id in session_ids:
            self.until.pop(session_id, None)


class TrueClock(HastyClock):
    @override
    async def sleep(self, span: timedelta) -> None:
        await asyncio.sleep(span.total_seconds())


@asynccontextmanager
async def owning(database: MemoryDatabase, watchdog: ListingWatchdog) -> AsyncIterator[tuple[Ownership, list[Lease]]]:
    lost: list[Lease] = []
    async with database.begin() as uow:
        for session_id in (SALES, SUPPORT):
            await uow.sessions.add(session(session_id))
    ownership = Ownership(database, watchdog, TrueClock(), TERMS)
    keeping = asyncio.create_task(ownership.keep(lost.append))
    try:
        yield ownership, lost
    finally:
        keeping.cancel()
        await asyncio.wait({keeping})


async def test_it_ends_its_sessions_before_their_leases_have_expired() -> None:
    """The database is away: nobody tells it that its time is over."""
    database, watchdog, clock = UnsteadyDatabase(), ListingWatchdog(), TrueClock()
    async with owning(database, watchdog) as (ownership, lost):
        leases = await ownership.claim([SALES, SUPPORT])
        database.go_away()

        async def gone() -> bool | None:
            return len(lost) == 2 or None

        await until(gone, 3)
        assert sorted(lease.session_id for lease in lost) == [SALES, SUPPORT]
        assert watchdog.until == {SALES: timedelta(0), SUPPORT: timedelta(0)}
        database.error = None
        # By the database's clock they weren't over yet.
        async with database.begin() as uow:
            assert await uow.leases.find(SALES) == leases[0]
        # Its own node may have them anew at once.
        again = await ownership.claim([SALES])
        assert again[0].epoch == 2
        assert watchdog.until[SALES] > clock.elapsed()


async def test_a_short_outage_of_the_database_ends_nothing() -> None:
    database, watchdog = UnsteadyDatabase(), ListingWatchdog()
    async with owning(database, watchdog) as (ownership, lost):
        await ownership.claim([SALES])
        first = watchdog.until[SALES]
        database.go_away()
        await asyncio.sleep(0.9)
        database.error = None

        async def renewed() -> bool | None:
            return watchdog.until[SALES] > first or None

        await until(renewed, 3)
        assert lost == []


async def test_an_answer_that_comes_too_late_is_worth_nothing() -> None:
    database, watchdog = SlowDatabase(), ListingWatchdog()
    async with owning(database, watchdog) as (ownership, _):
        database.pause = 1.6
        assert await ownership.claim([SALES]) == ()
        assert watchdog.until == {}


async def test_without_a_watchdog_nothing_is_taken_and_nothing_kept() -> None:
    database, watchdog = UnsteadyDatabase(), ListingWatchdog()
    async with owning(database, watchdog) as (ownership, lost):
        await ownership.claim([SALES])
        watchdog.broken = True
        with pytest.raises(UnavailableError):
            await ownership.claim([SUPPORT])
        async with database.begin() as uow:
            assert await uow.leases.find(SUPPORT) is None

        async def gone() -> bool | None:
            return bool(lost) or None

        await until(gone, 3)
        assert [lease.session_id for lease in lost] == [SALES]


class StallingDatabase(UnsteadyDatabase):
    """What a lease fences waits until ``go_on`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()

    @override
    def begin(self, fence: Lease | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._stalling(fence)

    @asynccontextmanager
    async def _stalling(self, fence: Lease | None) -> AsyncIterator[UnitOfWork]:
        if fence is not None:
            await self.go_on.wait()
        async with super().begin(fence) as uow:
            yield uow


@asynccontextmanager
async def starting(database: MemoryDatabase) -> AsyncIterator[World]:
    """A gateway that hasn't begun yet, with a session that an earlier one saw at work."""
    async with database.begin() as uow:
        await uow.sessions.add(session(SALES, status=SessionStatus.WORKING))
    clock = HastyClock()
    world = World(clock, MemoryWhatsApp(clock), database, ttl=timedelta(seconds=1))
    working = asyncio.create_task(world.supervisor.run())
    try:
        yield world
    finally:
        working.cancel()
        await asyncio.wait({working})


async def test_a_gateway_that_loses_its_leases_while_it_starts_is_not_ready_yet() -> None:
    """Else it would serve a status that an earlier gateway saw."""
    database = StallingDatabase()
    async with starting(database) as world:

        async def claimed() -> Lease | None:
            async with database.begin() as uow:
                return await uow.leases.find(SALES)

        await until(claimed)
        database.go_away()

        async def lost() -> bool | None:
            return world.supervisor._charges.get(SALES) is None or None

        await until(lost)
        database.error = None
        database.go_on.set()
        await world.supervisor.taken_over.wait()
        assert (await world.session(SALES)).status is not SessionStatus.WORKING


async def test_a_gateway_whose_first_lease_comes_too_late_is_not_ready_yet() -> None:
    """It has nothing then, and neither has anybody else."""
    database = SlowDatabase()
    async with starting(database) as world:
        database.pause = 0.8

        async def claimed() -> Lease | None:
            return database._state.leases.rows.get(SALES)

        await until(claimed)
        database.pause = 0.0
        await world.supervisor.taken_over.wait()
        assert (await world.session(SALES)).status is not SessionStatus.WORKING


class StoppedClock(HastyClock):
    """Goes on only where it is told to."""

    at = timedelta(0)

    @override
    def elapsed(self) -> timedelta:
        return self.at


async def test_who_was_stopped_doesn_t_trust_in_what_it_had() -> None:
    """Before it hears that the lease is lost."""
    database, clock = MemoryDatabase(), StoppedClock()
    async with database.begin() as uow:
        await uow.sessions.add(session(SALES))
    ownership = Ownership(database, ListingWatchdog(), clock, TERMS)
    (lease,) = await ownership.claim([SALES])
    clock.at = TERMS.ttl - TERMS.margin - timedelta(milliseconds=1)
    ownership.check(lease)
    clock.at += timedelta(milliseconds=1)
    with pytest.raises(ConflictError) as stale:
        ownership.check(lease)
    assert stale.value.reason == "STALE_LEASE"
    clock.at = timedelta(0)
    await ownership.release([lease])
    with pytest.raises(ConflictError):
        ownership.check(lease)


@pytest.mark.parametrize("stalled", ["the reading", "the release"])
async def test_what_was_read_before_a_session_was_given_back_isn_t_believed(
    stalled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a session that was just stopped is claimed once more, and whoever deletes it elsewhere is refused."""
    clock = HastyClock()
    world = World(clock, MemoryWhatsApp(clock), MemoryDatabase())
    async with running(world):
        await world.create.execute(CreateSessionCommand(id=SESSION))
        await world.status(SessionStatus.SCAN_QR_CODE)
        charges, ownership, watchdog = (
            world.supervisor._charges,
            world.supervisor._ownership,
            world.supervisor._ownership._watchdog,
        )
        has_read, has_ended, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()
        read, dismiss, claim = ownership.charges, watchdog.dismiss, ownership.claim
        claimed: list[SessionId] = []

        async def held_back() -> Sequence[Charge]:
            found = await read()
            has_read.set()
            await (go_on if stalled == "the reading" else has_ended).wait()
            return found

        async def dismissed(session_ids: Collection[SessionId]) -> None:
            has_ended.set()
            if stalled == "the release":
                await go_on.wait()
            await dismiss(session_ids)

        async def counted(session_ids: Collection[SessionId]) -> Sequence[Lease]:
            claimed.extend(session_ids)
            return await claim(session_ids)

        monkeypatch.setattr(ownership, "charges", held_back)
        monkeypatch.setattr(ownership, "claim", counted)
        monkeypatch.setattr(watchdog, "dismiss", dismissed)
        looking = asyncio.create_task(charges.look())
        await has_read.wait()
        stopping = asyncio.create_task(world.stop.execute(SESSION))
        if stalled == "the reading":
            await stopping
            go_on.set()
            await looking
        else:
            await looking
            go_on.set()
            await stopping
        assert claimed == []
