"""What befalls a login from outside, as a real page of the sandbox tells it."""

import pytest

from adapters.playwright.driver import PlaywrightWhatsAppDriver
from application.ports.page_events import ConflictDetected, Connected, LoggedOut, PasskeyDemanded, QrShown
from application.ports.whatsapp_driver import PageHealth
from domain.errors import ConflictError
from domain.ids import SessionId

from .world import Ear, Sandbox, link

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_login_is_taken_back_from_another_browser(sandbox: Sandbox, driver: PlaywrightWhatsAppDriver) -> None:
    ana = await sandbox.phone("Ana")
    page = await driver.open(SessionId("contested"), 1)
    ear = await link(page, ana)
    with pytest.raises(ConflictError) as caught:
        await page.take_over()
    assert caught.value.reason == "NOT_IN_CONFLICT"
    await sandbox.call("POST", "/faults", {"kind": "conflict", "account": ana.number})
    await ear.until(ConflictDetected)
    found = await page.probe()
    assert (found.health, found.state, found.me) == (PageHealth.CONFLICT, "CONFLICT", None)
    mark = len(ear.heard)
    await page.take_over()
    await ear.until(Connected, after=mark)
    assert (await page.probe()).health is PageHealth.SOUND
    await page.close()


async def test_an_account_that_is_locked_says_so(sandbox: Sandbox, driver: PlaywrightWhatsAppDriver) -> None:
    ana = await sandbox.phone("Ana")
    page = await driver.open(SessionId("banned"), 1)
    ear = await link(page, ana)
    await sandbox.call("POST", "/faults", {"kind": "ban", "account": ana.number})
    try:
        assert (await ear.until(LoggedOut)).locked
    finally:
        await sandbox.call("DELETE", "/faults")
    await page.close()


async def test_an_unlinking_is_none(sandbox: Sandbox, driver: PlaywrightWhatsAppDriver) -> None:
    ana = await sandbox.phone("Ana")
    page = await driver.open(SessionId("unlinked"), 1)
    ear = await link(page, ana)
    await ana.unlink()
    assert not (await ear.until(LoggedOut)).locked
    await page.close()


async def test_a_demanded_passkey_is_told_and_shows_no_more_qrs(
    sandbox: Sandbox, driver: PlaywrightWhatsAppDriver
) -> None:
    ana = await sandbox.phone("Ana")
    page = await driver.open(SessionId("passkey"), 1)
    ear = Ear(page)
    qr = await ear.until(QrShown)
    await sandbox.call("POST", "/faults", {"kind": "passkey", "account": ana.number, "count": 1})
    with pytest.raises(AssertionError, match=r"403.*PASSKEY_REQUIRED"):
        await ana.scan(qr.qr.text)
    await ear.until(PasskeyDemanded)
    assert (await page.probe()).health is PageHealth.PASSKEY
    assert ear.kinds().count(QrShown) == 1
    # Loaded anew it asks again, once; this time nothing is demanded.
    mark = len(ear.heard)
    await page.reload()
    fresh = await ear.until(QrShown, after=mark)
    await ana.scan(fresh.qr.text)
    await ear.until(Connected, after=mark)
    await page.close()
