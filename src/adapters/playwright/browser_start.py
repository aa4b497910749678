"""Starting a browser on a profile: again where it dies of itself, and never beside one that is left."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog
from playwright.async_api import BrowserContext, Error, Page, Playwright

from adapters.playwright import browser_end, flags, processes
from adapters.playwright.browser import Browser
from adapters.playwright.faults import first_line, last_words
from adapters.playwright.network import Network
from adapters.playwright.settings import DriverSettings
from domain.errors import UnavailableError

_LOG: Final = structlog.get_logger(__name__)
_DIED: Final = "has been closed"
"""What Playwright says of a browser that ended by itself while it started."""
_STARTS: Final = 4
"""How often a browser is started that dies each time."""
_LOOK_SECONDS: Final = 0.1
_LAST_WORDS_SECONDS: Final = 1.0
"""For how long Playwright may take to tell what a browser that has died wrote to its standard error."""


async def start(
    playwright: Playwright, browser: Browser, settings: DriverSettings, user_data_dir: Path, network: Network | None
) -> Page:
    """Starts the browser, again where it dies of itself; gives its page. Where it fails, no process is left.

    Chromium dies so now and then (SIGSEGV, about once in a thousand starts, more on a busy machine), before it has
    done anything: the next start is the remedy. One that dies each time is a fault to tell.

    Raises:
        UnavailableError: ``BROWSER_FAILED``.
    """
    for again in reversed(range(_STARTS)):
        try:
            return await _start(playwright, browser, settings, user_data_dir, network)
        except Error as error:
            if not again or _DIED not in str(error):
                why = last_words(error) or first_line(error)
                raise UnavailableError(
                    "BROWSER_FAILED",
                    f"The browser didn't start: {why}. `pombo doctor` tries it and says what it lacks.",
                ) from error
        _LOG.warning("browser_died_at_start", browser=browser.version)
    raise AssertionError("the last start returns or raises")


async def _start(
    playwright: Playwright, browser: Browser, settings: DriverSettings, user_data_dir: Path, network: Network | None
) -> Page:
    """Starts it once, and doesn't wait for one that has died.

    Playwright does, until the launch's time limit, where the browser dies after it has told of its first page.
    """
    opening = asyncio.create_task(_open(playwright, browser, settings, user_data_dir, network), name="browser-open")
    ended = asyncio.create_task(_ended(user_data_dir), name="browser-ended")
    try:
        await asyncio.wait({opening, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not opening.done():
            await asyncio.wait({opening}, timeout=_LAST_WORDS_SECONDS)
        if not opening.done():
            raise Error(f"the browser {_DIED}")
        return opening.result()
    except BaseException:
        given_up = _give_up(opening, user_data_dir, settings.close_timeout)
        await asyncio.shield(asyncio.create_task(given_up, name="browser-given-up"))
        raise
    finally:
        ended.cancel()


async def _give_up(opening: asyncio.Task[Page], user_data_dir: Path, within: timedelta) -> None:
    opening.cancel()
    (opened,) = await asyncio.gather(opening, return_exceptions=True)
    if isinstance(opened, Page):  # who waited was cancelled just then
        await browser_end.end(opened.context, user_data_dir, processes.main_browser_pid(user_data_dir), within)


async def _open(
    playwright: Playwright, browser: Browser, settings: DriverSettings, user_data_dir: Path, network: Network | None
) -> Page:
    context: BrowserContext | None = None
    try:
        context = await _launch(playwright, browser, settings, user_data_dir, network)
        return context.pages[0] if context.pages else await context.new_page()
    except BaseException:
        # Nobody else knows of it yet, and the next start would find the profile taken.
        pid = None if context is None else processes.main_browser_pid(user_data_dir)
        ending = browser_end.end(context, user_data_dir, pid, settings.close_timeout)
        await asyncio.shield(asyncio.create_task(ending, name="browser-end"))
        raise


async def _ended(user_data_dir: Path) -> None:
    """Waits until there is a browser on the profile, and then until there is none."""
    while not processes.browser_pids(user_data_dir):  # noqa: ASYNC110 - /proc tells no news
        await asyncio.sleep(_LOOK_SECONDS)
    while processes.browser_pids(user_data_dir):  # noqa: ASYNC110 - as above
        await asyncio.sleep(_LOOK_SECONDS)


async def _launch(
    playwright: Playwright, browser: Browser, settings: DriverSettings, user_data_dir: Path, network: Network | None
) -> BrowserContext:
    return await playwright.chromium.launch_persistent_context(
        user_data_dir,
        executable_path=browser.path,
        env={**browser.environment()},
        args=flags.launch_arguments(browser, settings.hosts if network is None else network.resolved),
        headless=settings.headless,
        chromium_sandbox=flags.wants_chromium_sandbox(settings.chromium_sandbox),
        timeout=settings.load_timeout.total_seconds() * 1000,
        # Ctrl-C is the gateway's to handle; Playwright's own handlers would close the browser under us.
        handle_sigint=False,
        handle_sigterm=False,
        handle_sighup=False,
        accept_downloads=False,
        no_viewport=True,
        proxy=None if network is None else network.proxy,
        # Requests of a service worker would pass by those who stand in for the network.
        service_workers="block" if network is not None and network.stands_in else "allow",
    )
