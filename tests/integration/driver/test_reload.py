"""A page that is loaded anew, and pages that have to be."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from adapters.playwright.browser import Browser
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from application.ports.page_events import BridgeReady, Connected, LoggedOut, MessagesSeen, PageDied
from application.ports.whatsapp_driver import PageHealth, WhatsAppPage
from domain.errors import UnavailableError
from domain.ids import SessionId

from .conftest import MakeDriver
from .world import Sandbox, link

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def answers(page: WhatsAppPage) -> bool:
    try:
        await page.probe()
    except UnavailableError:
        return False
    return True


async def test_a_page_that_went_elsewhere_is_brought_back(sandbox: Sandbox, driver: PlaywrightWhatsAppDriver) -> None:
    ana, ben = await sandbox.phone("Ana"), await sandbox.phone("Ben")
    page = await driver.open(SessionId("wanders"), 1)
    ear = await link(page, ana)
    await ben.send(ana, "before it went")
    await ear.until(MessagesSeen, lambda event: event.messages[0].content.body == "before it went")  # type: ignore[union-attr]
    await sandbox.call("POST", "/faults", {"kind": "navigate_page", "account": ana.number})

    async with asyncio.timeout(30):
        while await answers(page):
            pass  # Each probe is a way to the page and back.
    mark = len(ear.heard)
    await ben.send(ana, "while it was away")
    await page.reload()
    await ear.until(Connected, after=mark)
    assert BridgeReady in ear.kinds()[mark:]
    found = await page.probe()
    assert (found.health, found.state) == (PageHealth.SOUND, "CONNECTED")
    assert found.me is not None
    assert found.me.jid == ana.jid
    seen = await page.recent(since=datetime.fromtimestamp(0, UTC), limit=100)
    assert [getattr(message.content, "body", None) for message in seen] == ["before it went", "while it was away"]
    assert not {PageDied, LoggedOut} & set(ear.kinds())
    await page.close()
    with pytest.raises(UnavailableError):
        await page.reload()


async def test_a_page_that_hangs_for_a_while_is_loaded_anew(sandbox: Sandbox, driver: PlaywrightWhatsAppDriver) -> None:
    ana = await sandbox.phone("Ana")
    page = await driver.open(SessionId("hangs"), 1)
    ear = await link(page, ana)
    await sandbox.call("POST", "/faults", {"kind": "hang_page", "account": ana.number, "ms": 3000})
    asking = asyncio.create_task(page.probe())
    mark = len(ear.heard)
    await page.reload()
    await ear.until(Connected, after=mark)
    with pytest.raises(UnavailableError):
        await asking
    assert (await page.probe()).health is PageHealth.SOUND
    await page.close()


async def test_a_page_that_hangs_for_good_cant_be_loaded_and_can_be_closed(
    sandbox: Sandbox, browser: Browser, make_driver: MakeDriver
) -> None:
    driver = make_driver(sandbox, browser, reload_timeout=timedelta(seconds=2), close_timeout=timedelta(seconds=3))
    ana = await sandbox.phone("Ana")
    session = SessionId("stuck")
    page = await driver.open(session, 1)
    await link(page, ana)
    await sandbox.call("POST", "/faults", {"kind": "hang_page", "account": ana.number})
    with pytest.raises(UnavailableError):
        await page.reload()
    await page.close()
    again = await driver.open(session, 1)
    async for event in again.events():
        if isinstance(event, Connected):
            break
    assert (await again.probe()).health is PageHealth.SOUND
    await again.close()
