"""A session's status is true within a minute, whatever its page tells by itself."""

import asyncio
from datetime import timedelta

import pytest

from adapters.memory.driver import Hang, Operation
from application.ports.page_events import Connected
from application.ports.whatsapp_driver import PageHealth, Probe
from application.sessions.create_session import CreateSessionCommand
from domain.errors import NotFoundError, UnavailableError
from domain.session import SessionStatus, StatusReason

from .virtual import HOUR, MINUTE, Scene, in_virtual_time
from .world import ANA, BEN, SESSION


def test_a_connection_that_is_lost_without_a_word_shows_within_a_minute() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        await asyncio.sleep(HOUR)
        scene.whatsapp.miss(SESSION)
        await scene.reached(SessionStatus.DEGRADED, StatusReason.CONNECTION_LOST, within=MINUTE)
        assert (await scene.session()).status_detail == "OPENING"

    in_virtual_time(scenario)


def test_a_page_that_works_again_without_a_word_shows_within_a_minute_and_sends() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        scene.whatsapp.drop_connection(SESSION)
        await scene.reached(SessionStatus.DEGRADED, StatusReason.CONNECTION_LOST, within=1)
        page = scene.whatsapp.page(SESSION)
        page.connected, page._state = True, "CONNECTED"
        await scene.working()
        message = await scene.world.text("hello", to=BEN)
        assert message.status.name in {"SENT", "DELIVERED"}

    in_virtual_time(scenario)


def test_one_odd_answer_changes_nothing() -> None:
    """A connection that is just being made anew isn't a lost one."""

    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        before = await scene.history()
        page = scene.whatsapp.page(SESSION)
        asked = 0
        probe = page.probe

        async def blinks() -> Probe:
            nonlocal asked
            asked += 1
            return Probe(health=PageHealth.DISCONNECTED, state="OPENING") if asked % 2 else await probe()

        page.probe = blinks  # type: ignore[method-assign]
        await asyncio.sleep(10 * MINUTE)
        assert asked > 40
        assert await scene.history() == before

    in_virtual_time(scenario)


def test_a_link_that_ended_without_a_word_shows_within_a_minute() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        scene.whatsapp.profile(SESSION).account = None
        await scene.reached(SessionStatus.LOGGED_OUT, StatusReason.LINK_LOST, within=MINUTE)

    in_virtual_time(scenario)


def test_a_link_that_was_made_without_a_word_shows_within_a_minute() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.create.execute(CreateSessionCommand(id=SESSION))
        await scene.reached(SessionStatus.SCAN_QR_CODE, StatusReason.QR_READY, within=1)
        profile, account = scene.whatsapp.profile(SESSION), scene.whatsapp.account(ANA)
        profile.account, page = account, scene.whatsapp.page(SESSION)
        account.devices[SESSION] = profile
        page.connected, page._state = True, "CONNECTED"
        await scene.working()
        me = (await scene.session()).me
        assert me is not None
        assert me.phone == ANA

    in_virtual_time(scenario)


def test_a_page_without_a_link_that_loses_whatsapp_shows_no_qr_and_isnt_called_linked() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.create.execute(CreateSessionCommand(id=SESSION))
        await scene.reached(SessionStatus.SCAN_QR_CODE, StatusReason.QR_READY, within=1)
        page = scene.whatsapp.page(SESSION)
        probe = page.probe

        async def away() -> Probe:
            return Probe(health=PageHealth.DISCONNECTED, state="TIMEOUT")

        page.probe = away  # type: ignore[method-assign]
        await scene.reached(SessionStatus.DEGRADED, StatusReason.CONNECTION_LOST, within=MINUTE)
        with pytest.raises(UnavailableError) as caught:
            await scene.world.get_qr.execute(SESSION)
        assert caught.value.reason == "QR_NOT_READY"
        with pytest.raises(UnavailableError) as caught:
            await scene.world.pairing_code.execute(SESSION, phone=ANA)
        assert caught.value.reason == "PAGE_NOT_READY"
        page.probe = probe  # type: ignore[method-assign]
        await scene.reached(SessionStatus.STARTING, StatusReason.PAGE_LOADING, within=MINUTE)
        page.show_qr(timedelta(seconds=60))
        await scene.reached(SessionStatus.SCAN_QR_CODE, StatusReason.QR_READY, within=1)

    in_virtual_time(scenario)


def test_a_pairing_code_ends_with_its_page_and_the_status_says_so() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.create.execute(CreateSessionCommand(id=SESSION))
        await scene.reached(SessionStatus.SCAN_QR_CODE, StatusReason.QR_READY, within=1)
        dead = await scene.world.pairing_code.execute(SESSION, phone=ANA)
        scene.whatsapp.wedge(SESSION)
        before = len(await scene.history())
        await scene.until(lambda: changed(scene, before), within=MINUTE)
        await scene.reached(SessionStatus.SCAN_QR_CODE, StatusReason.QR_READY, within=MINUTE)
        told = (await scene.history())[before:]
        assert SessionStatus.SCAN_QR_CODE not in {change.status for change in told[:-1]}
        with pytest.raises(NotFoundError):
            scene.whatsapp.enter_code(ANA, dead.code)
        code = await scene.world.pairing_code.execute(SESSION, phone=ANA)
        scene.whatsapp.enter_code(ANA, code.code)
        await scene.working()

    async def changed(scene: Scene, before: int) -> bool:
        return len(await scene.history()) > before

    in_virtual_time(scenario)


def test_a_single_unanswered_probe_changes_nothing() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        before = await scene.history()
        scene.whatsapp.script(SESSION, Operation.PROBE, Hang())
        await asyncio.sleep(10 * MINUTE)
        assert await scene.history() == before

    in_virtual_time(scenario)


def test_a_stale_word_of_the_page_before_is_not_believed() -> None:
    """What the page told before it was loaded anew isn't so any more."""

    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        page = scene.whatsapp.page(SESSION)
        me = scene.whatsapp.account(ANA).me
        scene.whatsapp.profile(SESSION).account = None

        async def reload_told_late() -> None:
            page.tell(Connected(me=me))
            page.load()

        page.reload = reload_told_late  # type: ignore[method-assign]
        page.wedge(for_good=False)
        await scene.reached(SessionStatus.LOGGED_OUT, StatusReason.LINK_LOST, within=2 * MINUTE)
        statuses = [change.status for change in await scene.history()]
        assert statuses.count(SessionStatus.WORKING) == 1

    in_virtual_time(scenario)
