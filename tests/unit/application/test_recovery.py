"""What becomes of pages that hang, don't get on, or die again and again, over hours."""

import asyncio
from datetime import timedelta

import pytest

from adapters.memory.driver import MemoryWhatsAppPage
from application.ports.page_events import BridgeReady, Syncing
from application.sessions.create_session import CreateSessionCommand
from domain.ids import SessionId
from domain.proxy import Proxy
from domain.session import SessionStatus, StatusReason

from .virtual import HOUR, MINUTE, Scene, in_virtual_time
from .world import ANA, BEN, SESSION


class Opens:
    """Counts how often pages load: opened, or loaded anew."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pages: list[MemoryWhatsAppPage] = []
        load = MemoryWhatsAppPage.load

        def counted(page: MemoryWhatsAppPage) -> None:
            self.pages.append(page)
            load(page)

        monkeypatch.setattr(MemoryWhatsAppPage, "load", counted)

    def __len__(self) -> int:
        return len(self.pages)

    @property
    def browsers(self) -> int:
        return len({id(page) for page in self.pages})


@pytest.fixture
def opens(monkeypatch: pytest.MonkeyPatch) -> Opens:
    return Opens(monkeypatch)


def test_a_page_that_hangs_is_loaded_anew_and_loses_nothing(opens: Opens) -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        await scene.world.text("before it hung", to=BEN)
        await asyncio.sleep(MINUTE)
        scene.whatsapp.wedge(SESSION)
        scene.whatsapp.phone_sends(BEN, ANA, "while it hung")
        queued = await scene.world.text("while it hung", to=BEN, wait=0)
        await scene.reached(SessionStatus.WORKING, StatusReason.CONNECTED, within=1)  # nobody has noticed yet

        async def recovered() -> bool:
            return StatusReason.PAGE_UNRESPONSIVE in await scene.reasons() and (
                (await scene.session()).status is SessionStatus.WORKING
            )

        await scene.until(recovered, within=2 * MINUTE)
        assert opens.browsers == 1
        change = next(change for change in await scene.history() if change.reason is StatusReason.PAGE_UNRESPONSIVE)
        assert change.status is SessionStatus.DEGRADED
        assert change.detail == "the page doesn't answer its probes; it is loaded anew"
        sent = await scene.world.message(queued.id, lambda message: message.status.name in {"SENT", "DELIVERED"})
        assert len([m for m in scene.whatsapp.account(BEN).phone_messages if sent.whatsapp_id.split("_")[2] in m]) == 1

        async def received() -> bool:
            return "message.received" in await scene.world.event_types()

        await scene.until(received, within=MINUTE)

    in_virtual_time(scenario)


def test_a_page_that_hangs_for_good_gets_a_new_browser(opens: Opens) -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        scene.whatsapp.wedge(SESSION, for_good=True)

        async def recovered() -> bool:
            return opens.browsers == 2 and (await scene.session()).status is SessionStatus.WORKING

        await scene.until(recovered, within=2 * MINUTE)
        details = [change.detail for change in await scene.history() if change.status is SessionStatus.STARTING]
        assert any(detail is not None and "loading it anew failed" in detail for detail in details)

    in_virtual_time(scenario)


def test_a_page_that_hangs_again_soon_gets_a_new_browser_and_later_on_another_chance(opens: Opens) -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        for pause, browsers in ((MINUTE, 1), (MINUTE, 2), (MINUTE, 2), (11 * MINUTE, 2)):
            await asyncio.sleep(pause)
            before = len(opens)
            scene.whatsapp.wedge(SESSION)

            async def recovered(before: int = before) -> bool:
                return len(opens) > before and (await scene.session()).status is SessionStatus.WORKING

            await scene.until(recovered, within=2 * MINUTE)
            assert opens.browsers == browsers

    in_virtual_time(scenario)


@pytest.mark.parametrize(("syncs", "phase"), [(False, "loading"), (True, "syncing")])
def test_a_page_that_never_gets_on_fails_after_some_browsers(
    opens: Opens, monkeypatch: pytest.MonkeyPatch, syncs: bool, phase: str
) -> None:
    def load(page: MemoryWhatsAppPage) -> None:
        opens.pages.append(page)
        page.tell(BridgeReady(capabilities=(), page_version="", bridge_version=""))
        if syncs:
            page.tell(Syncing())

    monkeypatch.setattr(MemoryWhatsAppPage, "load", load)

    async def scenario(scene: Scene) -> None:
        await scene.world.create.execute(CreateSessionCommand(id=SESSION))
        if syncs:
            scene.whatsapp.profile(SESSION).account = scene.whatsapp.account(ANA)
            monkeypatch.setattr(MemoryWhatsAppPage, "probe", scene.syncing)
        await scene.reached(SessionStatus.FAILED, StatusReason.PAGE_STUCK, within=6 * HOUR)
        assert opens.browsers == 6
        assert len(opens) == 12
        assert phase in ((await scene.session()).status_detail or "")

    in_virtual_time(scenario)


def test_a_site_that_is_away_for_hours_fails_nothing_and_costs_little(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        tries = 0
        open_page = scene.world.supervisor._driver.open

        async def counted(session_id: SessionId, epoch: int, proxy: Proxy | None) -> object:
            nonlocal tries
            tries += 1
            return await open_page(session_id, epoch, proxy)

        monkeypatch.setattr(scene.world.supervisor._driver, "open", counted)
        scene.whatsapp.unreachable = True
        scene.whatsapp.kill_page(SESSION)
        await asyncio.sleep(2 * HOUR)
        session = await scene.session()
        assert (session.status, session.status_reason) == (SessionStatus.STARTING, StatusReason.PAGE_UNREACHABLE)
        assert 2 * 60 / 7.5 < tries < 2 * 60 / 2.5 + 10
        changes = len(await scene.history())
        await asyncio.sleep(HOUR / 2)
        assert len(await scene.history()) == changes
        scene.whatsapp.unreachable = False
        await scene.working(within=8 * MINUTE)

    in_virtual_time(scenario)


def test_a_connection_that_is_away_for_hours_is_tried_now_and_then(opens: Opens) -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        connect = MemoryWhatsAppPage.connect
        away = True

        def connects(page: MemoryWhatsAppPage, *, first: bool = False) -> None:
            if away:
                page.tell(Syncing())
                page.disconnect("OPENING")
            else:
                connect(page, first=first)

        MemoryWhatsAppPage.connect = connects  # type: ignore[method-assign]
        try:
            before = len(opens)
            scene.whatsapp.drop_connection(SESSION)
            await asyncio.sleep(3 * HOUR)
            assert (await scene.session()).status_reason is StatusReason.CONNECTION_LOST
            assert opens.browsers == 1
            assert 4 <= len(opens) - before <= 7
            away = False
            await scene.working(within=1.3 * HOUR)
        finally:
            MemoryWhatsAppPage.connect = connect  # type: ignore[method-assign]

    in_virtual_time(scenario)


def test_a_page_that_works_and_dies_again_and_again_is_opened_ever_less_often(opens: Opens) -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        began, before = asyncio.get_running_loop().time(), len(opens)
        while asyncio.get_running_loop().time() < began + HOUR:
            await scene.working(within=8 * MINUTE)
            scene.whatsapp.kill_page(SESSION)
            await scene.reached(SessionStatus.STARTING, StatusReason.BROWSER_CRASHED, within=1)
        assert len(opens) - before < 33
        assert StatusReason.BROWSER_CRASHED in await scene.reasons()
        assert SessionStatus.FAILED not in {change.status for change in await scene.history()}
        # Once it has held, it is forgiven.
        await scene.working(within=8 * MINUTE)
        await asyncio.sleep(11 * MINUTE)
        scene.whatsapp.kill_page(SESSION)
        await asyncio.sleep(1)
        await scene.working(within=3)

    in_virtual_time(scenario)


@pytest.mark.parametrize("hangs", [False, True])
def test_another_browser_is_not_fought(opens: Opens, hangs: bool) -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        scene.whatsapp.conflict(SESSION)
        await scene.reached(SessionStatus.DEGRADED, StatusReason.CONFLICT, within=1)
        await asyncio.sleep(HOUR / 3)
        assert (await scene.session()).status_reason is StatusReason.CONFLICT
        assert len(opens) == 1
        if hangs:
            scene.whatsapp.wedge(SESSION)
        else:
            scene.whatsapp.kill_page(SESSION)
        await asyncio.sleep(HOUR / 3)
        session = await scene.session()
        assert (session.status, session.status_reason) == (SessionStatus.DEGRADED, StatusReason.CONFLICT)
        assert "its page is closed" in (session.status_detail or "")
        assert len(opens) == 1
        await scene.world.restart.execute(SESSION)
        await scene.working()

    in_virtual_time(scenario)


def test_a_demanded_passkey_leads_to_no_loop(opens: Opens) -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.create.execute(CreateSessionCommand(id=SESSION))
        await scene.reached(SessionStatus.SCAN_QR_CODE, StatusReason.QR_READY, within=1)
        scene.whatsapp.demand_passkey(SESSION)
        await scene.reached(SessionStatus.PASSKEY_REQUIRED, StatusReason.PASSKEY_DEMANDED, within=1)
        scene.whatsapp.kill_page(SESSION)
        await asyncio.sleep(HOUR / 3)
        assert (await scene.session()).status is SessionStatus.PASSKEY_REQUIRED
        assert len(opens) == 1
        assert (await scene.world.event_types()).count("session.qr") == 1
        await scene.world.restart.execute(SESSION)
        await scene.reached(SessionStatus.SCAN_QR_CODE, StatusReason.QR_READY, within=1)

    in_virtual_time(scenario)


def test_a_batch_of_qrs_that_has_ended_stays_so(opens: Opens) -> None:
    """No new batch comes before somebody asks for one, but by a page that had to be opened again."""

    async def scenario(scene: Scene) -> None:
        await scene.world.create.execute(CreateSessionCommand(id=SESSION))
        await scene.reached(SessionStatus.SCAN_QR_CODE, StatusReason.QR_READY, within=1)
        for _ in range(6):
            await asyncio.sleep(20)
            scene.whatsapp.rotate_qr(SESSION)
        await scene.reached(SessionStatus.SCAN_QR_CODE, StatusReason.QR_BATCH_ENDED, within=1)
        qrs = (await scene.world.event_types()).count("session.qr")
        await asyncio.sleep(HOUR)
        assert len(opens) == 1
        assert (await scene.world.event_types()).count("session.qr") == qrs
        fresh = await scene.world.refresh_qr.execute(SESSION, wait=timedelta(seconds=5))
        scene.whatsapp.scan(ANA, fresh.text)
        await scene.working()

    in_virtual_time(scenario)


def test_sessions_start_a_few_at_a_time_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(scene: Scene) -> None:
        names = [f"s{number}" for number in range(6)]
        load = MemoryWhatsAppPage.load
        loading: list[MemoryWhatsAppPage] = []

        def hangs(page: MemoryWhatsAppPage) -> None:
            loading.append(page)

        monkeypatch.setattr(MemoryWhatsAppPage, "load", hangs)
        for name in names:
            await scene.world.create.execute(CreateSessionCommand(id=name))
        await asyncio.sleep(1)
        assert [page._profile.session_id for page in loading] == names[:2]
        reasons = {name: (await scene.world.session(name)).status_reason for name in names}
        assert list(reasons.values()) == [StatusReason.PAGE_LOADING] * 2 + [StatusReason.WAITING_TO_START] * 4
        load(loading[0])
        await asyncio.sleep(1)
        assert [page._profile.session_id for page in loading] == names[:3]
        # One that doesn't get on holds up the others for a minute and a half at most.
        await asyncio.sleep(91)
        assert len(loading) >= 5
        await scene.world.stop.execute(names[5])
        assert (await scene.world.session(names[5])).status is SessionStatus.STOPPED

    in_virtual_time(scenario)
