"""A page that is loaded anew, and pages that have to be."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page

from adapters.playwright.browser import Browser
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from adapters.playwright.page import PlaywrightWhatsAppPage
from application.ports.page_events import BridgeReady, Connected, LoggedOut, MessagesSeen, PageDied, QrShown
from application.ports.whatsapp_driver import PageHealth, WhatsAppPage
from domain.errors import UnavailableError
from domain.ids import SessionId

from .conftest import MakeDriver
from .world import SECONDS, Ear, Sandbox, link

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def leave(page: WhatsAppPage, ms: int) -> None:
    """Has the page on its way elsewhere: the answer has come, and for so long the page doesn't give up its place."""
    gone = asyncio.Event()

    async def heard(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gone.set()
        writer.close()

    async with await asyncio.start_server(heard, "127.0.0.1", 0) as server:
        beacon = f"navigator.sendBeacon('http://127.0.0.1:{server.sockets[0].getsockname()[1]}/')"
        linger = f"const end = Date.now() + {ms}; while (Date.now() < end);"
        leaving = f"addEventListener('pagehide', () => {{ {beacon}; {linger} }}); location.assign('/elsewhere');"
        await tab(page).evaluate(f"() => {{ {leaving} }}")
        await asyncio.wait_for(gone.wait(), SECONDS)


def tab(page: WhatsAppPage) -> Page:
    assert isinstance(page, PlaywrightWhatsAppPage)
    assert page._window is not None
    assert page._window._context is not None
    return page._window._context.pages[0]


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


async def test_messages_of_one_second_are_told_in_their_order(
    sandbox: Sandbox, driver: PlaywrightWhatsAppDriver
) -> None:
    ana, *others = [await sandbox.phone(name) for name in ("Ana", "Ben", "Cem")]
    page = await driver.open(SessionId("in-order"), 1)
    ear = await link(page, ana)
    sent = [f"message {number}" for number in range(12)]
    for number, body in enumerate(sent):
        await others[number % 2].send(ana, body)
    await ear.until(MessagesSeen, lambda event: event.messages[-1].content.body == sent[-1])  # type: ignore[union-attr]
    # From here on it looks each chat up in its database.
    mark = len(ear.heard)
    await page.reload()
    await ear.until(Connected, after=mark)
    seen = await page.recent(since=datetime.fromtimestamp(0, UTC), limit=100)
    assert len({message.timestamp for message in seen}) < len(sent)
    assert [getattr(message.content, "body", None) for message in seen] == sent
    await page.close()


async def test_a_page_that_is_leaving_is_brought_back(driver: PlaywrightWhatsAppDriver) -> None:
    page = await driver.open(SessionId("leaves"), 1)
    ear = Ear(page)
    await ear.until(BridgeReady)
    mark = len(ear.heard)
    visited: list[str] = []
    tab(page).on("framenavigated", lambda frame: visited.append(urlsplit(frame.url).path))
    await leave(page, ms=1000)
    await page.reload()
    assert visited == ["/elsewhere", "/"]
    await ear.until(QrShown, after=mark)
    assert (await page.probe()).health is PageHealth.UNLINKED
    await page.close()


async def test_a_page_that_is_leaving_gets_no_second_time_limit(
    sandbox: Sandbox, browser: Browser, make_driver: MakeDriver
) -> None:
    driver = make_driver(sandbox, browser, reload_timeout=timedelta(seconds=3))
    page = await driver.open(SessionId("leaves-for-long"), 1)
    # The site doesn't answer any more.
    await tab(page).route("**/?syncDelayMs=*", lambda _: None)
    await leave(page, ms=2000)
    began = time.monotonic()
    with pytest.raises(UnavailableError) as caught:
        await page.reload()
    assert caught.value.reason == "PAGE_UNREACHABLE"
    assert urlsplit(tab(page).url).path == "/elsewhere"
    assert 2.9 < time.monotonic() - began < 4.5
    await page.close()


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
