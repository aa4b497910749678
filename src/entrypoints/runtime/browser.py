"""The browser, and the driver over it."""

from contextlib import AbstractContextManager
from pathlib import Path

from adapters.http.proxy_connector import ConnectorSettings, GuardedProxyConnector
from adapters.playwright.assets import BridgeAssets, find_assets
from adapters.playwright.browser import Browser, find_browser
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from adapters.playwright.processes import playwright_pids
from adapters.playwright.settings import DriverSettings
from adapters.playwright.wajs import WajsSettings, read_build
from adapters.playwright.watchdog import ProcessWatchdog
from application.ports.proxy_connector import ProxyConnector
from domain.bridge import BridgeSource
from domain.errors import InvalidArgumentError, UnavailableError
from entrypoints.runtime.announcer import Announcer
from entrypoints.runtime.health import BrowserHealth
from entrypoints.runtime.snapshots import max_bytes
from entrypoints.settings import Settings, SettingsError


async def look_for_browser(settings: Settings) -> Browser:
    """The browser that sessions will run in.

    Raises:
        UnavailableError: ``BROWSER_MISSING``.
    """
    return await find_browser(settings.browser_path, settings.cache_dir, settings.web_dir)


def find_bridge(settings: Settings) -> tuple[BridgeAssets, WajsSettings]:
    """The scripts that go into the page, and which wa-js each session is to run; every one of them can be used.

    Raises:
        UnavailableError: ``BRIDGE_MISSING``.
        SettingsError: a wa-js of the settings can't be used.
    """
    assets = find_assets(settings.web_dir)
    wajs = WajsSettings(
        pinned=assets.wajs,
        configured=settings.wajs_path,
        canary=settings.wajs_canary_path,
        canary_sessions=frozenset(settings.wajs_canary_sessions),
    )
    problems = []
    for variable, path in (("POMBO_WAJS_PATH", wajs.configured), ("POMBO_WAJS_CANARY_PATH", wajs.canary)):
        try:
            if path is not None:
                read_build(path, BridgeSource.CONFIGURED)
        except InvalidArgumentError as error:
            problems.append(f"{variable}: {error.message}")
    if problems:
        raise SettingsError(tuple(problems))
    try:
        wajs.read_pinned()
    except InvalidArgumentError as error:
        raise UnavailableError("BRIDGE_MISSING", f"{error.message} Or run `make setup`.") from error
    return assets, wajs


def describe_builds(wajs: WajsSettings) -> tuple[str, ...]:
    """A line for each wa-js that the settings name, for people; none where all sessions run the pinned one."""
    lines = []
    if wajs.configured is not None:
        lines.append(f"{read_build(wajs.configured, BridgeSource.CONFIGURED).label} instead of the pinned one")
    if wajs.canary is not None and wajs.canary_sessions:
        sessions = ", ".join(sorted(wajs.canary_sessions))
        lines.append(f"{read_build(wajs.canary, BridgeSource.CANARY).label} in the canary sessions {sessions}")
    return tuple(lines)


def bridge_records(settings: Settings) -> Path:
    """Where it is remembered which build of wa-js did well in which session."""
    return settings.data_dir / "bridges"


def make_watchdog(settings: Settings) -> ProcessWatchdog:
    """What ends the browsers whose session is lost."""
    return ProcessWatchdog(_profiles(settings), playwright_pids)


def _profiles(settings: Settings) -> Path:
    return settings.data_dir / "profiles"


async def _announced_browser(settings: Settings, announcer: Announcer) -> Browser | None:
    announcer.step("looking for a browser")
    try:
        browser = await look_for_browser(settings)
    except UnavailableError as error:
        announcer.warn(f"{error.message} Until then no session can run.")
        return None
    announcer.step(f"using {browser.path.name} {browser.version}")
    return browser


def open_proxies(settings: Settings) -> AbstractContextManager[ProxyConnector]:
    """The way through sessions' proxies, open for the time of the context."""
    return GuardedProxyConnector.open(ConnectorSettings(allowed=settings.proxy_allow_private))


async def make_driver(
    settings: Settings, announcer: Announcer, proxies: ProxyConnector
) -> tuple[PlaywrightWhatsAppDriver, BrowserHealth]:
    """A driver, and whether it has a browser: without one sessions say ``BROWSER_MISSING``, and the rest works.

    Where no sessions are run, none is looked for.

    Raises:
        UnavailableError: ``BRIDGE_MISSING``.
        InvalidArgumentError: ``INVALID_WEB_URL``.
        SettingsError: a wa-js of the settings can't be used.
    """
    assets, wajs = find_bridge(settings)
    for line in describe_builds(wajs):
        announcer.step(line)
    if settings.wajs_canary_path is not None and not settings.wajs_canary_sessions:
        announcer.warn("POMBO_WAJS_CANARY_PATH changes nothing while POMBO_WAJS_CANARY_SESSIONS names no session.")
    browser = None if settings.role == "api" else await _announced_browser(settings, announcer)
    driver_settings = DriverSettings(
        browser=browser,
        profiles=_profiles(settings),
        assets=assets,
        wajs=wajs,
        bridges=bridge_records(settings),
        web_url=settings.web_url,
        max_image_bytes=max_bytes(settings),
        memory_limit=settings.browser_memory_mb * 2**20 or None,
    )
    return PlaywrightWhatsAppDriver(driver_settings, proxies), BrowserHealth(browser)
