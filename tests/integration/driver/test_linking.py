"""Linking, unlinking, and the login that outlives the browser."""

import asyncio
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.playwright import processes
from adapters.playwright.browser import Browser
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from application.ports.page_events import (
    BridgeReady,
    ConflictDetected,
    Connected,
    LoggedOut,
    MessagesSeen,
    PageDied,
    QrBatchEnded,
    QrShown,
    Syncing,
)
from application.ports.whatsapp_driver import PageHealth
from domain.errors import ConflictError, RateLimitedError, UnavailableError, UnprocessableError
from domain.ids import SessionId

from .conftest import MakeDriver
from .world import ROOT, SECONDS, Ear, Sandbox, data_dir, kill_browser, link, text

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_qr_link_kill_stop_and_unlink(sandbox: Sandbox, driver: PlaywrightWhatsAppDriver) -> None:
    session = SessionId("qr")
    ana, ben = await sandbox.phone("Ana"), await sandbox.phone("Ben")
    page = await driver.open(session, 1)
    assert all(capability.available for capability in page.capabilities()), page.capabilities()
    assert (await page.probe()).health is PageHealth.UNLINKED
    ear = await link(page, ana)
    assert ear.kinds()[0] is BridgeReady
    qr = await ear.until(QrShown)
    assert len(qr.qr.text.split(",")) >= 4
    # A slow machine may look at it late; its life isn't longer than the page's.
    assert -SECONDS < (qr.qr.expires_at - datetime.now(UTC)).total_seconds() <= 60
    assert ear.kinds().index(Syncing) < ear.kinds().index(Connected)
    me = (await ear.until(Connected)).me
    assert (me.jid, me.name) == (ana.jid, "Ana")
    assert me.lid is not None
    with pytest.raises(ConflictError, match="linked already"):
        await page.refresh_qr()

    # Killed at once: the login is on disk, since `Connected` isn't told before.
    await kill_browser(driver, session)
    assert (await ear.until(PageDied)).detail
    await asyncio.wait_for(ear._task, SECONDS)
    assert ear.kinds().count(PageDied) == 1
    with pytest.raises(UnavailableError):
        await page.probe()
    await page.close()

    await ben.send(ana, "while it was dead")
    page = await driver.open(session, 1)
    ear = Ear(page)
    await ear.until(Connected)
    assert QrShown not in ear.kinds()
    seen = await page.recent(since=datetime.fromtimestamp(0, UTC), limit=100)
    assert [getattr(message.content, "body", None) for message in seen] == ["while it was dead"]

    # Stopped and started: no QR either.
    await page.close()
    await page.close()
    assert processes.browser_pids(data_dir(driver, session)) == ()
    assert ear.kinds()[-1] is not PageDied
    page = await driver.open(session, 1)
    ear = Ear(page)
    await ear.until(Connected)
    assert QrShown not in ear.kinds()
    await page.send(text(ben, "back", 0xA1))

    # Unlinked from the phone: told, and a QR comes again.
    await ana.unlink()
    await ear.until(LoggedOut)
    await ear.until(QrShown)
    assert ear.kinds().count(LoggedOut) == 1
    await page.close()


async def test_a_conflict_and_unlinked_while_stopped(sandbox: Sandbox, driver: PlaywrightWhatsAppDriver) -> None:
    session = SessionId("stopped")
    ana = await sandbox.phone("Ana")
    page = await driver.open(session, 1)
    ear = await link(page, ana)
    await sandbox.call("POST", "/faults", {"kind": "conflict", "account": ana.number})
    await ear.until(ConflictDetected)
    await sandbox.call("DELETE", "/faults")
    await page.close()

    # What happens while no page is open is told at the next start.
    await ana.unlink()
    page = await driver.open(session, 1)
    ear = Ear(page)
    await ear.until(QrShown)
    assert ear.kinds().count(LoggedOut) == 1
    assert ear.kinds().index(LoggedOut) < ear.kinds().index(QrShown)
    assert (await ear.until(LoggedOut)).told
    await page.close()
    await driver.forget(session)
    assert not data_dir(driver, session).parent.exists()


async def test_pairing_code_and_logout(sandbox: Sandbox, driver: PlaywrightWhatsAppDriver) -> None:
    session = SessionId("code")
    ana = await sandbox.phone("Ana")
    page = await driver.open(session, 1)
    ear = Ear(page)
    await ear.until(QrShown)
    with pytest.raises(ConflictError, match="No account"):
        await page.logout()
    with pytest.raises(UnprocessableError) as unknown:
        await page.request_pairing_code("15559991111")
    assert unknown.value.reason == "NUMBER_NOT_ON_WHATSAPP"
    code = await page.request_pairing_code(ana.number)
    assert re.fullmatch(r"[0-9A-Z]{8}", code.code)
    assert code.expires_at > datetime.now(UTC)
    await ana.call("POST", "/pairing-code", {"code": code.code})
    await ear.until(Connected)
    with pytest.raises(ConflictError):
        await page.request_pairing_code(ana.number)

    await page.logout()
    await ear.until(LoggedOut)
    assert (await ana.call("GET", "/devices"))["devices"] == []
    await ear.until(QrShown, after=ear.kinds().index(LoggedOut))
    await page.close()


async def test_too_many_pairing_codes(sandbox: Sandbox, driver: PlaywrightWhatsAppDriver) -> None:
    ana = await sandbox.phone("Ana")
    page = await driver.open(SessionId("codes"), 1)
    await Ear(page).until(QrShown)
    with pytest.raises(RateLimitedError) as caught:
        await asyncio.gather(*[page.request_pairing_code(ana.number) for _ in range(5)])
    assert caught.value.reason == "PAIRING_CODE_RATE_LIMITED"
    await page.close()


async def test_a_qr_batch_ends_and_a_new_one_is_asked_for(
    browser: Browser, make_driver: MakeDriver, tmp_path: Path
) -> None:
    async with Sandbox.run(tmp_path / "sandbox", "--qr-first-ms", "800", "--qr-next-ms", "300") as sandbox:
        driver = make_driver(sandbox, browser)
        page = await driver.open(SessionId("batch"), 1)
        ear = Ear(page)
        await ear.until(QrBatchEnded)
        shown = [event.qr.text for event in ear.heard if isinstance(event, QrShown)]
        assert len(shown) == len(set(shown)) == 6
        mark = len(ear.heard)
        await page.refresh_qr()
        fresh = await ear.until(QrShown, after=mark)
        assert fresh.qr.text not in shown


async def test_a_missing_function_costs_its_capability_alone(
    browser: Browser, make_driver: MakeDriver, tmp_path: Path
) -> None:
    """On a page that has renamed the function behind pairing codes."""
    site = tmp_path / "page"
    shutil.copytree(ROOT / "src" / "sandbox" / "page", site)
    for file in (site / "domain" / "auth.js", site / "contract.json"):
        renamed = file.read_text().replace("genLinkDeviceCodeForPhoneNumber", "renamedByTheSite")
        assert renamed != file.read_text()
        file.write_text(renamed)
    async with Sandbox.run(tmp_path / "sandbox", "--page-dir", str(site)) as sandbox:
        driver = make_driver(sandbox, browser)
        ana, ben = await sandbox.phone("Ana"), await sandbox.phone("Ben")
        page = await driver.open(SessionId("lacking"), 1)
        lacking = [capability for capability in page.capabilities() if not capability.available]
        assert [capability.name for capability in lacking] == ["LINK_PAIRING_CODE"]
        assert "genLinkDeviceCodeForPhoneNumber" in (lacking[0].detail or "")
        with pytest.raises(Exception, match="LINK_PAIRING_CODE"):
            await page.request_pairing_code(ana.number)
        ear = await link(page, ana)
        await page.send(text(ben, "works all the same", 0xB1))
        inner = await ben.send(ana, "this way too")
        await ear.until(MessagesSeen, lambda event: any(inner in message.whatsapp_id for message in event.messages))
