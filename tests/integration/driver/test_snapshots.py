"""Images of profiles: taken from browsers that run and that are closed, and opened where the profile never was."""

import asyncio
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from adapters.memory.proxy_connector import MemoryProxyConnector
from adapters.playwright import processes
from adapters.playwright.browser import Browser
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from application.ports.page_events import Connected, LoggedOut, MessagesSeen, QrShown
from application.ports.whatsapp_driver import WhatsAppPage
from domain.errors import ConflictError, UnavailableError
from domain.ids import SessionId
from domain.session import Me
from domain.snapshot import ProfileImage

from .world import Ear, Phone, Sandbox, link, text

pytestmark = pytest.mark.asyncio(loop_scope="package")

SESSION = SessionId("s1")
SOAK = int(os.environ.get("POMBO_SNAPSHOT_SOAK", "8"))
"""Snapshots taken under traffic; each is restored, which takes a few seconds."""


async def connects(
    sandbox: Sandbox, browser: Browser, image: ProfileImage, root: Path, session_id: SessionId = SESSION
) -> Me:
    """Restores an image where nothing is, and gives the account that it connects to without a QR."""
    driver = PlaywrightWhatsAppDriver(sandbox.settings(root, browser), MemoryProxyConnector())
    try:
        assert not (await driver.login(session_id)).linked
        await driver.restore(session_id, image, 7)
        found = await driver.login(session_id)
        assert (found.linked, found.epoch) == (True, 7)
        ear = Ear(await driver.open(session_id, 8))
        connected = await ear.until(Connected)
        assert QrShown not in ear.kinds()
        await ear.stop()
        return connected.me
    finally:
        await driver.stop()
        shutil.rmtree(root)


async def test_after_a_clean_close(sandbox: Sandbox, browser: Browser, profiles: Path, tmp_path: Path) -> None:
    phone = await sandbox.phone("Ana")
    driver = PlaywrightWhatsAppDriver(sandbox.settings(profiles, browser), MemoryProxyConnector())
    assert await driver.image(SESSION) is None
    page = await driver.open(SESSION, 3)
    with pytest.raises(ConflictError) as refused:
        await page.image()
    assert refused.value.reason == "NOT_LINKED"
    await (await link(page, phone)).stop()
    await page.close()
    with pytest.raises(UnavailableError):
        await page.image()
    image = await driver.image(SESSION)
    assert image is not None
    assert image == await driver.image(SESSION)
    assert (await driver.login(SESSION)).epoch == 3
    await driver.stop()
    assert (await connects(sandbox, browser, image, tmp_path / "elsewhere")).jid == phone.jid


async def test_after_the_browser_was_killed(sandbox: Sandbox, browser: Browser, profiles: Path, tmp_path: Path) -> None:
    phone = await sandbox.phone("Ana")
    driver = PlaywrightWhatsAppDriver(sandbox.settings(profiles, browser), MemoryProxyConnector())
    page = await driver.open(SESSION, 1)
    await (await link(page, phone)).stop()
    pid = processes.main_browser_pid(profiles / SESSION / "chromium")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await page.close()
    image = await driver.image(SESSION)
    await driver.stop()
    assert image is not None
    assert (await connects(sandbox, browser, image, tmp_path / "elsewhere")).jid == phone.jid


@pytest.mark.timeout(120 + 30 * SOAK)
async def test_every_image_taken_under_traffic_connects(
    sandbox: Sandbox, browser: Browser, profiles: Path, tmp_path: Path
) -> None:
    ana, ben = await sandbox.phone("Ana"), await sandbox.phone("Ben")
    driver = PlaywrightWhatsAppDriver(sandbox.settings(profiles, browser), MemoryProxyConnector())
    page = await driver.open(SESSION, 1)
    ear = await link(page, ana)
    traffic = [asyncio.create_task(_send(page, ben)), asyncio.create_task(_receive(ben, ana))]
    images: list[ProfileImage] = []
    while len(images) < SOAK:
        heard = len(ear.heard)
        # Not before something has come since the last one, and never at the same point of it.
        await ear.until(MessagesSeen, after=heard)
        await asyncio.sleep(len(images) % 7 * 0.013)
        image = await page.image()
        # The page gathers what it writes: with nothing new on the disk it was no other moment.
        if image.data not in {each.data for each in images}:
            images.append(image)
    assert not any(task.done() for task in traffic)
    for task in traffic:
        task.cancel()
    await asyncio.gather(*traffic, return_exceptions=True)
    await ear.stop()
    await page.close()
    await driver.stop()
    failed = []
    for number, image in enumerate(images):
        try:
            assert (await connects(sandbox, browser, image, tmp_path / f"copy{number}")).jid == ana.jid
        except (AssertionError, TimeoutError) as error:
            failed.append((number, repr(error)))
    assert failed == []


async def _send(page: WhatsAppPage, to: Phone) -> None:
    number = time.time_ns()
    while True:
        number += 1
        await page.send(text(to, f"out {number}", number))


async def _receive(sender: Phone, to: Phone) -> None:
    while True:
        await sender.send(to, "in")


async def test_the_page_goes_on_after_it(sandbox: Sandbox, browser: Browser, profiles: Path) -> None:
    ana, ben = await sandbox.phone("Ana"), await sandbox.phone("Ben")
    driver = PlaywrightWhatsAppDriver(sandbox.settings(profiles, browser), MemoryProxyConnector())
    page = await driver.open(SESSION, 1)
    ear = await link(page, ana)
    one, two = await asyncio.gather(page.image(), page.image())
    assert one == two
    pid = processes.main_browser_pid(profiles / SESSION / "chromium")
    assert pid is not None
    assert {_state(each) for each in processes.tree(pid)}.isdisjoint({"T", "t"})
    sent = await page.send(text(ben, "after", 1))
    assert sent.status is not None
    await ear.stop()
    await driver.stop()


async def test_a_page_that_is_closed_meanwhile(sandbox: Sandbox, browser: Browser, profiles: Path) -> None:
    ana = await sandbox.phone("Ana")
    driver = PlaywrightWhatsAppDriver(sandbox.settings(profiles, browser), MemoryProxyConnector())
    page = await driver.open(SESSION, 1)
    await (await link(page, ana)).stop()
    taking = asyncio.create_task(page.image())
    await asyncio.sleep(0)
    await page.close()
    assert (await taking).data
    assert processes.browser_pids(profiles / SESSION / "chromium") == ()
    await driver.stop()


async def test_a_profile_without_its_login_is_told_from_a_link_that_has_ended(
    sandbox: Sandbox, browser: Browser, profiles: Path
) -> None:
    ana = await sandbox.phone("Ana")
    driver = PlaywrightWhatsAppDriver(sandbox.settings(profiles, browser), MemoryProxyConnector())
    page = await driver.open(SESSION, 1)
    await (await link(page, ana)).stop()
    await page.close()
    image = await driver.image(SESSION)
    assert image is not None
    shutil.rmtree(profiles / SESSION / "chromium" / "Default" / "IndexedDB")
    shutil.rmtree(profiles / SESSION / "chromium" / "Default" / "Local Storage")
    page = await driver.open(SESSION, 1)
    ear = Ear(page)
    assert not (await ear.until(LoggedOut)).told
    await ear.stop()
    await page.close()
    await driver.restore(SESSION, image, 1)
    ear = Ear(await driver.open(SESSION, 1))
    assert (await ear.until(Connected)).me.jid == ana.jid
    await ear.stop()
    await driver.stop()


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "gone"
