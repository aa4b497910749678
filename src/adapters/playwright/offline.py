"""Reading what a profile holds, without WhatsApp: its page runs on a copy, in a browser that reaches nothing."""

import asyncio
import shutil
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from fnmatch import fnmatch
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from playwright.async_api import APIRequestContext, BrowserContext, Error, Playwright, ProxySettings, Route

from adapters.playwright.bridge_choice import BridgeChoice
from adapters.playwright.page import PlaywrightWhatsAppPage
from adapters.playwright.profile import Profile
from adapters.playwright.refusals import page_unavailable
from adapters.playwright.settings import DriverSettings
from adapters.playwright.wajs import WajsBuild
from adapters.playwright.window import Window
from application.ports.page_events import (
    Connected,
    ConnectionLost,
    LoggedOut,
    PageDied,
    QrBatchEnded,
    QrShown,
    SeenMessage,
)
from domain.errors import ConflictError, UnavailableError
from domain.ids import SessionId
from domain.snapshot import ProfileImage

_WITHOUT_CONNECTION: Final = timedelta(seconds=2)
"""For so long the page has tried to connect when it is asked: by then it has loaded what is stored."""
_UNLAUNCHED: Final = "UNLAUNCHED"
"""WhatsApp Web's own name of the socket's state before the first try."""
_LIMIT: Final = 2_000
_SETTLE_SECONDS: Final = 0.5
_LOOKS: Final = 10


class DeadEnd:
    """A network in which a browser gets nowhere: WhatsApp mustn't hear of a second browser with the same login.

    All that it sends goes to a port that refuses connections, whether a page, a worker or a socket sends it. What the
    page needs to come up, the files of the site, is got outside of it and given as if it came from the network.
    """

    def __init__(self, settings: DriverSettings, playwright: Playwright) -> None:
        self._hosts = settings.hosts
        self._playwright = playwright
        self._site: APIRequestContext | None = None
        self._refusing = socket.socket()

    async def __aenter__(self) -> Self:
        # Bound and never listened on: nobody else can take the port, and the kernel refuses every connection.
        self._refusing.bind(("127.0.0.1", 0))
        self._site = await self._playwright.request.new_context()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._refusing.close()
        if self._site is not None:
            await self._site.dispose()

    @property
    def proxy(self) -> ProxySettings:
        """What the browser is started with; loopback addresses aren't excepted."""
        return {"server": f"http://127.0.0.1:{self._refusing.getsockname()[1]}", "bypass": "<-loopback>"}

    async def stand_in(self, context: BrowserContext) -> None:
        """Answers the requests of a browser that was started with ``proxy``."""
        await context.route("**/*", self._answer)

    async def _answer(self, route: Route) -> None:
        request = route.request
        host = urlsplit(request.url).hostname or ""
        try:
            if self._site is None or request.method != "GET" or not any(fnmatch(host, each) for each in self._hosts):
                await route.abort()
            else:
                await route.fulfill(response=await self._site.fetch(request))
        except Error:
            await route.abort()


class OfflineReader:
    """Reads profiles' copies, each in a directory of its own beside the profiles."""

    def __init__(
        self,
        settings: DriverSettings,
        choose: Callable[[SessionId, DriverSettings], BridgeChoice],
        pages: set[PlaywrightWhatsAppPage],
    ) -> None:
        """``pages`` holds those that are open, for their driver to close."""
        self._settings = replace(
            settings,
            profiles=settings.profiles.with_name(f"{settings.profiles.name}-offline"),
            bridges=settings.bridge_records,
            first_connection=_WITHOUT_CONNECTION,
            memory_limit=None,
        )
        self._choose = choose
        self._pages = pages

    def tidy(self) -> None:
        """Deletes what a driver that was killed has left. Blocks."""
        shutil.rmtree(self._settings.profiles, ignore_errors=True)

    async def read(
        self,
        playwright: Playwright,
        session_id: SessionId,
        image: ProfileImage,
        since: datetime,
    ) -> tuple[SeenMessage, ...]:
        """The messages that an image holds from ``since`` on, oldest first.

        Raises: see ``WhatsAppDriver.stored_messages``.
        """
        settings = self._settings
        profile = await Profile.acquire(settings.profiles, session_id)
        try:
            profile.require_space()
            await _finished(asyncio.to_thread(profile.restore, image, 0, settings.max_image_bytes))
            async with DeadEnd(settings, playwright) as dead_end:
                return await self._read(playwright, dead_end, session_id, profile, since)
        finally:
            profile.release()
            await self._delete(session_id)

    async def _read(
        self,
        playwright: Playwright,
        dead_end: DeadEnd,
        session_id: SessionId,
        profile: Profile,
        since: datetime,
    ) -> tuple[SeenMessage, ...]:
        settings = self._settings

        async def open_window(build: WajsBuild) -> Window:
            return await Window.open(playwright, settings, profile.user_data_dir, build, dead_end)

        choice = self._choose(session_id, settings)
        page = PlaywrightWhatsAppPage(session_id, settings, profile, choice, open_window, self._pages.discard)
        self._pages.add(page)
        try:
            await page.start()
            await self._wait_loaded(page)
            return await _messages(page, since)
        finally:
            await page.close()

    async def _wait_loaded(self, page: PlaywrightWhatsAppPage) -> None:
        try:
            async with asyncio.timeout(self._settings.bridge_timeout.total_seconds()):
                async for event in page.events():
                    match event:
                        case ConnectionLost(state=state) if state != _UNLAUNCHED:
                            return
                        case Connected():
                            raise UnavailableError("BROWSER_FAILED", "The browser reached WhatsApp, which it mustn't.")
                        case QrShown() | QrBatchEnded() | LoggedOut():
                            raise ConflictError("NOT_LINKED", "The session's profile holds no login.")
                        case PageDied(detail=detail):
                            raise page_unavailable(detail)
                        case _:
                            pass
        except TimeoutError:
            pass
        raise page_unavailable("it didn't come up without a connection")

    async def _delete(self, session_id: SessionId) -> None:
        profile = await Profile.acquire(self._settings.profiles, session_id)
        try:
            await profile.delete()
        finally:
            profile.release()


async def _messages(page: PlaywrightWhatsAppPage, since: datetime) -> tuple[SeenMessage, ...]:
    """All that the page knows. It doesn't say when it has loaded its chats: it is asked until two answers agree."""
    limit, before = _LIMIT, -1
    known: tuple[SeenMessage, ...] = ()
    for _ in range(_LOOKS):
        while len(known := await page.recent(since=since, limit=limit)) > limit // 2:
            limit *= 2
        if len(known) == before:
            return known
        before = len(known)
        await asyncio.sleep(_SETTLE_SECONDS)
    return known


async def _finished[T](work: Awaitable[T]) -> T:
    """Waits for work in a thread to its end, although the caller be cancelled: it writes where others would."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
