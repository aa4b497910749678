"""Pages that are closed on purpose send first what they have been handed, and claim nothing more."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.memory.driver import Hang, MemoryWhatsAppPage, Operation
from application.ports.page_events import BrowserTooLarge, SeenMessage
from application.ports.whatsapp_driver import Outgoing
from domain.message import MessageStatus
from domain.session import SessionStatus, StatusReason

from .virtual import MINUTE, Scene, in_virtual_time
from .world import BEN, CARLA, SESSION, World, running

MB = 2**20
Ending = Callable[[Scene], Awaitable[object]]


async def stop(scene: Scene) -> None:
    await scene.world.stop.execute(SESSION)


async def restart(scene: Scene) -> None:
    await scene.world.restart.execute(SESSION)


async def recycle(scene: Scene) -> None:
    page = scene.whatsapp.page(SESSION)
    page.tell(BrowserTooLarge(used=2 * MB, limit=MB))

    async def gone() -> bool:
        return scene.whatsapp.profile(SESSION).page is not page

    await scene.until(gone, within=10)


def slow_sends(monkeypatch: pytest.MonkeyPatch, seconds: float) -> list[str]:
    """Lets sends take a while; gives the ids of those that began."""
    begun: list[str] = []
    send = MemoryWhatsAppPage.send

    async def slow(page: MemoryWhatsAppPage, message: Outgoing) -> SeenMessage:
        begun.append(message.whatsapp_id)
        await asyncio.sleep(seconds)
        return await send(page, message)

    monkeypatch.setattr(MemoryWhatsAppPage, "send", slow)
    return begun


@pytest.mark.parametrize("end", [stop, restart, recycle])
def test_what_is_on_its_way_leaves_first_and_what_waits_stays(monkeypatch: pytest.MonkeyPatch, end: Ending) -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        await scene.world.text("so that the recipients are known", to=BEN)
        await scene.world.text("so that the recipients are known", to=CARLA)
        begun = slow_sends(monkeypatch, 1.5)
        first = await scene.world.text("on its way", to=BEN, wait=0)
        await asyncio.sleep(0.5)
        waiting = await scene.world.text("behind it", to=BEN, wait=0)
        began = asyncio.get_running_loop().time()
        await end(scene)
        assert asyncio.get_running_loop().time() - began < 3
        sent = await scene.world.message(first.id, lambda _: True)
        assert sent.status not in {MessageStatus.QUEUED, MessageStatus.SENDING}
        if end is stop:
            assert begun == [first.whatsapp_id]
            assert (await scene.world.message(waiting.id, lambda _: True)).status is MessageStatus.QUEUED
        else:
            await scene.world.message(waiting.id, lambda message: message.status is not MessageStatus.QUEUED)

    in_virtual_time(scenario)


def test_a_gateway_that_stops_sends_what_is_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = slow_sends(monkeypatch, 1.5)

    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        async with running(World(scene.world.clock, scene.whatsapp)) as second:
            await second.linked("second", BEN)
            message = await second.text("the last", to=CARLA, session_id="second", wait=0)
            await asyncio.sleep(0.5)
            assert begun == [message.whatsapp_id]
        stored = await second.message(message.id, lambda _: True)
        assert stored.status not in {MessageStatus.QUEUED, MessageStatus.SENDING}

    in_virtual_time(scenario)


def test_a_send_that_hangs_doesnt_hold_up_the_stop_for_long() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        await scene.world.text("so that the recipient is known", to=BEN)
        scene.whatsapp.script(SESSION, Operation.SEND, Hang())
        message = await scene.world.text("hangs", to=BEN, wait=0)
        await asyncio.sleep(0.5)
        began = asyncio.get_running_loop().time()
        await stop(scene)
        assert 2.5 < asyncio.get_running_loop().time() - began < 3.5
        assert (await scene.world.message(message.id, lambda _: True)).status is MessageStatus.SENDING
        await scene.world.start.execute(SESSION)
        await scene.world.message(message.id, lambda message: message.status is not MessageStatus.SENDING)
        assert len(scene.whatsapp.account(BEN).phone_messages) == 2

    in_virtual_time(scenario)


def test_a_browser_that_grows_is_opened_again_without_a_qr_and_not_all_the_time() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.world.linked()
        pages = []
        for _ in range(40):
            page = scene.whatsapp.page(SESSION)
            if page not in pages:
                pages.append(page)
            page.tell(BrowserTooLarge(used=1300 * MB, limit=1024 * MB))
            await asyncio.sleep(MINUTE)
        assert len(pages) == 3
        changes = [change for change in await scene.history() if change.reason is StatusReason.BROWSER_RECYCLED]
        assert [change.status for change in changes] == [SessionStatus.STARTING] * 2
        assert changes[0].detail == "the browser took 1300 MB of at most 1024, and is opened again"
        assert (await scene.world.event_types()).count("session.qr") == 1
        scene.whatsapp.conflict(SESSION)
        await asyncio.sleep(60 * MINUTE)
        scene.whatsapp.page(SESSION).tell(BrowserTooLarge(used=1300 * MB, limit=1024 * MB))
        await asyncio.sleep(MINUTE)
        assert (await scene.session()).status_reason is StatusReason.CONFLICT

    in_virtual_time(scenario)
