"""One browser with one page: launched, scripted, listened to, and closed for certain."""

import asyncio
import contextlib
import inspect
import re
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Protocol, Self

import orjson
import structlog
from playwright.async_api import BrowserContext, CDPSession, Error, Page, Playwright, ProxySettings

from adapters.playwright import file_input, flags, freeze, processes, profile_image
from adapters.playwright.assets import BINDING, init_script
from adapters.playwright.browser import Browser
from adapters.playwright.commands import Commands, PageGoneError
from adapters.playwright.profile import unreadable
from adapters.playwright.refusals import page_unavailable
from adapters.playwright.settings import DriverSettings
from adapters.playwright.wajs import WajsBuild
from domain.errors import UnavailableError
from domain.snapshot import ProfileImage

_LOG: Final = structlog.get_logger(__name__)
_BROKEN: Final = 400
_LOOK_SECONDS: Final = 5.0
_PAGE_CLOSE_SECONDS: Final = 2.0
"""For how long a page is waited for before its browser is closed all the same."""
_SETTLED_NS: Final = 2_000_000_000
"""For how long a file is unchanged that is read before the browser is stopped: no file system's clock is coarser."""
_LONGEST_LINE: Final = 200
_STDERR: Final = re.compile(r"\[err\]\s*(\S.*)")
_DIGITS: Final = re.compile(r"\d{5,}")
_DIED: Final = "has been closed"
"""What Playwright says of a browser that ended by itself while it started."""
_STARTS: Final = 4
"""How often a browser is started that dies each time."""


class Network(Protocol):
    """A way to the site."""

    @property
    @abstractmethod
    def proxy(self) -> ProxySettings:
        """What the browser is started with."""

    @abstractmethod
    async def stand_in(self, context: BrowserContext) -> None:
        """Sees to a browser's requests, before it makes the first."""


class Window:
    """A browser on a session's profile, with the site's page in it.

    Attributes:
        news: what the bridge tells, one element each, in order, and ``document`` where a new document begins; None
            once the page or its browser is gone.
        commands: the way to the bridge.
    """

    def __init__(
        self, settings: DriverSettings, user_data_dir: Path, build: WajsBuild, network: Network | None = None
    ) -> None:
        self._settings = settings
        self._network = network
        self._build = build
        self._user_data_dir = user_data_dir
        self._context: BrowserContext | None = None
        self._cdp: CDPSession | None = None
        self._watch: processes.ProcessWatch | None = None
        self._pid: int | None = None
        self._document: str | None = None
        self._navigated = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._first_exception: str | None = None
        self._imaging: asyncio.Task[ProfileImage] | None = None
        self.death: str | None = None
        self.news: asyncio.Queue[Mapping[str, Any] | None] = asyncio.Queue()
        self.commands = Commands(self._evaluate)

    @classmethod
    async def open(
        cls,
        playwright: Playwright,
        settings: DriverSettings,
        user_data_dir: Path,
        build: WajsBuild,
        network: Network | None = None,
    ) -> Self:
        """Starts the browser and loads the site with this wa-js. Doesn't wait for the bridge.

        ``network`` is what it gets instead of the machine's own.

        Raises:
            UnavailableError: ``BROWSER_MISSING``, ``BROWSER_FAILED``, ``PAGE_UNREACHABLE``, ``BRIDGE_MISSING``.
        """
        window = cls(settings, user_data_dir, build, network)
        try:
            page = await window._launch(playwright)
            cdp = await window._instrument(page)
            window._sender = asyncio.create_task(window.commands.run(), name="bridge-commands")
            await window._load(cdp, settings.load_timeout)
        except BaseException:
            await window.close()
            raise
        return window

    async def _launch(self, playwright: Playwright) -> Page:
        browser = self._settings.browser
        if browser is None:
            raise UnavailableError("BROWSER_MISSING", "No browser was found; set BROWSER_PATH or run `make setup`.")
        try:
            page = await self._start_alive(playwright, browser)
        except Error as error:
            why = _last_words(error) or _first_line(error)
            raise UnavailableError(
                "BROWSER_FAILED", f"The browser didn't start: {why}. `pombo doctor` tries it and says what it lacks."
            ) from error
        self._adopt(page)
        return page

    async def _start_alive(self, playwright: Playwright, browser: Browser) -> Page:
        """Starts the browser, again where it dies of itself.

        Chromium does so now and then (SIGSEGV, about once in a thousand starts, more on a busy machine), before it
        has done anything: the next start is the remedy. One that dies each time is a fault to tell.
        """
        for _ in range(_STARTS - 1):
            try:
                return await self._start(playwright, browser)
            except Error as error:
                if _DIED not in str(error):
                    raise
            _LOG.warning("browser_died_at_start", browser=browser.version)
        return await self._start(playwright, browser)

    async def _start(self, playwright: Playwright, browser: Browser) -> Page:
        settings = self._settings
        context = await playwright.chromium.launch_persistent_context(
            self._user_data_dir,
            executable_path=browser.path,
            env={**browser.environment()},
            args=flags.launch_arguments(browser, settings.hosts)
            if self._network is None
            else flags.cut_off_arguments(browser),
            headless=settings.headless,
            chromium_sandbox=flags.wants_chromium_sandbox(settings.chromium_sandbox),
            timeout=settings.load_timeout.total_seconds() * 1000,
            # Ctrl-C is the gateway's to handle; Playwright's own handlers would close the browser under us.
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
            accept_downloads=False,
            no_viewport=True,
            proxy=None if self._network is None else self._network.proxy,
            # Requests of a service worker would pass by those who stand in for the network.
            service_workers="allow" if self._network is None else "block",
        )
        return context.pages[0] if context.pages else await context.new_page()

    def _adopt(self, page: Page) -> None:
        self._context = page.context
        self._context.on("close", lambda _: self._die("the browser was closed"))
        self._pid = processes.main_browser_pid(self._user_data_dir)
        if self._pid is not None:
            with contextlib.suppress(ProcessLookupError):
                self._watch = processes.ProcessWatch(self._pid, lambda: self._die("the browser ended"))
        page.on("crash", lambda _: self._die("the page crashed"))
        page.on("close", lambda _: self._die("the page was closed"))

    async def _instrument(self, page: Page) -> CDPSession:
        settings = self._settings
        if self._network is not None:
            await self._network.stand_in(page.context)
        script = init_script(
            settings.assets,
            self._build.text,
            origin=settings.origin,
            grace_ms=int(settings.grace.total_seconds() * 1000),
            first_connection_ms=int(settings.first_connection.total_seconds() * 1000),
        )
        try:
            cdp = await page.context.new_cdp_session(page)
            cdp.on("Runtime.bindingCalled", _Listener(self._told))
            cdp.on("Runtime.exceptionThrown", self._thrown)
            cdp.on("Runtime.executionContextsCleared", lambda _: self._document_changed())
            cdp.on("Page.frameNavigated", self._arrived)
            await cdp.send("Page.enable")
            await cdp.send("Runtime.enable")  # Without it no binding is told of.
            await cdp.send("Runtime.addBinding", {"name": BINDING})
            if settings.browser is not None:
                await cdp.send("Emulation.setUserAgentOverride", flags.user_agent_override(settings.browser))
            await page.add_init_script(script)
        except Error as error:
            raise UnavailableError("BROWSER_FAILED", f"The browser failed: {_first_line(error)}") from error
        self._cdp = cdp
        return cdp

    async def memory(self) -> int:
        """What the browser's processes take of the machine's memory, in bytes; 0 once it is gone."""
        pid = self._pid
        return 0 if pid is None else await asyncio.to_thread(lambda: processes.memory(processes.tree(pid)))

    async def reload(self) -> None:
        """Loads the site anew, also where the page has wandered off. Doesn't wait for the bridge.

        Raises:
            UnavailableError: ``PAGE_UNREACHABLE``.
        """
        if self._cdp is None or self.death is not None:
            raise UnavailableError("PAGE_UNREACHABLE", "The page isn't open.")
        await self._load(self._cdp, self._settings.reload_timeout)

    async def _load(self, cdp: CDPSession, within: timedelta) -> None:
        try:
            async with asyncio.timeout(within.total_seconds()):
                await self._navigate(cdp)
        except TimeoutError:
            raise _unreachable(f"no answer within {within.total_seconds():g} s") from None
        except Error as error:
            raise _unreachable(_first_line(error)) from error
        # None where there is none, or where the page doesn't answer, which is found out soon enough.
        status = await self._look("performance.getEntriesByType('navigation')[0]?.responseStatus")
        if isinstance(status, int) and status >= _BROKEN:
            raise UnavailableError("PAGE_UNREACHABLE", f"The page answered with HTTP status {status}.")
        # Scripts of ours run before the page's own, so that the bridge is there at once or not at all.
        if await self._look("typeof pomboBridge") == "undefined" and await self._is_on_site():
            self.news.put_nowait({"t": "absent", "detail": self._first_exception or "the script didn't run"})

    async def _navigate(self, cdp: CDPSession) -> None:
        """Goes to the site; done when its document has taken the place of the one before.

        Not with Playwright's own ``goto``, which fails when a navigation of the page's own, under way already, ends
        first: that is no reason to stop waiting for ours, which the browser goes on with.
        """
        answer = await cdp.send("Page.navigate", {"url": self._settings.web_url})
        if "errorText" in answer:
            raise _unreachable(answer["errorText"])
        while self._document != answer["loaderId"]:
            if self.death is not None:
                raise _unreachable(self.death)
            self._navigated.clear()
            await self._navigated.wait()

    def _arrived(self, event: Mapping[str, Any]) -> None:
        """Notes which navigation brought the document that is there now."""
        if "parentId" not in event["frame"]:
            self._document = event["frame"]["loaderId"]
            self._navigated.set()

    async def _look(self, expression: str) -> Any:
        """An expression's value in the page; None where the page doesn't answer."""
        if self._cdp is None:
            return None
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                answer = await self._cdp.send("Runtime.evaluate", {"expression": expression, "returnByValue": True})
        except (Error, TimeoutError):
            return None
        return answer["result"].get("value")

    async def _is_on_site(self) -> bool:
        return bool(await self._look("location.origin") == self._settings.origin)

    async def is_loaded(self) -> bool:
        """Whether the page is the site's and has loaded to its end."""
        return await self._is_on_site() and bool(await self._look("document.readyState") == "complete")

    def _thrown(self, event: Mapping[str, Any]) -> None:
        """Keeps the first exception's first line: one of wa-js or the bridge comes before all of the page's."""
        if self._first_exception is None:
            exception = event["exceptionDetails"].get("exception", {})
            text = str(exception.get("description") or exception.get("value") or "it threw").partition("\n")[0]
            self._first_exception = _DIGITS.sub("…", text)[:_LONGEST_LINE]

    def _document_changed(self) -> None:
        self.commands.document_changed()
        self.news.put_nowait({"t": "document"})

    def _told(self, event: Mapping[str, Any]) -> None:
        if event.get("name") != BINDING:
            return
        try:
            batch = orjson.loads(event["payload"])
        except (orjson.JSONDecodeError, KeyError):
            _LOG.warning("page_batch_malformed")
            return
        for item in batch if isinstance(batch, list) else ():
            if not isinstance(item, dict):
                continue
            if item.get("t") == "result":
                self.commands.answer(item)
            else:
                self.news.put_nowait(item)

    async def _evaluate(self, expression: str) -> None:
        if self._cdp is None:
            raise PageGoneError("it isn't open")
        try:
            answer = await self._cdp.send("Runtime.evaluate", {"expression": expression})
        except Error as error:
            raise PageGoneError(_first_line(error)) from error
        if "exceptionDetails" in answer:
            raise PageGoneError("the bridge isn't in the page")

    async def hand_over(self, file: Path) -> str:
        """Puts a file of this machine into the page's hands; the name by which the bridge has it.

        Raises:
            PageGoneError: there is no page, or no bridge in it.
        """
        if self._cdp is None:
            raise PageGoneError("it isn't open")
        try:
            return await file_input.put(self._cdp, file)
        except Error as error:
            raise PageGoneError(_first_line(error)) from error

    def _die(self, why: str) -> None:
        if self.death is not None:
            return
        self.death = why
        self._navigated.set()
        self.commands.close(why)
        self.news.put_nowait(None)

    async def image(self) -> ProfileImage:
        """The login's part of the profile as it is at one moment, for which the browser is stopped.

        Raises:
            UnavailableError: ``PAGE_UNAVAILABLE``, ``PROFILE_UNREADABLE``.
            TooLargeError: ``SNAPSHOT_TOO_LARGE``.
        """
        if self._closing is not None or self._pid is None or self.death is not None:
            raise page_unavailable("it is closed")
        if self._imaging is None or self._imaging.done():
            # A task of its own: the browser isn't closed, and no other opened here, before the reading has ended.
            self._imaging = asyncio.create_task(asyncio.to_thread(self._read_image, self._pid), name="profile-image")
        return await asyncio.shield(self._imaging)

    def _read_image(self, pid: int) -> ProfileImage:
        directory, limit = self._user_data_dir, self._settings.max_image_bytes
        try:
            ahead = profile_image.read_ahead(directory, limit, time.time_ns() - _SETTLED_NS)
            began = time.monotonic()
            with freeze.frozen(pid):
                files = profile_image.read(directory, limit, ahead)
            paused = time.monotonic() - began
        except freeze.NotFrozenError as error:
            raise page_unavailable(str(error)) from error
        except OSError as error:
            raise unreadable(error) from error
        image = profile_image.pack(files)
        _LOG.debug("profile_imaged", bytes=len(image.data), files=len(files), paused_ms=round(paused * 1000, 1))
        return image

    async def close(self) -> None:
        """Closes the browser, cleanly if it does so in time, so that the profile is written out. No process is left.

        May be called twice; goes on where the caller is cancelled.
        """
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name="window-close")
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        self._die("it was closed")
        if self._imaging is not None:
            await asyncio.wait({self._imaging})
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)
        tree = processes.tree(self._pid) if self._pid is not None else ()
        seconds = self._settings.close_timeout.total_seconds()
        if self._context is not None:
            # A browser that is gone or hangs is ended below.
            with contextlib.suppress(Error, TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._close_pages(self._context)
                    await self._context.close()
        if not await processes.gone(self._user_data_dir, 1.0):
            _LOG.warning("browser_killed", pid=self._pid)
            processes.kill(tree)
            processes.kill(processes.browser_pids(self._user_data_dir))
            await processes.gone(self._user_data_dir, seconds)
        if self._watch is not None:
            self._watch.stop()

    async def _close_pages(self, context: BrowserContext) -> None:
        """Closes the pages first: Chromium writes their local storage then, which at its own end it may fail to do."""
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(_PAGE_CLOSE_SECONDS):
                for page in context.pages:
                    await page.close()


class _Listener:
    """A listener whose signature is at hand: Playwright inspects it for every event, at a tenth of the event's cost."""

    def __init__(self, heard: Callable[[Mapping[str, Any]], None]) -> None:
        self._heard = heard
        self.__signature__ = inspect.signature(heard)

    def __call__(self, event: Mapping[str, Any]) -> None:
        self._heard(event)


def _unreachable(why: str) -> UnavailableError:
    return UnavailableError("PAGE_UNREACHABLE", f"The page didn't load: {why}.")


def _first_line(error: Exception) -> str:
    """The first line of Playwright's message; the rest is the call log with the whole command line."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__


def _last_words(error: Exception) -> str | None:
    """The first thing a browser that didn't start wrote to its standard error, as in Playwright's call log."""
    found = _STDERR.search(str(error))
    return found[1].strip()[:_LONGEST_LINE] if found else None
