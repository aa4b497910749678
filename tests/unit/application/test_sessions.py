import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory.driver import MemoryWhatsApp, Operation, Refuse
from application.ports.page_events import BridgeRolledBack
from application.sessions.create_session import CreateSessionCommand
from application.sessions.read_sessions import ListStatusChanges
from application.sessions.watch_session import WatchSession
from domain.bridge import Bridge, BridgeSource, ReplacedBridge
from domain.errors import (
    AlreadyExistsError,
    ConflictError,
    GoneError,
    InvalidArgumentError,
    NotFoundError,
    UnavailableError,
    UnprocessableError,
)
from domain.session import SessionStatus, StatusReason, Wanted

from .world import ANA, SESSION, HastyClock, World, running, until

SOON = timedelta(seconds=5)


async def test_a_session_is_linked_by_its_qr(world: World) -> None:
    session = await world.linked()
    assert session.me is not None
    assert session.me.phone == ANA
    assert (await world.event_types())[:3] == ["session.status", "session.status", "session.status"]
    assert "session.qr" in await world.event_types()
    with pytest.raises(ConflictError, match="linked"):
        await world.get_qr.execute(SESSION)


async def test_a_session_is_linked_by_a_pairing_code(world: World) -> None:
    await world.create.execute(CreateSessionCommand(id=SESSION))
    await world.status(SessionStatus.SCAN_QR_CODE)
    code = await world.pairing_code.execute(SESSION, phone="+1 555 010 0100")
    world.whatsapp.enter_code(ANA, code.code)
    await world.status(SessionStatus.WORKING)
    assert "session.pairing_code" in await world.event_types()


async def test_a_pairing_code_needs_an_account(world: World) -> None:
    await world.create.execute(CreateSessionCommand(id=SESSION))
    await world.status(SessionStatus.SCAN_QR_CODE)
    with pytest.raises(UnprocessableError) as caught:
        await world.pairing_code.execute(SESSION, phone="15559999999")
    assert caught.value.reason == "NUMBER_NOT_ON_WHATSAPP"


async def test_the_batch_of_qrs_ends_and_is_asked_for_again(world: World) -> None:
    await world.create.execute(CreateSessionCommand(id=SESSION))
    old = await world.get_qr.execute(SESSION, wait=SOON)
    while world.whatsapp.rotate_qr(SESSION) is not None:
        pass

    async def ended() -> bool | None:
        return (await world.session()).status_reason is StatusReason.QR_BATCH_ENDED or None

    await until(ended)
    with pytest.raises(GoneError) as caught:
        await world.get_qr.execute(SESSION)
    assert caught.value.reason == "QR_EXPIRED"
    new = await world.refresh_qr.execute(SESSION, wait=SOON)
    assert new.text != old.text
    world.whatsapp.scan(ANA, new.text)
    await world.status(SessionStatus.WORKING)


async def test_stop_keeps_the_link_and_start_needs_no_qr(world: World) -> None:
    await world.linked()
    stopped = await world.stop.execute(SESSION)
    assert (stopped.status, stopped.wanted) == (SessionStatus.STOPPED, Wanted.STOPPED)
    assert stopped.me is not None
    await world.start.execute(SESSION)
    await world.status(SessionStatus.WORKING)
    assert (await world.event_types()).count("session.qr") == 1


async def test_restart_opens_the_page_again(world: World) -> None:
    await world.linked()
    page = await world.supervisor.page(SESSION)
    await world.restart.execute(SESSION)
    await world.status(SessionStatus.WORKING)
    assert await world.supervisor.page(SESSION) is not page


async def test_a_restarted_session_doesnt_claim_the_state_of_the_page_that_was(world: World) -> None:
    await world.create.execute(CreateSessionCommand(id=SESSION))
    await world.status(SessionStatus.SCAN_QR_CODE)
    world.whatsapp.demand_passkey(SESSION)
    await world.status(SessionStatus.PASSKEY_REQUIRED)
    assert (await world.restart.execute(SESSION)).status is not SessionStatus.PASSKEY_REQUIRED
    assert await world.get_qr.execute(SESSION, wait=SOON)


async def test_logout_ends_the_link(world: World) -> None:
    await world.linked()
    session = await world.logout.execute(SESSION)
    assert (session.status, session.status_reason, session.me) == (
        SessionStatus.LOGGED_OUT,
        StatusReason.LOGGED_OUT_BY_API,
        None,
    )
    assert not world.whatsapp.account(ANA).devices
    await world.start.execute(SESSION)
    assert await world.get_qr.execute(SESSION, wait=SOON)


async def test_a_phone_can_end_the_link(world: World) -> None:
    await world.linked()
    world.whatsapp.unlink(ANA, SESSION)
    session = await world.status(SessionStatus.LOGGED_OUT)
    assert (session.status_reason, session.me) == (StatusReason.UNLINKED_BY_PHONE, None)


async def test_a_link_that_ended_while_the_session_was_stopped_is_told(world: World) -> None:
    await world.linked()
    await world.stop.execute(SESSION)
    world.whatsapp.unlink(ANA, SESSION)
    await world.start.execute(SESSION)
    session = await world.status(SessionStatus.LOGGED_OUT)
    assert session.me is None


async def test_a_page_that_dies_is_opened_again(world: World) -> None:
    await world.linked()
    page = await world.supervisor.page(SESSION)
    world.whatsapp.kill_page(SESSION)

    async def another_works() -> bool | None:
        session = await world.session()
        works = session.status is SessionStatus.WORKING
        with suppress(ConflictError):  # Dead, and not yet on record as that.
            return (works and await world.supervisor.page(SESSION) is not page) or None
        return None

    await until(another_works)
    async with world.database.begin() as uow:
        reasons = {change.reason for change in await uow.sessions.history(SESSION, limit=50)}
    assert StatusReason.BROWSER_CRASHED in reasons


async def test_a_missing_browser_fails_at_once_and_start_tries_again(world: World) -> None:
    missing = UnavailableError("BROWSER_MISSING", "No browser was found.")
    world.whatsapp.script(SESSION, Operation.OPEN, Refuse(missing))
    await world.create.execute(CreateSessionCommand(id=SESSION))
    session = await world.status(SessionStatus.FAILED)
    assert (session.status_reason, session.status_detail) == (StatusReason.BROWSER_MISSING, "No browser was found.")
    await world.start.execute(SESSION)
    await world.status(SessionStatus.SCAN_QR_CODE)


async def test_a_page_that_never_comes_up_is_given_up(world: World) -> None:
    broken = UnavailableError("BRIDGE_FAILED", "The bridge didn't come up.")
    for _ in range(6):
        world.whatsapp.script(SESSION, Operation.OPEN, Refuse(broken))
    await world.create.execute(CreateSessionCommand(id=SESSION))
    session = await world.status(SessionStatus.FAILED)
    assert session.status_reason is StatusReason.BRIDGE_FAILED


async def test_a_lost_connection_shows_and_comes_back(world: World) -> None:
    await world.linked()
    world.whatsapp.drop_connection(SESSION)
    assert (await world.status(SessionStatus.DEGRADED)).status_reason is StatusReason.CONNECTION_LOST
    world.whatsapp.restore_connection(SESSION)
    await world.status(SessionStatus.WORKING)


async def test_a_conflict_shows(world: World) -> None:
    await world.linked()
    world.whatsapp.conflict(SESSION)
    assert (await world.status(SessionStatus.DEGRADED)).status_reason is StatusReason.CONFLICT


async def test_a_session_is_taken_over_from_another_browser(world: World) -> None:
    with pytest.raises(NotFoundError):
        await world.take_over.execute(SESSION)
    await world.linked()
    with pytest.raises(ConflictError) as caught:
        await world.take_over.execute(SESSION)
    assert caught.value.reason == "NOT_IN_CONFLICT"
    page = await world.supervisor.page(SESSION)
    world.whatsapp.conflict(SESSION)
    await world.status(SessionStatus.DEGRADED)
    await world.take_over.execute(SESSION)
    await world.status(SessionStatus.WORKING)
    assert (await world.supervisor.page(SESSION)) is page


async def test_a_session_is_taken_over_whose_page_has_died_meanwhile(world: World) -> None:
    await world.linked()
    world.whatsapp.conflict(SESSION)
    await world.status(SessionStatus.DEGRADED)
    world.whatsapp.kill_page(SESSION)

    async def closed() -> bool | None:
        return (await world.session()).status_detail is not None or None

    await until(closed)
    await world.take_over.execute(SESSION)
    await world.status(SessionStatus.WORKING)
    await world.stop.execute(SESSION)
    with pytest.raises(ConflictError) as caught:
        await world.take_over.execute(SESSION)
    assert caught.value.reason == "SESSION_NOT_RUNNING"


async def test_the_history_is_read_as_far_as_it_is_asked_for(world: World) -> None:
    await world.linked()
    history = ListStatusChanges(world.database)
    changes = await history.execute(SESSION)
    assert [change.status for change in changes[:2]] == [SessionStatus.WORKING, SessionStatus.STARTING]
    assert changes[-1].reason is StatusReason.CREATED
    assert await history.execute(SESSION, limit=1) == changes[:1]
    for limit in (0, 501):
        with pytest.raises(InvalidArgumentError):
            await history.execute(SESSION, limit=limit)
    with pytest.raises(NotFoundError):
        await history.execute("nobody")


async def test_a_watcher_sees_what_the_page_can_do(world: World) -> None:
    await world.linked()
    views = await WatchSession(world.database, world.codes, world.bus, world.supervisor).execute(SESSION)
    assert any(capability.available for capability in (await anext(views)).capabilities)
    page = world.whatsapp.page(SESSION)
    page._capabilities = tuple(replace(each, available=False) for each in page._capabilities)
    page.load()
    async with asyncio.timeout(1):
        async for view in views:
            if not any(capability.available for capability in view.capabilities):
                break


async def test_a_demanded_passkey_is_told_and_stops_nothing_else(world: World) -> None:
    await world.create.execute(CreateSessionCommand(id=SESSION))
    await world.status(SessionStatus.SCAN_QR_CODE)
    world.whatsapp.demand_passkey(SESSION)
    await world.status(SessionStatus.PASSKEY_REQUIRED)
    with pytest.raises(ConflictError) as caught:
        await world.get_qr.execute(SESSION)
    assert caught.value.reason == "PASSKEY_REQUIRED"


async def test_a_gateway_that_starts_again_needs_no_qr(clock: HastyClock, whatsapp: MemoryWhatsApp) -> None:
    async with running(World(clock, whatsapp)) as first:
        await first.linked()
    stopped = await first.session()
    assert (stopped.status, stopped.status_reason) == (SessionStatus.STOPPED, StatusReason.GATEWAY_STOPPED)
    async with running(World(clock, whatsapp, first.database)) as second:
        await second.status(SessionStatus.WORKING)


async def test_a_deleted_session_is_forgotten(world: World) -> None:
    await world.linked()
    await world.delete.execute(SESSION)
    with pytest.raises(NotFoundError):
        await world.session()
    await world.create.execute(CreateSessionCommand(id=SESSION))
    assert await world.get_qr.execute(SESSION, wait=SOON)


async def test_an_id_is_taken_once(world: World) -> None:
    await world.create.execute(CreateSessionCommand(id=SESSION, start=False))
    with pytest.raises(AlreadyExistsError):
        await world.create.execute(CreateSessionCommand(id=SESSION))
    assert (await world.session()).wanted is Wanted.STOPPED


async def test_a_stopped_session_has_no_qr(world: World) -> None:
    await world.create.execute(CreateSessionCommand(id=SESSION, start=False))
    with pytest.raises(ConflictError) as caught:
        await world.get_qr.execute(SESSION)
    assert caught.value.reason == "SESSION_NOT_RUNNING"
    with pytest.raises(NotFoundError):
        await world.get_qr.execute("nobody")


async def test_a_watcher_sees_the_qr_and_the_link(world: World) -> None:
    await world.create.execute(CreateSessionCommand(id=SESSION))
    views = await WatchSession(world.database, world.codes, world.bus, world.supervisor).execute(SESSION)
    seen = []
    async for view in views:
        seen.append(view.session.status)
        if view.qr is not None and view.session.me is None:
            world.whatsapp.scan(ANA, view.qr.text)
        if view.session.status is SessionStatus.WORKING:
            break
    assert SessionStatus.SCAN_QR_CODE in seen


async def test_a_rollback_of_the_bridge_is_in_the_history(world: World) -> None:
    await world.linked()
    page = world.whatsapp.profile(SESSION).page
    assert page is not None
    replaced = ReplacedBridge(version="4.7.0", sha256="b" * 64, detail="lacks LOGOUT (conn.logout)")
    page.tell(
        BridgeRolledBack(
            bridge=Bridge(version="4.6.0", sha256="a" * 64, source=BridgeSource.ROLLED_BACK, rolled_back_from=replaced)
        )
    )
    session = await world.status(SessionStatus.STARTING)
    assert session.status_reason is StatusReason.BRIDGE_ROLLED_BACK
    assert session.status_detail == (
        "wa-js 4.6.0 (aaaaaaaaaaaa) runs instead of 4.7.0 (bbbbbbbbbbbb), which lacks LOGOUT (conn.logout)"
    )
    page.connect()
    await world.status(SessionStatus.WORKING)
