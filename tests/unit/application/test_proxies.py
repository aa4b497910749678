"""Sessions with proxies: opened by them and never past them, and opened anew when they change."""

import asyncio

from adapters.memory.driver import Operation, Refuse
from application.idempotency.request_key import RequestKey
from application.sessions.create_session import CreateSessionCommand
from application.sessions.own_proxy import GivenProxy, ProxyChange
from application.sessions.update_session import UpdateSession, UpdateSessionCommand
from domain.proxy import Proxy, ProxyPassword, proxy_refused, proxy_unreachable
from domain.session import Session, SessionStatus, StatusReason

from .virtual import HOUR, MINUTE, Scene, in_virtual_time
from .world import ANA, BEN, SESSION

GIVEN = GivenProxy(url="http://one.example:1", username="ana", password="secret-4711")
OTHER = GivenProxy(url="socks5://two.example:2")


async def change(scene: Scene, to: GivenProxy | None, *, key: str | None = None) -> Session:
    world = scene.world
    update = UpdateSession(world.database, world.clock, world.supervisor, world.proxies)
    request = None if key is None else RequestKey(scope="x", key=key)
    return await update.execute(UpdateSessionCommand(session_id=SESSION, proxy=ProxyChange(to), request=request))


def opened_by(scene: Scene) -> Proxy | None:
    return scene.whatsapp.page(SESSION).proxy


def test_a_page_is_opened_by_its_proxy_and_by_the_next_one_when_it_changes() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.create.execute(CreateSessionCommand(id=SESSION, proxy=GIVEN))
        await scene.reached(SessionStatus.SCAN_QR_CODE, StatusReason.QR_READY, within=1)
        assert opened_by(scene) == Proxy.parse(GIVEN.url, "ana", "secret-4711")
        qr = scene.whatsapp.page(SESSION).qr
        assert qr is not None
        scene.whatsapp.scan(ANA, qr.text)
        await scene.working()
        pages = [scene.whatsapp.page(SESSION)]
        for to in (OTHER, GivenProxy(url=OTHER.url, username="b", password="1"), None):
            changed = await change(scene, to)

            async def moved(proxy: Proxy | None = changed.proxy) -> bool:
                page = scene.whatsapp.profile(SESSION).page
                return page is not None and page is not pages[-1] and page.proxy == proxy and page.connected

            await scene.until(moved, within=MINUTE)
            pages.append(scene.whatsapp.page(SESSION))
            await scene.working()
        # What stays the same, and what is changed beside it, closes nothing.
        await change(scene, None)
        world = scene.world
        update = UpdateSession(world.database, world.clock, world.supervisor, world.proxies)
        await update.execute(UpdateSessionCommand(session_id=SESSION, name="Other"))
        await asyncio.sleep(MINUTE)
        assert scene.whatsapp.page(SESSION) is pages[-1]
        assert (await world.text("hello", to=BEN)).status.name in {"SENT", "DELIVERED"}

    in_virtual_time(scenario)


def test_one_that_is_away_for_hours_fails_nothing_and_is_gone_past_by_nothing() -> None:
    async def scenario(scene: Scene) -> None:
        scene.whatsapp.dead_proxies.add("two.example")
        await scene.world.create.execute(CreateSessionCommand(id=SESSION, proxy=OTHER))
        await asyncio.sleep(3 * HOUR)
        session = await scene.session()
        assert (session.status, session.status_reason) == (SessionStatus.STARTING, StatusReason.PROXY_UNREACHABLE)
        assert scene.whatsapp.profile(SESSION).page is None
        assert len(await scene.history()) < 6, "an outage is one entry of the history"
        scene.whatsapp.dead_proxies.clear()
        await scene.reached(SessionStatus.SCAN_QR_CODE, StatusReason.QR_READY, within=8 * MINUTE)

    in_virtual_time(scenario)


def test_another_one_is_tried_at_once() -> None:
    async def scenario(scene: Scene) -> None:
        scene.whatsapp.dead_proxies.add("two.example")
        await scene.world.create.execute(CreateSessionCommand(id=SESSION, proxy=OTHER))
        await asyncio.sleep(HOUR)
        await change(scene, GIVEN)
        await scene.reached(SessionStatus.SCAN_QR_CODE, StatusReason.QR_READY, within=2)

    in_virtual_time(scenario)


def test_a_wrong_password_is_tried_six_times_and_a_right_one_at_once() -> None:
    async def scenario(scene: Scene) -> None:
        for _ in range(6):
            scene.whatsapp.faults.add(SESSION, Operation.OPEN, Refuse(proxy_refused("doesn't accept the password")))
        await scene.world.create.execute(CreateSessionCommand(id=SESSION, proxy=GIVEN))
        await scene.reached(SessionStatus.FAILED, StatusReason.PROXY_REFUSED, within=HOUR)
        assert (await scene.session()).status_detail == "The session's proxy doesn't accept the password."
        await asyncio.sleep(HOUR)
        await change(scene, GivenProxy(url=GIVEN.url, username="ana", password="another"))
        await scene.reached(SessionStatus.SCAN_QR_CODE, StatusReason.QR_READY, within=2)

    in_virtual_time(scenario)


def test_a_connection_that_is_lost_for_the_proxy_says_so() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        page = scene.whatsapp.page(SESSION)
        for cause in (proxy_unreachable("can't be reached"), proxy_refused("says no"), None):
            page.disconnect("OPENING", cause)
            reason = StatusReason.CONNECTION_LOST if cause is None else StatusReason(cause.reason)
            await scene.reached(SessionStatus.DEGRADED, reason, within=1)
            assert (await scene.session()).status_detail == ("OPENING" if cause is None else cause.message)
        page.connect()
        await scene.working()

    in_virtual_time(scenario)


def test_a_request_that_is_made_again_gets_its_answer_without_the_password() -> None:
    async def scenario(scene: Scene) -> None:
        create = CreateSessionCommand(id=SESSION, proxy=GIVEN, request=RequestKey(scope="x", key="made"))
        first, again = [await scene.world.create.execute(create) for _ in range(2)]
        assert first.proxy == Proxy.parse(GIVEN.url, "ana", "secret-4711")
        assert again.proxy is not None
        assert again.proxy.password == ProxyPassword()
        answers = [await change(scene, OTHER, key="changed") for _ in range(2)]
        assert {answer.proxy for answer in answers} == {Proxy.parse(OTHER.url)}
        assert "secret-4711" not in f"{first} {again} {create} {await scene.world.events()}"

    in_virtual_time(scenario)
