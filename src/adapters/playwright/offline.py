"""Reading what a profile holds, without WhatsApp: its page runs on a copy, in a browser that reaches nothing."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from fnmatch import fnmatch
from types import TracebackType
from typing import Final, Self, override
from urllib.parse import SplitResult, urljoin, urlsplit

import structlog
from playwright.async_api import (
    APIRequestContext,
    APIResponse,
    BrowserContext,
    Error,
    Playwright,
    ProxySettings,
    Request,
    Route,
)

from adapters.playwright.bridge_choice import BridgeChoice
from adapters.playwright.network import Network
from adapters.playwright.page import PlaywrightWhatsAppPage
from adapters.playwright.profile import Profile
from adapters.playwright.refusals import page_unavailable
from adapters.playwright.relay import ProxyRelay
from adapters.playwright.settings import DriverSettings
from adapters.playwright.wajs import WajsBuild
from adapters.playwright.window import Window
from application.messages.look_back import known_since
from application.ports.page_events import (
    Connected,
    ConnectionLost,
    LoggedOut,
    PageDied,
    QrBatchEnded,
    QrShown,
    SeenMessage,
)
from application.ports.whatsapp_driver import StoredNews
from domain.errors import ConflictError, PomboError, UnavailableError
from domain.ids import SessionId, WhatsAppMessageId
from domain.snapshot import ProfileImage

_LOG: Final = structlog.get_logger(__name__)
_WITHOUT_CONNECTION: Final = timedelta(seconds=2)
"""For so long the page has tried to connect when it is asked: by then it has loaded what is stored."""
_UNLAUNCHED: Final = "UNLAUNCHED"
"""WhatsApp Web's own name of the socket's state before the first try."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 5
_LIMIT: Final = 2_000
_SETTLE_SECONDS: Final = 0.5
_LOOKS: Final = 10


class DeadEnd(Network):
    """A network in which a browser gets nowhere: WhatsApp mustn't hear of a second browser with the same login.

    All that it sends goes to a port that refuses connections, whether a page, a worker or a socket sends it. What the
    page needs to come up, the files of the site, is got outside of it and given as if it came from the network.
    """

    def __init__(self, settings: DriverSettings, playwright: Playwright, way: ProxyRelay | None = None) -> None:
        """``way`` is how the files are got, where not directly."""
        self._way = way
        self._hosts = settings.hosts
        self._port = _port(urlsplit(settings.web_url))
        self._playwright = playwright
        self._site: APIRequestContext | None = None
        self._refusing = socket.socket()

    async def __aenter__(self) -> Self:
        try:
            # Bound and never listened on: nobody else can take the port, and the kernel refuses every connection.
            self._refusing.bind(("127.0.0.1", 0))
            self._site = await self._playwright.request.new_context(
                proxy=None if self._way is None else self._way.proxy
            )
        except BaseException as error:
            self._refusing.close()
            if isinstance(error, Error | OSError):
                raise UnavailableError("BROWSER_FAILED", "The browser's stand-in for the network failed.") from error
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._refusing.close()
        if self._site is not None:
            with suppress(Error):  # of a Playwright that is gone
                await self._site.dispose()

    @property
    @override
    def proxy(self) -> ProxySettings:
        # Loopback addresses aren't excepted.
        return {"server": f"http://127.0.0.1:{self._refusing.getsockname()[1]}", "bypass": "<-loopback>"}

    @property
    @override
    def resolved(self) -> tuple[str, ...]:
        return ()

    @property
    @override
    def stands_in(self) -> bool:
        return True

    @override
    async def stand_in(self, context: BrowserContext) -> None:
        await context.route("**/*", self._answer)

    async def _answer(self, route: Route) -> None:
        # Who is gone meanwhile, the page or Playwright, needs no answer.
        with suppress(Error):
            try:
                answer = await self._got(route.request)
            except Error:
                answer = None
            if answer is None:
                await route.abort()
            else:
                await route.fulfill(response=answer)

    async def _got(self, request: Request) -> APIResponse | None:
        """What the site answers; None for what isn't asked of it."""
        if self._site is None or request.method != "GET" or not self._is_site(request.url):
            return None
        # Redirects are followed one by one: each of them may lead away from the site.
        answer = await self._site.fetch(request, max_redirects=0)
        for _ in range(_MOST_REDIRECTS):
            to = answer.headers.get("location")
            if answer.status not in _REDIRECTS or to is None:
                return answer
            url = urljoin(answer.url, to)
            if not self._is_site(url):
                return None
            answer = await self._site.get(url, max_redirects=0)
        return None

    def _is_site(self, url: str) -> bool:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return (
            parts.scheme in {"http", "https"}
            and any(fnmatch(host, each) for each in self._hosts)
            and _port(parts) == self._port
        )


def _port(url: SplitResult) -> int | None:
    try:
        return url.port or {"http": 80, "https": 443}.get(url.scheme)
    except ValueError:
        return None


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

    async def tidy(self) -> None:
        """Deletes what a driver that was killed has left, and nothing that is being read, by whichever process."""
        for name in await asyncio.to_thread(self._left):
            await self._delete(name)

    def _left(self) -> tuple[SessionId, ...]:
        root = self._settings.profiles
        return tuple(SessionId(home.name) for home in root.iterdir()) if root.is_dir() else ()

    async def read(
        self,
        playwright: Playwright,
        session_id: SessionId,
        image: ProfileImage,
        since: datetime,
        recorded: Collection[WhatsAppMessageId],
        way: ProxyRelay | None = None,
    ) -> StoredNews:
        """What an image holds, of messages from ``since`` on, and of those that are on record and that it lacks.

        ``way`` is how the site's files are got, where not directly.

        Raises: see ``WhatsAppDriver.stored_news``.
        """
        settings = self._settings
        profile = await Profile.acquire(settings.profiles, session_id)
        try:
            profile.require_space()
            await _finished(asyncio.to_thread(profile.restore, image, 0, settings.max_image_bytes))
            async with DeadEnd(settings, playwright, way) as dead_end:
                return await self._read(playwright, dead_end, session_id, profile, since, recorded)
        finally:
            profile.release()
            await _finished(self._delete(session_id))

    async def _read(
        self,
        playwright: Playwright,
        dead_end: DeadEnd,
        session_id: SessionId,
        profile: Profile,
        since: datetime,
        recorded: Collection[WhatsAppMessageId],
    ) -> StoredNews:
        settings = self._settings

        async def open_window(build: WajsBuild) -> Window:
            return await Window.open(playwright, settings, profile.user_data_dir, build, dead_end)

        choice = self._choose(session_id, settings)
        page = PlaywrightWhatsAppPage(session_id, settings, profile, choice, open_window, self._pages.discard)
        self._pages.add(page)
        try:
            await page.start()
            await self._wait_loaded(page)
            messages = await _messages(page, since)
            held = {message.whatsapp_id for message in messages}
            lacked = [target for target in recorded if target not in held]
            return StoredNews(messages=messages, changes=await page.changes(lacked))
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
        """A copy of a login mustn't lie about; but what was read isn't lost for one that can't be deleted now."""
        try:
            profile = await Profile.acquire(self._settings.profiles, session_id)
            try:
                await profile.delete()
            finally:
                profile.release()
        except ConflictError:
            pass  # being read
        except (PomboError, OSError) as error:
            _LOG.warning("profile_copy_not_deleted", session_id=session_id, error=type(error).__name__)


async def _messages(page: PlaywrightWhatsAppPage, since: datetime) -> tuple[SeenMessage, ...]:
    """All that the page knows. It doesn't say when it has loaded its chats: it is asked until two answers agree."""
    before = -1
    for _ in range(_LOOKS):
        known = await known_since(page, since, _LIMIT)
        if len(known) == before:
            return known
        before = len(known)
        await asyncio.sleep(_SETTLE_SECONDS)
    raise page_unavailable("what it knows hasn't settled")


async def _finished[T](work: Awaitable[T]) -> T:
    """Waits for work in a thread to its end, although the caller be cancelled: it writes where others would."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
