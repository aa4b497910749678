"""One browser with one page: launched, scripted, listened to, and closed for certain."""

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import orjson
import structlog
from playwright.async_api import BrowserContext, CDPSession, Error, Page, Playwright

from adapters.playwright import browser_end, browser_image, browser_start, file_input, flags, processes
from adapters.playwright.assets import BINDING, init_script
from adapters.playwright.commands import Commands, PageGoneError
from adapters.playwright.confinement import Confinement
from adapters.playwright.faults import Listener, first_line, masked
from adapters.playwright.network import Network
from adapters.playwright.refusals import page_unavailable
from adapters.playwright.settings import DriverSettings
from adapters.playwright.wajs import WajsBuild
from domain.errors import UnavailableError
from domain.snapshot import ProfileImage

_LOG: Final = structlog.get_logger(__name__)
_BROKEN: Final = 400
_LOOK_SECONDS: Final = 5.0


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
        self._confinement: Confinement | None = None
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
        page = await browser_start.start(playwright, browser, self._settings, self._user_data_dir, self._network)
        self._adopt(page)
        return page

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
        stands_in = self._network is not None and self._network.stands_in
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
            cdp.on("Runtime.bindingCalled", Listener(self._told, self._die))
            cdp.on("Runtime.exceptionThrown", Listener(self._thrown, self._die))
            cdp.on("Runtime.executionContextsCleared", Listener(self._document_changed, self._die))
            cdp.on("Page.frameNavigated", Listener(self._arrived, self._die))
            await cdp.send("Page.enable")
            await cdp.send("Runtime.enable")  # Without it no binding is told of.
            await cdp.send("Runtime.addBinding", {"name": BINDING})
            if settings.browser is not None:
                await cdp.send("Emulation.setUserAgentOverride", flags.user_agent_override(settings.browser))
            await page.add_init_script(script)
            if not stands_in:
                # One who stands in for the network sees to every request itself.
                self._confinement = Confinement(page, cdp, settings.origin)
                await self._confinement.begin()
        except Error as error:
            raise UnavailableError("BROWSER_FAILED", f"The browser failed: {first_line(error)}") from error
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
            raise _unreachable(first_line(error)) from error
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
            self._first_exception = masked(text)

    def _document_changed(self, _: object) -> None:
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
            raise PageGoneError(first_line(error)) from error
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
            raise PageGoneError(first_line(error)) from error

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
            read = partial(browser_image.read, self._pid, self._user_data_dir, self._settings.max_image_bytes)
            # A task of its own: the browser isn't closed, and no other opened here, before the reading has ended.
            self._imaging = asyncio.create_task(asyncio.to_thread(read), name="profile-image")
        return await asyncio.shield(self._imaging)

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
        if self._confinement is not None:
            await self._confinement.end()
        await browser_end.end(self._context, self._user_data_dir, self._pid, self._settings.close_timeout)
        if self._watch is not None:
            self._watch.stop()


def _unreachable(why: str) -> UnavailableError:
    return UnavailableError("PAGE_UNREACHABLE", f"The page didn't load: {why}.")
