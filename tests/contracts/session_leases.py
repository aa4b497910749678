"""What every store of leases does. Fixture: ``uow``, over an empty store."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from application.ports.session_leases import Charge
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.errors import ConflictError
from domain.ids import SessionId
from domain.lease import Lease, Owner
from domain.proxy import Proxy
from domain.session import Session, SessionStatus, Wanted
from tests.contracts.samples import SALES, SUPPORT, event, outbound, session

PROXY = Proxy.parse("http://proxy.example:3128", "ana", "secret")
NORTH, NORTH_AGAIN = Owner(node="north", life="n1"), Owner(node="north", life="n2")
SOUTH = Owner(node="south", life="s1")
LONG, SHORT = timedelta(minutes=1), timedelta(milliseconds=50)


async def claim(
    uow: UnitOfWorkFactory, owner: Owner, *session_ids: SessionId, ttl: timedelta = LONG
) -> Sequence[Lease]:
    async with uow.begin() as unit:
        return await unit.leases.claim(session_ids or (SALES,), owner, ttl=ttl)


async def renew(uow: UnitOfWorkFactory, *leases: Lease) -> Sequence[Lease]:
    async with uow.begin() as unit:
        return await unit.leases.renew(leases, ttl=LONG)


async def release(uow: UnitOfWorkFactory, *leases: Lease) -> None:
    async with uow.begin() as unit:
        await unit.leases.release(leases)


async def find(uow: UnitOfWorkFactory) -> Lease | None:
    async with uow.begin() as unit:
        return await unit.leases.find(SALES)


async def charges(uow: UnitOfWorkFactory) -> Sequence[Charge]:
    async with uow.begin() as unit:
        return await unit.leases.charges()


async def expired(uow: UnitOfWorkFactory) -> None:
    async with asyncio.timeout(5):
        while await find(uow) is not None:  # noqa: ASYNC110 - what is awaited is the database's clock
            await asyncio.sleep(0.01)


async def add(uow: UnitOfWorkFactory, *ids: SessionId) -> None:
    async with uow.begin() as unit:
        for session_id in ids:
            await unit.sessions.add(session(session_id))


async def rename(unit: UnitOfWork, name: str) -> None:
    await unit.sessions.save(replace(await unit.sessions.get(SALES, lock=True), name=name))


async def refused(uow: UnitOfWorkFactory, lease: Lease) -> bool:
    """Whether a write under a lease fails; then nothing of it is stored."""
    before = (await stored(uow)).name
    try:
        async with uow.begin(lease) as unit:
            await rename(unit, "Fenced")
            await unit.events.append([event()])
    except ConflictError as error:
        assert error.reason == "STALE_LEASE"
        assert (await stored(uow)).name == before
        return True
    return False


async def stored(uow: UnitOfWorkFactory) -> Session:
    async with uow.begin() as unit:
        return await unit.sessions.get(SALES)


class SessionLeasesContract:
    async def test_a_free_session_is_claimed_once(self, uow: UnitOfWorkFactory) -> None:
        await add(uow, SALES, SUPPORT)
        (lease,) = await claim(uow, NORTH, SALES)
        assert lease == Lease(session_id=SALES, owner=NORTH, epoch=1)
        assert await find(uow) == lease
        # The other one is given what is left.
        assert [each.session_id for each in await claim(uow, SOUTH, SUPPORT, SALES)] == [SUPPORT]
        assert await find(uow) == lease

    async def test_of_many_who_claim_at_once_one_has_it(self, uow: UnitOfWorkFactory) -> None:
        await add(uow, SALES, SUPPORT)
        owners = [Owner(node=f"node{number}", life="l") for number in range(8)]
        given = await asyncio.gather(*(claim(uow, owner, SUPPORT, SALES) for owner in owners))
        assert sorted(lease.session_id for leases in given for lease in leases) == [SALES, SUPPORT]
        assert {lease.epoch for leases in given for lease in leases} == {1}

    async def test_only_sessions_that_exist_are_claimed(self, uow: UnitOfWorkFactory) -> None:
        assert await claim(uow, NORTH) == ()
        await add(uow, SALES)
        (lease,) = await claim(uow, NORTH)
        async with uow.begin() as unit:
            await unit.sessions.delete(SALES)
        assert await claim(uow, NORTH) == ()
        await release(uow, lease)
        assert await claim(uow, SOUTH) == ()
        # One made later under the same id goes on counting.
        await add(uow, SALES)
        assert [each.epoch for each in await claim(uow, SOUTH)] == [2]

    async def test_a_node_takes_what_it_had_itself(self, uow: UnitOfWorkFactory) -> None:
        await add(uow, SALES)
        (first,) = await claim(uow, NORTH)
        (second,) = await claim(uow, NORTH_AGAIN)
        assert (second.owner, second.epoch) == (NORTH_AGAIN, 2)
        (third,) = await claim(uow, NORTH_AGAIN)
        assert third.epoch == 3
        assert await renew(uow, first, second) == ()
        assert await refused(uow, first)
        assert await refused(uow, second)
        assert not await refused(uow, third)

    async def test_an_expired_lease_is_to_be_had_and_renewed_no_more(self, uow: UnitOfWorkFactory) -> None:
        await add(uow, SALES)
        (old,) = await claim(uow, NORTH, ttl=SHORT)
        await expired(uow)
        assert await renew(uow, old) == ()
        assert await refused(uow, old)
        (new,) = await claim(uow, SOUTH)
        assert (new.owner, new.epoch) == (SOUTH, 2)
        assert await refused(uow, old)
        assert not await refused(uow, new)

    async def test_a_renewed_lease_lasts(self, uow: UnitOfWorkFactory) -> None:
        await add(uow, SALES, SUPPORT)
        (lease,) = await claim(uow, NORTH, SALES, ttl=timedelta(milliseconds=500))
        (other,) = await claim(uow, NORTH, SUPPORT, ttl=SHORT)
        assert lease in await renew(uow, other, lease)
        await asyncio.sleep(0.6)
        assert await find(uow) == lease
        assert await claim(uow, SOUTH) == ()

    async def test_a_released_lease_is_to_be_had_at_once(self, uow: UnitOfWorkFactory) -> None:
        await add(uow, SALES)
        (lease,) = await claim(uow, NORTH)
        await release(uow, lease)
        assert await find(uow) is None
        assert await refused(uow, lease)
        assert await renew(uow, lease) == ()
        (next_one,) = await claim(uow, SOUTH)
        # What was followed by another is nobody's to release.
        await release(uow, lease)
        assert await find(uow) == next_one

    async def test_charges_are_the_sessions_that_need_somebody(self, uow: UnitOfWorkFactory) -> None:
        states = {
            "a-running": {"wanted": Wanted.RUNNING, "proxy": PROXY},
            "b-at-rest": {"wanted": Wanted.STOPPED},
            "c-not-yet": {"wanted": Wanted.STOPPED, "status": SessionStatus.WORKING},
            "d-unlinked": {"wanted": Wanted.STOPPED, "status": SessionStatus.LOGGED_OUT},
            "e-failed": {"wanted": Wanted.STOPPED, "status": SessionStatus.FAILED},
            "f-held": {"wanted": Wanted.STOPPED},
        }
        async with uow.begin() as unit:
            for name, state in reversed(states.items()):
                await unit.sessions.add(session(SessionId(name), **state))
        await claim(uow, NORTH, SessionId("a-running"), SessionId("f-held"))
        found = await charges(uow)
        assert [charge.session_id for charge in found] == ["a-running", "c-not-yet", "e-failed", "f-held"]
        assert [charge.lease and charge.lease.owner for charge in found] == [NORTH, None, None, NORTH]
        assert [charge.wanted for charge in found] == [Wanted.RUNNING, *[Wanted.STOPPED] * 3]
        assert [charge.proxy for charge in found] == [PROXY, None, None, None]

    async def test_what_is_not_committed_is_nobody_s(self, uow: UnitOfWorkFactory) -> None:
        await add(uow, SALES)
        with pytest.raises(ZeroDivisionError):  # noqa: PT012 - it is the unit of work that must let it through
            async with uow.begin() as unit:
                await unit.leases.claim([SALES], NORTH, ttl=LONG)
                raise ZeroDivisionError
        assert await find(uow) is None
        assert [each.epoch for each in await claim(uow, SOUTH)] == [1]

    async def test_a_fence_lets_the_owner_write(self, uow: UnitOfWorkFactory, commits: list[None]) -> None:
        await add(uow, SALES)
        (lease,) = await claim(uow, NORTH)
        message = outbound()
        async with uow.begin(lease) as unit:
            await unit.messages.add_absent([message])
        async with uow.begin(lease) as unit:
            await unit.events.append([event()])
        assert len(commits) == 1
        async with uow.begin() as unit:
            assert await unit.messages.get(message.id) == message

    async def test_a_fence_refuses_events_alone(self, uow: UnitOfWorkFactory, commits: list[None]) -> None:
        await add(uow, SALES)
        (lease,) = await claim(uow, NORTH)
        await claim(uow, NORTH_AGAIN)
        with pytest.raises(ConflictError):
            async with uow.begin(lease) as unit:
                await unit.events.append([event()])
        assert commits == []

    async def test_reading_needs_no_lease(self, uow: UnitOfWorkFactory) -> None:
        await add(uow, SALES)
        (lease,) = await claim(uow, NORTH)
        await release(uow, lease)
        async with uow.begin(lease) as unit:
            assert (await unit.sessions.get(SALES)).id == SALES

    async def test_a_fence_that_refuses_leaves_the_rest_alone(self, uow: UnitOfWorkFactory) -> None:
        await add(uow, SALES)
        (lease,) = await claim(uow, NORTH)
        await release(uow, lease)
        assert await refused(uow, lease)
        async with asyncio.timeout(5), uow.begin() as unit:
            await rename(unit, "Free")
        assert (await stored(uow)).name == "Free"

    async def test_nothing_is_committed_under_an_old_lease_after_the_next_was_given(
        self, uow: UnitOfWorkFactory
    ) -> None:
        """The session is claimed again and again, while it is written to under the leases that there have been."""
        await add(uow, SALES)
        race = Race(uow, [*await claim(uow, NORTH)])
        async with asyncio.timeout(60):
            await race.run()
        assert set(race.outcomes) == {True, False}
        assert len({epoch for _, epoch, _ in race.seen}) > 3
        for (newest, _, before), (_, epoch, mark) in pairwise(race.seen):
            # What is new was committed after the lease of the look before had been given.
            assert mark == before or epoch >= newest


class Race:
    """Claims against fenced writes; ``seen`` has the newest lease's epoch, then the epoch and mark last written."""

    def __init__(self, uow: UnitOfWorkFactory, leases: list[Lease]) -> None:
        self._uow = uow
        self._leases = leases
        self.outcomes: list[bool] = []
        self.seen: list[tuple[int, int, str]] = []
        self._robbing: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        await asyncio.gather(self._rob(), *(self._write(age) for age in (1, 1, 2, 3)), self._watch())

    async def _rob(self) -> None:
        for turn in range(40):
            self._leases.extend(await claim(self._uow, Owner(node=NORTH.node, life=f"life{turn}")))
            enough = len(self.outcomes) + turn % 8
            while len(self.outcomes) < enough:  # noqa: ASYNC110 - any of many may be the one
                await asyncio.sleep(0)
        self._robbing.set_result(None)

    async def _write(self, age: int) -> None:
        while not self._robbing.done():
            lease = self._leases[-age:][0]
            try:
                async with self._uow.begin(lease) as unit:
                    now = await unit.sessions.get(SALES, lock=True)
                    mark = {"epoch": str(lease.epoch), "mark": outbound().id}
                    await unit.sessions.save(replace(now, metadata=mark))
            except ConflictError:
                self.outcomes.append(False)
            else:
                self.outcomes.append(True)

    async def _watch(self) -> None:
        while not self._robbing.done():
            async with self._uow.begin() as unit:
                lease = await unit.leases.find(SALES)
                written = (await unit.sessions.get(SALES)).metadata
            assert lease is not None
            self.seen.append((lease.epoch, int(written.get("epoch", 0)), written.get("mark", "")))
            await asyncio.sleep(0)

    async def test_a_newest_epoch_is_known_whoever_has_it(self, uow: UnitOfWorkFactory) -> None:
        await add(uow, SALES, SUPPORT)
        (first,) = await claim(uow, NORTH)
        await release(uow, first)
        await claim(uow, SOUTH, ttl=SHORT)
        await expired(uow)
        async with uow.begin() as unit:
            assert await unit.leases.epochs([SALES, SUPPORT, SessionId("unheard-of")]) == {SALES: 2}
