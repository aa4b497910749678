"""The browser, and the driver over it."""

from adapters.playwright.assets import find_assets
from adapters.playwright.browser import Browser, find_browser
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from adapters.playwright.settings import DriverSettings
from domain.errors import UnavailableError
from entrypoints.runtime.announcer import Announcer
from entrypoints.runtime.health import BrowserHealth
from entrypoints.settings import Settings


async def look_for_browser(settings: Settings) -> Browser:
    """The browser that sessions will run in.

    Raises:
        UnavailableError: ``BROWSER_MISSING``.
    """
    return await find_browser(settings.browser_path, settings.cache_dir, settings.web_dir)


async def make_driver(settings: Settings, announcer: Announcer) -> tuple[PlaywrightWhatsAppDriver, BrowserHealth]:
    """A driver, and whether it has a browser: without one sessions say ``BROWSER_MISSING``, and the rest works.

    Raises:
        UnavailableError: ``BRIDGE_MISSING``.
        InvalidArgumentError: ``INVALID_WEB_URL``.
    """
    announcer.step("looking for a browser")
    assets = find_assets(settings.web_dir)
    browser: Browser | None = None
    try:
        browser = await look_for_browser(settings)
    except UnavailableError as error:
        announcer.warn(f"{error.message} Until then no session can run.")
    else:
        announcer.step(f"using {browser.path.name} {browser.version}")
    profiles = settings.data_dir / "profiles"
    driver_settings = DriverSettings(browser=browser, profiles=profiles, assets=assets, web_url=settings.web_url)
    return PlaywrightWhatsAppDriver(driver_settings), BrowserHealth(browser)
