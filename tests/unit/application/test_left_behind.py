"""What a gateway finds in a profile that it was killed with, and whose session another one has run since."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import override

import pytest

from adapters.memory.driver import Hang, MemoryWhatsApp, MemoryWhatsAppDriver, Operation, Refuse
from application.ports.session_store import NewSnapshot
from application.ports.whatsapp_driver import StoredNews
from application.workers.snapshot_restore import SnapshotRestore
from domain.changes import Reacted
from domain.errors import ConflictError, InternalError, UnavailableError
from domain.event import MessageReacted
from domain.ids import SessionId, WhatsAppMessageId
from domain.lease import Owner
from domain.message_state import NOTHING_DONE
from domain.proxy import Proxy
from domain.session import Session

from .outages import UnsteadyDatabase
from .world import ANA, BEN, CARLA, SESSION, HastyClock, World, until

NORTH, SOUTH = Owner(node="north", life="1"), Owner(node="south", life="1")


@pytest.fixture
def database() -> UnsteadyDatabase:
    return UnsteadyDatabase()


@pytest.fixture
async def left(clock: HastyClock, whatsapp: MemoryWhatsApp, database: UnsteadyDatabase) -> World:
    """A session whose page has taken one message under the first lease, and told nobody."""
    world = World(clock, whatsapp, database=database)
    profile, account = whatsapp.profile(SESSION), whatsapp.account(ANA)
    profile.account, account.devices[SESSION] = account, profile
    now = datetime.now(UTC) - timedelta(minutes=1)
    session = Session.create(id=SESSION, name="Ana", start=True, metadata={}, now=now)
    async with database.begin() as uow:
        await uow.sessions.add(session.link(account.me, now))
        await uow.leases.claim([SESSION], NORTH, ttl=timedelta(0))
    page = await MemoryWhatsAppDriver(whatsapp).open(SESSION, 1)
    whatsapp.phone_sends(BEN, ANA, "taken, and not recorded")
    await page.close()
    return world


async def outrun(world: World) -> None:
    async with world.database.begin() as uow:
        assert await uow.leases.claim([SESSION], SOUTH, ttl=timedelta(hours=1))


@asynccontextmanager
async def looking(world: World, *, is_run_here: bool = False) -> AsyncIterator[None]:
    task = asyncio.create_task(
        world.left_behind.run(lambda _: is_run_here, lambda _, fault: world.faults.append(fault))
    )
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def recorded(world: World) -> list[str]:
    return [
        event.payload.message.content.body  # type: ignore[union-attr]  # all are texts here
        for event in await world.events()
        if event.type == "message.received"
    ]


async def is_read(world: World) -> bool | None:
    return (not (await MemoryWhatsAppDriver(world.whatsapp).login(SESSION)).unread) or None


async def test_it_is_recorded_once_and_the_profile_left_alone(left: World) -> None:
    await outrun(left)
    async with looking(left):
        await until(lambda: is_read(left))
        await asyncio.sleep(0.2)  # several looks
    assert await recorded(left) == ["taken, and not recorded"]
    assert [event for event, _, _ in left.told] == ["left_profile_read"]
    assert left.whatsapp.profile(SESSION).epoch == 1


async def test_what_was_done_to_a_message_that_it_lacks_is_recorded(left: World) -> None:
    """It came from an older snapshot, and the page has told its reader of the reaction in vain."""
    profile = left.whatsapp.profile(SESSION)
    taken = profile.messages.popitem()[1]
    await outrun(left)
    await left.left_behind._news.messages(SESSION, [taken], backfilled=False)
    reaction = Reacted(
        target=taken.whatsapp_id, chat=taken.chat, by=BEN, from_me=False, at=datetime.now(UTC), emoji="👍"
    )
    profile.states[taken.whatsapp_id] = NOTHING_DONE.apply(reaction)
    async with looking(left):
        await until(lambda: is_read(left))
    told = [event.payload for event in await left.events() if isinstance(event.payload, MessageReacted)]
    assert [payload.change for payload in told] == [reaction]
    assert told[0].message_id is not None


@pytest.mark.parametrize("held", [True, False])
async def test_a_profile_that_nobody_has_outrun_or_that_runs_here_is_left_unread(left: World, held: bool) -> None:
    if held:
        await outrun(left)
    async with looking(left, is_run_here=held):
        await asyncio.sleep(0.2)
    assert await recorded(left) == []
    assert not await is_read(left)


async def test_it_is_tried_until_the_database_takes_it_and_the_profile_can_be_read(
    left: World, database: UnsteadyDatabase
) -> None:
    await outrun(left)
    fault = Refuse(UnavailableError("BROWSER_FAILED", "It doesn't start."))
    for _ in range(3):
        left.whatsapp.script(SESSION, Operation.STORED, fault)
    database.go_away()
    async with looking(left):
        await asyncio.sleep(0.1)
        assert not await is_read(left)
        database.error = None
        await until(lambda: is_read(left))
    assert await recorded(left) == ["taken, and not recorded"]
    assert [event for event, _, _ in left.told] == ["left_profile_unreadable", "left_profile_read"]


async def test_a_fault_of_ours_is_told_and_ends_nothing(left: World) -> None:
    await outrun(left)
    left.whatsapp.script(SESSION, Operation.STORED, Refuse(InternalError("FAULT", "A fault.")))
    async with looking(left):
        await until(lambda: is_read(left))
    assert await recorded(left) == ["taken, and not recorded"]


async def test_of_a_deleted_session_nothing_is_recorded(left: World) -> None:
    await outrun(left)
    async with left.database.begin() as uow:
        await uow.sessions.delete(SESSION)
    async with looking(left):
        await until(lambda: is_read(left))
    assert await recorded(left) == []


async def test_what_came_before_the_session_was_made_is_another_one_s(left: World) -> None:
    await outrun(left)
    async with left.database.begin() as uow:
        session = await uow.sessions.get(SESSION, lock=True)
        await uow.sessions.save(replace(session, created_at=datetime.now(UTC) + timedelta(hours=1)))
    async with looking(left):
        await until(lambda: is_read(left))
    assert await recorded(left) == []


async def test_of_an_account_that_the_session_was_linked_to_before_nothing_is_recorded(left: World) -> None:
    """Unlinked elsewhere while this gateway was away, and linked to somebody else."""
    await outrun(left)
    other = left.whatsapp.account(CARLA).me
    async with left.database.begin() as uow:
        session = await uow.sessions.get(SESSION, lock=True)
        await uow.sessions.save(session.unlink(datetime.now(UTC)).link(other, datetime.now(UTC)))
    async with looking(left):
        await until(lambda: is_read(left))
    assert await recorded(left) == []
    assert [event for event, _, _ in left.told] == ["left_profile_foreign"]


async def restore(world: World) -> None:
    """Puts a newer snapshot, without the message, in the profile's place."""
    whatsapp = world.whatsapp
    profile = whatsapp.profile(SESSION)
    taken, profile.messages = profile.messages, {}
    image = whatsapp.image(profile)
    profile.messages = taken
    await world.store.save(
        NewSnapshot(
            session_id=SESSION,
            account=whatsapp.account(ANA).jid,
            epoch=2,
            taken_at=datetime.now(UTC),
            image=image,
        )
    )
    told = world.told
    driver = MemoryWhatsAppDriver(whatsapp)
    restoring = SnapshotRestore(world.store, driver, HastyClock(), lambda *what: told.append(what), world.left_behind)

    async def waits(_: str) -> None:
        pass

    await restoring.prepare(await world.session(), 3, on_waiting=waits)
    assert profile.messages == {}


async def test_before_a_snapshot_takes_its_place_it_is_read(left: World) -> None:
    left.whatsapp.script(SESSION, Operation.STORED, Refuse(UnavailableError("BROWSER_FAILED", "It doesn't start.")))
    await restore(left)
    assert await recorded(left) == ["taken, and not recorded"]
    assert [event for event, _, _ in left.told] == ["left_profile_read", "snapshot_restored"]


async def test_a_profile_that_can_t_be_read_doesn_t_keep_the_session_away(left: World) -> None:
    for _ in range(20):
        left.whatsapp.script(SESSION, Operation.STORED, Refuse(UnavailableError("BROWSER_FAILED", "It doesn't start.")))
    await restore(left)
    assert [event for event, _, _ in left.told] == ["left_profile_lost", "snapshot_restored"]


class Steps(HastyClock):
    """What is waited for takes as long as it says, on a clock that nobody waits for."""

    def __init__(self) -> None:
        self.slept: list[timedelta] = []

    @override
    def elapsed(self) -> timedelta:
        return sum(self.slept, timedelta(0))

    @override
    async def sleep(self, span: timedelta) -> None:
        self.slept.append(span)
        await asyncio.sleep(0)


async def test_one_that_can_t_be_read_for_ever_is_tried_ever_more_seldom(left: World) -> None:
    await outrun(left)
    clock = left.left_behind._clock = Steps()
    tries: list[timedelta] = []

    class Unreadable(MemoryWhatsAppDriver):
        @override
        async def stored_news(
            self,
            session_id: SessionId,
            *,
            since: datetime,
            recorded: Collection[WhatsAppMessageId],
            proxy: Proxy | None = None,
        ) -> StoredNews:
            tries.append(clock.elapsed())
            raise UnavailableError("PAGE_UNREACHABLE", "The site is away.")

    left.left_behind._driver = Unreadable(left.whatsapp)
    async with looking(left):
        await until(lambda: _true(clock.elapsed() > timedelta(hours=5)))
    pauses = [after - before for before, after in pairwise(tries)]
    assert pauses[0] <= timedelta(seconds=20)
    assert pauses == sorted(pauses)
    assert timedelta(minutes=50) < pauses[-1] <= timedelta(minutes=61)
    assert [event for event, _, _ in left.told] == ["left_profile_unreadable"]


async def test_one_that_breaks_us_keeps_no_other_from_being_read_and_no_session_away(left: World) -> None:
    await outrun(left)
    driver = MemoryWhatsAppDriver(left.whatsapp)
    broken = SessionId("aaa")

    class Broken(MemoryWhatsAppDriver):
        @override
        async def unread(self) -> Mapping[SessionId, int]:
            return {broken: 1, **await super().unread()}

        @override
        async def stored_news(
            self,
            session_id: SessionId,
            *,
            since: datetime,
            recorded: Collection[WhatsAppMessageId],
            proxy: Proxy | None = None,
        ) -> StoredNews:
            if session_id == broken:
                raise ValueError("ours")
            return await super().stored_news(session_id, since=since, recorded=recorded)

    left.left_behind._driver = Broken(left.whatsapp)
    async with left.database.begin() as uow:
        await uow.sessions.add(
            Session.create(id=broken, name="Other", start=True, metadata={}, now=datetime.now(UTC) - timedelta(hours=1))
        )
        for owner in (NORTH, SOUTH):
            await uow.leases.claim([broken], owner, ttl=timedelta(0))
    async with looking(left):
        await until(lambda: is_read(left))
    assert any(isinstance(fault, ValueError) for fault in left.faults)
    await left.left_behind.read_before_loss(broken, 1)
    assert ("left_profile_lost", broken, "reading it failed: ValueError") in left.told
    assert not (await driver.login(SESSION)).unread


async def test_before_a_loss_a_page_that_hangs_is_waited_for_as_long_as_is_bearable(
    left: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("application.workers.left_behind._READING_SECONDS", 0.02)
    monkeypatch.setattr("application.workers.left_behind._PATIENCE", timedelta(seconds=0.05))
    for _ in range(20):
        left.whatsapp.script(SESSION, Operation.STORED, Hang())
    async with asyncio.timeout(5):
        await left.left_behind.read_before_loss(SESSION, 1)
    assert [event for event, _, _ in left.told] == ["left_profile_lost"]
    assert not await is_read(left)


async def test_few_are_read_at_once(left: World) -> None:
    """A gateway that is back starts its sessions at once: their profiles mustn't each start a browser beside them."""
    names = [SessionId(f"s{number}") for number in range(10)]
    async with left.database.begin() as uow:
        for name in names:
            now = datetime.now(UTC)
            await uow.sessions.add(Session.create(id=name, name="Other", start=True, metadata={}, now=now))
    at_once = most = 0

    class Counting(MemoryWhatsAppDriver):
        @override
        async def stored_news(
            self,
            session_id: SessionId,
            *,
            since: datetime,
            recorded: Collection[WhatsAppMessageId],
            proxy: Proxy | None = None,
        ) -> StoredNews:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0.01)
            at_once -= 1
            return StoredNews(messages=())

    left.left_behind._driver = Counting(left.whatsapp)
    async with asyncio.TaskGroup() as tasks:
        for name in names:
            tasks.create_task(left.left_behind.read_before_loss(name, 1))
    assert most == 2


async def test_a_reading_that_is_under_way_is_waited_for_before_a_loss(left: World) -> None:
    """It is at work on a copy of its own, and another copy can't be made beside it."""
    under_way, free = asyncio.Event(), asyncio.Event()

    class Slow(MemoryWhatsAppDriver):
        @override
        async def stored_news(
            self,
            session_id: SessionId,
            *,
            since: datetime,
            recorded: Collection[WhatsAppMessageId],
            proxy: Proxy | None = None,
        ) -> StoredNews:
            if under_way.is_set() and not free.is_set():
                raise ConflictError("PROFILE_IN_USE", "Its copy is.")
            under_way.set()
            await free.wait()
            return await super().stored_news(session_id, since=since, recorded=recorded)

    left.left_behind._driver = Slow(left.whatsapp)
    first = asyncio.create_task(left.left_behind.read(SESSION, 1))
    await under_way.wait()
    second = asyncio.create_task(left.left_behind.read_before_loss(SESSION, 1))
    await asyncio.sleep(0.3)  # more than all tries take
    assert not second.done()
    free.set()
    await asyncio.gather(first, second)
    assert {event for event, _, _ in left.told} == {"left_profile_read"}
    assert await recorded(left) == ["taken, and not recorded"]


async def _true(condition: bool) -> bool | None:
    return condition or None
