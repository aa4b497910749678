"""A session whose login is lost is logged out without a page: the link is forgotten here, and a new one can be made."""

import asyncio

import pytest

from adapters.memory.driver import MemoryWhatsApp, MemoryWhatsAppDriver
from adapters.memory.event_bus import MemoryEventBus
from domain.errors import ConflictError, UnavailableError
from domain.event import SessionStatusChanged
from domain.session import Session, SessionStatus, StatusReason, Wanted
from domain.snapshot import snapshot_key_unknown

from .outages import UnsteadyStore
from .test_peers import link, two
from .world import ANA, SESSION, HastyClock, World, until

LOST = [StatusReason.LOGIN_MISSING, StatusReason.SNAPSHOT_UNREADABLE]


async def fail(world: World, reason: StatusReason) -> Session:
    """Has the linked session fail for want of its login."""

    async def stored() -> bool | None:
        return bool(await world.store.versions(SESSION)) or None

    await until(stored)
    await world.stop.execute(SESSION)
    if reason is StatusReason.LOGIN_MISSING:
        await world.store.delete(SESSION, epoch=0)
    else:
        for each in await world.store.versions(SESSION):
            world.store.damage(SESSION, each.version, snapshot_key_unknown("ab"))
    world.whatsapp.lose_profile(SESSION)
    await world.start.execute(SESSION)

    async def failed() -> Session | None:
        session = await world.session()
        return session if session.status is SessionStatus.FAILED else None

    session = await until(failed)
    assert session.status_reason is reason
    assert session.me is not None
    return session


@pytest.mark.parametrize("reason", LOST)
async def test_the_link_is_forgotten_and_a_new_one_made(world: World, reason: StatusReason) -> None:
    await world.linked()
    await fail(world, reason)
    ended = await world.logout.execute(SESSION)
    assert (ended.status, ended.status_reason) == (SessionStatus.LOGGED_OUT, StatusReason.LOGGED_OUT_BY_API)
    assert (ended.me, ended.wanted) == (None, Wanted.STOPPED)
    assert not await world.store.versions(SESSION)
    with pytest.raises(ConflictError) as refused:
        await world.logout.execute(SESSION)
    assert refused.value.reason == "NOT_LINKED"
    assert len(world.whatsapp.account(ANA).devices) == 1, "nobody has told WhatsApp"
    await world.start.execute(SESSION)
    await world.status(SessionStatus.SCAN_QR_CODE)
    world.whatsapp.scan(ANA, (await world.get_qr.execute(SESSION)).text)
    await world.status(SessionStatus.WORKING)
    assert await world.text("on the new link")


async def test_snapshots_are_deleted_later_where_their_store_is_away(world: World, store: UnsteadyStore) -> None:
    await world.linked()
    await fail(world, StatusReason.SNAPSHOT_UNREADABLE)
    store.away = True
    assert (await world.logout.execute(SESSION)).status is SessionStatus.LOGGED_OUT
    store.away = False

    async def deleted() -> bool | None:
        return not await world.store.versions(SESSION) or None

    await until(deleted)


async def test_two_at_once_end_alike(world: World) -> None:
    await world.linked()
    await fail(world, StatusReason.LOGIN_MISSING)
    ended = await asyncio.gather(world.logout.execute(SESSION), world.logout.execute(SESSION))
    assert [session.status for session in ended] == [SessionStatus.LOGGED_OUT] * 2
    told = [event.payload for event in await world.events() if isinstance(event.payload, SessionStatusChanged)]
    assert [payload.status for payload in told].count(SessionStatus.LOGGED_OUT) == 1


async def test_a_start_at_the_same_moment_leaves_no_wish_to_forget_behind(world: World) -> None:
    await world.linked()
    await fail(world, StatusReason.LOGIN_MISSING)
    outcomes = await asyncio.gather(world.start.execute(SESSION), world.logout.execute(SESSION), return_exceptions=True)
    session = await world.session()
    if isinstance(outcomes[1], ConflictError):
        assert outcomes[1].reason == "SESSION_NOT_RUNNING"
        assert session.me is not None
        await world.status(SessionStatus.FAILED)
        await world.start.execute(SESSION)
        await world.status(SessionStatus.FAILED)
        assert (await world.session()).me is not None
    else:
        assert session.me is None


async def test_what_failed_for_another_reason_keeps_its_link(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.linked()
    await world.stop.execute(SESSION)

    async def missing(*_: object) -> None:
        raise UnavailableError("BROWSER_MISSING", "No browser was found.")

    monkeypatch.setattr(MemoryWhatsAppDriver, "open", missing)
    await world.start.execute(SESSION)

    async def failed() -> bool | None:
        return (await world.session()).status is SessionStatus.FAILED or None

    await until(failed)
    with pytest.raises(ConflictError) as refused:
        await world.logout.execute(SESSION)
    assert refused.value.reason == "SESSION_NOT_RUNNING"
    assert (await world.session()).me is not None


async def test_another_gateway_asks_the_one_that_has_the_session(clock: HastyClock, whatsapp: MemoryWhatsApp) -> None:
    async with two(clock, whatsapp, MemoryEventBus()) as pair:
        await link(pair)
        await fail(pair.north, StatusReason.LOGIN_MISSING)
        ended = await pair.south.logout.execute(SESSION)
        assert (ended.status, ended.me) == (SessionStatus.LOGGED_OUT, None)

        async def released() -> bool | None:
            return await pair.owner() is None or None

        await until(released)
