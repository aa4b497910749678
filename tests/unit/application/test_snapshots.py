"""When snapshots are taken, what is restored, and what is never done for want of one."""

import asyncio
from datetime import timedelta
from typing import override

import pytest

from adapters.memory.driver import MemoryWhatsApp, MemoryWhatsAppDriver
from application.ports.session_store import NewSnapshot
from application.workers.snapshots import Snapshots
from domain.errors import PomboError
from domain.ids import SessionId
from domain.jid import Jid
from domain.lease import Owner
from domain.session import Session, SessionStatus, StatusReason
from domain.snapshot import ProfileImage, SnapshotLabel, snapshot_corrupt, snapshot_key_unknown

from .outages import UnsteadyStore
from .world import ANA, BEN, SESSION, HastyClock, World, running, until

OTHER = SessionId("other")


class SteppingClock(HastyClock):
    """Goes on by itself, and further where it is told to."""

    ahead = timedelta(0)

    @override
    def now(self):  # type: ignore[no-untyped-def]
        return super().now() + self.ahead


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


async def versions(world: World, session_id: SessionId = SESSION) -> list[int]:
    return [stored.version for stored in await world.store.versions(session_id)]


async def newest(world: World, *, after: int = 0) -> int:
    """Waits for a snapshot that is newer."""

    async def taken() -> int | None:
        return next((version for version in await versions(world) if version > after), None)

    return await until(taken)


async def stopped(world: World) -> None:
    """Linked, with a snapshot, and stopped."""
    await world.linked()
    await newest(world)
    await world.stop.execute(SESSION)


async def qrs(world: World) -> int:
    return (await world.event_types()).count("session.qr")


async def failed(world: World, reason: StatusReason) -> Session:
    await world.start.execute(SESSION)

    async def reached() -> Session | None:
        session = await world.session()
        return session if (session.status, session.status_reason) == (SessionStatus.FAILED, reason) else None

    session = await until(reached)
    assert session.me is not None
    assert session.me.phone == ANA
    assert await qrs(world) == 1
    return session


async def test_one_is_taken_when_a_session_works_and_one_when_its_page_is_closed(world: World) -> None:
    session = await world.linked()
    first = await newest(world)
    (stored,) = await world.store.versions(SESSION)
    assert stored.label is not None
    assert session.me is not None
    assert (stored.label.account, stored.label.epoch) == (session.me.jid, 1)
    await world.stop.execute(SESSION)
    assert (await versions(world))[0] == first + 1
    await world.start.execute(SESSION)
    await world.status(SessionStatus.WORKING)
    await newest(world, after=first + 1)


async def test_one_of_a_page_that_is_closed_meanwhile_isn_t_the_last(
    world: World, clock: SteppingClock, store: UnsteadyStore
) -> None:
    await world.linked()
    first = await newest(world)
    store.go_on.clear()
    clock.ahead += timedelta(minutes=6)

    async def imaged() -> bool | None:
        return world.whatsapp.images > images or None

    images = world.whatsapp.images
    await until(imaged)
    world.whatsapp.phone_sends(BEN, ANA, "since")
    stopping = asyncio.create_task(world.stop.execute(SESSION))
    await world.status(SessionStatus.STOPPED)
    store.go_on.set()
    await stopping
    last = await newest(world, after=first + 1)
    world.whatsapp.lose_profile(SESSION)
    await world.start.execute(SESSION)
    await world.status(SessionStatus.WORKING)
    assert "since" in [message.content.body for message in world.whatsapp.profile(SESSION).messages.values()]  # type: ignore[union-attr]  # all are texts
    assert last == first + 2


async def test_one_is_taken_on_schedule(world: World, clock: SteppingClock) -> None:
    await world.linked()
    first = await newest(world)
    clock.ahead += timedelta(minutes=6)
    second = await newest(world, after=first)
    # Nor does a clock that is set back put it off for good.
    clock.ahead -= timedelta(days=2)
    await newest(world, after=second)


async def test_a_session_comes_up_without_its_profile_and_without_a_qr(world: World) -> None:
    await stopped(world)
    world.whatsapp.lose_profile(SESSION)
    await world.start.execute(SESSION)
    await world.status(SessionStatus.WORKING)
    assert await qrs(world) == 1
    assert world.whatsapp.profile(SESSION).epoch == 2
    await world.text("after")


async def test_a_profile_that_others_have_outrun_is_replaced(world: World) -> None:
    await stopped(world)
    (last, *_) = await versions(world)
    image = (await world.store.load(SESSION, last)).image
    me = (await world.session()).me
    assert me is not None
    profile = world.whatsapp.profile(SESSION)
    for epoch, replaced in ((profile.epoch, False), (profile.epoch + 1, True)):
        await world.store.save(
            NewSnapshot(session_id=SESSION, account=me.jid, epoch=epoch, taken_at=world.clock.now(), image=image)
        )
        world.told.clear()
        await world.start.execute(SESSION)
        await world.status(SessionStatus.WORKING)
        assert ("snapshot_restored" in [event for event, _, _ in world.told]) == replaced
        await world.stop.execute(SESSION)
        profile.epoch = epoch


async def test_neither_profile_nor_snapshot_is_a_failure_and_no_logout(world: World) -> None:
    await stopped(world)
    (last, *_) = await versions(world)
    kept = await world.store.load(SESSION, last)
    await world.store.delete(SESSION, epoch=0)
    world.whatsapp.lose_profile(SESSION)
    session = await failed(world, StatusReason.LOGIN_MISSING)
    assert "Put the data directory" in (session.status_detail or "")
    label = kept.label
    await world.store.save(
        NewSnapshot(session_id=SESSION, account=label.account, epoch=9, taken_at=label.taken_at, image=kept.image)
    )
    await world.start.execute(SESSION)
    await world.status(SessionStatus.WORKING)
    assert await qrs(world) == 1


async def test_a_broken_snapshot_is_passed_over_and_told(world: World) -> None:
    await stopped(world)
    last, before = (await versions(world))[:2]
    world.store.damage(SESSION, last, snapshot_corrupt("cut off"))
    world.whatsapp.lose_profile(SESSION)
    await world.start.execute(SESSION)
    await world.status(SessionStatus.WORKING)
    told = [(event, detail.partition(" of ")[0]) for event, _, detail in world.told if "rest" in event or "un" in event]
    assert told[-1] == ("snapshot_restored", f"version {before}")
    assert told[-2][0] == "snapshot_unreadable"


@pytest.mark.parametrize("error", [snapshot_key_unknown("ab"), snapshot_corrupt("cut off")])
async def test_no_readable_snapshot_is_a_failure_and_no_logout(world: World, error: PomboError) -> None:
    await stopped(world)
    damaged = await versions(world)
    # What a key that is put back would read isn't given up for an older one.
    for version in damaged[: 1 if error.reason == "SNAPSHOT_KEY_UNKNOWN" else None]:
        world.store.damage(SESSION, version, error)
    world.whatsapp.lose_profile(SESSION)
    session = await failed(world, StatusReason.SNAPSHOT_UNREADABLE)
    assert session.status_detail == error.message


async def test_another_account_s_snapshot_is_never_restored(world: World) -> None:
    await stopped(world)
    (last, *_) = await versions(world)
    image = (await world.store.load(SESSION, last)).image
    await world.store.delete(SESSION, epoch=0)
    await world.store.save(
        NewSnapshot(session_id=SESSION, account=Jid.from_phone(BEN), epoch=9, taken_at=world.clock.now(), image=image)
    )
    world.whatsapp.lose_profile(SESSION)
    session = await failed(world, StatusReason.SNAPSHOT_UNREADABLE)
    assert "another account" in (session.status_detail or "")


async def test_a_session_starts_without_the_store_where_nobody_else_can_have_run_it(
    world: World, store: UnsteadyStore
) -> None:
    await stopped(world)
    store.away = True
    await world.start.execute(SESSION)
    await world.status(SessionStatus.WORKING)


@pytest.mark.parametrize("loss", ["others may have run it", "no profile"])
async def test_else_it_waits_for_the_store(world: World, store: UnsteadyStore, loss: str) -> None:
    await stopped(world)
    store.away = True
    if loss == "no profile":
        world.whatsapp.lose_profile(SESSION)
    else:
        world.whatsapp.profile(SESSION).epoch = 0
    await world.start.execute(SESSION)

    async def waits() -> bool | None:
        session = await world.session()
        return session.status_reason is StatusReason.WAITING_FOR_SNAPSHOTS or None

    await until(waits)
    assert (await world.session()).status is SessionStatus.STARTING
    # It can be stopped meanwhile.
    await world.stop.execute(SESSION)
    assert (await world.session()).status is SessionStatus.STOPPED
    await world.start.execute(SESSION)
    await until(waits)
    store.away = False
    await world.status(SessionStatus.WORKING)
    assert await qrs(world) == 1


async def test_what_could_not_be_stored_is_stored_later_and_shows_meanwhile(
    world: World, store: UnsteadyStore, clock: SteppingClock
) -> None:
    store.away = True
    await world.linked()

    async def told() -> bool | None:
        return ("snapshot_failed" in [event for event, _, _ in world.told]) or None

    await until(told)
    assert await world.snapshots.check() is None
    clock.ahead += timedelta(minutes=2)
    problem = await world.snapshots.check()
    assert problem is not None
    assert "1 sessions are overdue" in problem
    assert not world.snapshots.is_needed
    assert (await world.session()).status is SessionStatus.WORKING
    store.away = False
    await newest(world)

    async def well() -> bool | None:
        return await world.snapshots.check() is None or None

    await until(well)


async def test_the_last_snapshot_of_a_closed_page_is_stored_later(world: World, store: UnsteadyStore) -> None:
    await world.linked()
    first = await newest(world)
    store.away = True
    await world.stop.execute(SESSION)
    assert (await world.session()).status is SessionStatus.STOPPED
    store.away = False
    await newest(world, after=first)


async def test_the_end_of_a_link_deletes_its_snapshots(world: World) -> None:
    await world.linked()
    await newest(world)
    await world.logout.execute(SESSION)
    assert await versions(world) == []


async def test_so_does_the_end_on_the_phone_and_deleting_the_session(world: World) -> None:
    await world.linked()
    last = await newest(world)
    world.whatsapp.unlink(ANA, SESSION)
    await world.status(SessionStatus.LOGGED_OUT)

    async def gone() -> bool | None:
        return await versions(world) == [] or None

    await until(gone)
    await world.start.execute(SESSION)
    world.whatsapp.scan(BEN, (await world.get_qr.execute(SESSION, wait=timedelta(seconds=5))).text)
    await newest(world, after=last)
    await world.delete.execute(SESSION)
    await until(gone)


async def test_an_end_that_the_store_misses_is_made_up_for_before_the_next_snapshot(
    world: World, store: UnsteadyStore
) -> None:
    await world.linked()
    old = await newest(world)
    store.away = True
    await world.logout.execute(SESSION)
    await world.start.execute(SESSION)
    world.whatsapp.scan(BEN, (await world.get_qr.execute(SESSION, wait=timedelta(seconds=5))).text)
    await world.status(SessionStatus.WORKING)
    store.away = False
    await newest(world, after=old)
    for stored in await world.store.versions(SESSION):
        assert stored.label is not None
        assert stored.label.account.user == BEN


async def test_a_start_finds_what_is_left_of_links_that_have_ended(
    clock: SteppingClock, whatsapp: MemoryWhatsApp, store: UnsteadyStore
) -> None:
    world = World(clock, whatsapp, store=store)
    async with running(world):
        await world.linked()
        await newest(world)
        await world.stop.execute(SESSION)
        kept = await versions(world)
    image = ProfileImage(kind="memory/1", data=b"image")
    for session_id, account in ((OTHER, ANA), (SESSION, BEN)):
        await store.save(
            NewSnapshot(
                session_id=session_id, account=Jid.from_phone(account), epoch=9, taken_at=clock.now(), image=image
            )
        )
    # A start of its own, since what is swept is swept once an hour.
    again = Snapshots(
        store,
        MemoryWhatsAppDriver(whatsapp),
        world.database,
        clock,
        None,
        lambda: 0.5,
        lambda *_: None,
        world.left_behind,
    )
    await again._turn()
    assert await versions(world, OTHER) == []
    assert await versions(world) == []
    assert kept


async def test_a_stale_owner_stores_nothing(world: World, clock: SteppingClock) -> None:
    await world.linked()
    last = await newest(world)
    me = (await world.session()).me
    assert me is not None
    image = (await world.store.load(SESSION, last)).image
    await world.store.save(NewSnapshot(session_id=SESSION, account=me.jid, epoch=5, taken_at=clock.now(), image=image))
    clock.ahead += timedelta(minutes=6)

    async def given_up() -> bool | None:
        return not world.snapshots._watched or None

    await until(given_up)
    assert (await versions(world))[0] == last + 1


class GatedStore(UnsteadyStore):
    """Stores when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.saving, self.free = asyncio.Event(), asyncio.Event()
        self.free.set()

    @override
    async def save(self, snapshot: NewSnapshot) -> SnapshotLabel:
        self.saving.set()
        await self.free.wait()
        return await super().save(snapshot)


async def closed_unread(world: World, store: GatedStore) -> asyncio.Task[None]:
    """The last snapshot of a page that was closed under the first lease, while it is being stored."""
    whatsapp = world.whatsapp
    profile, account = whatsapp.profile(SESSION), whatsapp.account(ANA)
    profile.account, account.devices[SESSION] = account, profile
    session = Session.create(id=SESSION, name="Ana", start=True, metadata={}, now=world.clock.now())
    async with world.database.begin() as uow:
        await uow.sessions.add(session.link(account.me, world.clock.now()))
        await uow.leases.claim([SESSION], Owner(node="north", life="1"), ttl=timedelta(0))
    page = await MemoryWhatsAppDriver(whatsapp).open(SESSION, 1)
    world.snapshots.opened(SESSION, page, 1)
    await page.close()
    store.free.clear()
    closing = asyncio.create_task(world.snapshots.closed(SESSION, take=True))
    await store.saving.wait()
    return closing


async def is_unread(world: World) -> bool:
    return (await MemoryWhatsAppDriver(world.whatsapp).login(SESSION)).unread


async def test_a_last_snapshot_has_all_that_the_profile_holds(clock: SteppingClock, whatsapp: MemoryWhatsApp) -> None:
    world = World(clock, whatsapp, store=(store := GatedStore()))
    closing = await closed_unread(world, store)
    store.free.set()
    await closing
    assert not await is_unread(world)


async def test_a_last_snapshot_that_comes_after_the_next_owner_says_nothing(
    clock: SteppingClock, whatsapp: MemoryWhatsApp
) -> None:
    """He has restored an older one, and never sees it."""
    world = World(clock, whatsapp, store=(store := GatedStore()))
    closing = await closed_unread(world, store)
    async with world.database.begin() as uow:
        assert await uow.leases.claim([SESSION], Owner(node="south", life="1"), ttl=timedelta(hours=1))
    store.free.set()
    await closing
    assert await is_unread(world)


async def test_a_last_snapshot_says_nothing_of_a_page_that_was_opened_since_under_the_same_lease(
    clock: SteppingClock, whatsapp: MemoryWhatsApp
) -> None:
    world = World(clock, whatsapp, store=(store := GatedStore()))
    closing = await closed_unread(world, store)
    world.snapshots.of(SESSION, 1).opening()
    page = await MemoryWhatsAppDriver(whatsapp).open(SESSION, 1)
    whatsapp.phone_sends(BEN, ANA, "not in the snapshot")
    await page.close()  # it was on its way up, and never got so far that it was told as open
    store.free.set()
    await closing
    assert await is_unread(world)
