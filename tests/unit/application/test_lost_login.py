"""A page that comes up without the login it should have."""

import asyncio

import pytest

from adapters.memory.driver import MemoryWhatsAppPage
from application.ports.page_events import BridgeReady, LoggedOut
from domain.session import SessionStatus, StatusReason

from .virtual import MINUTE, Scene, in_virtual_time
from .world import SESSION


def without_login(monkeypatch: pytest.MonkeyPatch, times: int) -> list[MemoryWhatsAppPage]:
    """Lets the next pages come up without a login, whatever their profile was said to hold."""
    load = MemoryWhatsAppPage.load
    blank: list[MemoryWhatsAppPage] = []

    def loads(page: MemoryWhatsAppPage) -> None:
        if len(blank) >= times:
            load(page)
            return
        blank.append(page)
        page._profile.lost, page._profile.epoch = True, 0
        page.tell(BridgeReady(capabilities=(), page_version="", bridge_version=""))
        page.tell(LoggedOut(told=False))

    monkeypatch.setattr(MemoryWhatsAppPage, "load", loads)
    return blank


def test_a_login_that_is_missing_comes_back_from_the_newest_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        await asyncio.sleep(MINUTE)
        await scene.world.stop.execute(SESSION)
        blank = without_login(monkeypatch, 1)
        await scene.world.start.execute(SESSION)
        await scene.working()
        assert len(blank) == 1
        lost = [change for change in await scene.history() if change.reason is StatusReason.LINK_LOST]
        assert [change.status for change in lost] == [SessionStatus.STARTING]
        assert (await scene.world.event_types()).count("session.qr") == 1
        assert (await scene.session()).me is not None

    in_virtual_time(scenario)


@pytest.mark.parametrize("stored", [True, False])
def test_a_login_that_stays_missing_is_lost(monkeypatch: pytest.MonkeyPatch, stored: bool) -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        await asyncio.sleep(MINUTE)
        await scene.world.stop.execute(SESSION)
        if not stored:
            epoch = max(version.label.epoch for version in await scene.world.store.versions(SESSION) if version.label)
            await scene.world.store.delete(SESSION, epoch=epoch)
        without_login(monkeypatch, 10)
        await scene.world.start.execute(SESSION)
        await scene.reached(SessionStatus.LOGGED_OUT, StatusReason.LINK_LOST, within=MINUTE)
        assert (await scene.session()).me is None
        assert not await scene.world.store.versions(SESSION)

    in_virtual_time(scenario)


def test_a_page_that_had_its_login_gets_no_other_in_its_place() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        await asyncio.sleep(MINUTE)
        scene.whatsapp.page(SESSION).tell(LoggedOut(told=False))
        await scene.reached(SessionStatus.LOGGED_OUT, StatusReason.UNLINKED_BY_PHONE, within=1)

    in_virtual_time(scenario)
