"""The driver: one Playwright, one browser per open session."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final, override

import structlog
from playwright.async_api import Playwright, async_playwright

from adapters.playwright import processes
from adapters.playwright.bridge_choice import BridgeChoice
from adapters.playwright.bridge_records import BridgeRecords
from adapters.playwright.faults import apart
from adapters.playwright.offline import OfflineReader
from adapters.playwright.page import PlaywrightWhatsAppPage
from adapters.playwright.profile import Profile
from adapters.playwright.relay import ProxyRelay
from adapters.playwright.settings import DriverSettings
from adapters.playwright.wajs import WajsBuild
from adapters.playwright.window import Window
from application.ports.proxy_connector import ProxyConnector
from application.ports.whatsapp_driver import LocalLogin, StoredNews, WhatsAppDriver, WhatsAppPage
from domain.errors import ConflictError, UnavailableError
from domain.ids import SessionId, WhatsAppMessageId
from domain.proxy import Proxy
from domain.snapshot import ProfileImage

_LOG: Final = structlog.get_logger(__name__)


class PlaywrightWhatsAppDriver(WhatsAppDriver):
    """Opens pages in browsers of their own, each on its session's profile below ``settings.profiles``.

    ``start`` before the first ``open``, ``stop`` after the last.
    """

    def __init__(self, settings: DriverSettings, proxies: ProxyConnector) -> None:
        self._settings = settings
        self._proxies = proxies
        self._playwright: Playwright | None = None
        self._watch: processes.ProcessWatch | None = None
        self._dead = False
        self._starting = asyncio.Lock()
        self._forgetting = asyncio.Lock()
        self._records = BridgeRecords(settings.bridge_records)
        self._passing: set[tuple[str, str]] = set()
        self._pages: set[PlaywrightWhatsAppPage] = set()
        self._offline = OfflineReader(settings, self._choose_offline, self._pages)

    async def start(self) -> None:
        """Starts Playwright, anew where its process has died. May be called twice."""
        async with self._starting:
            if self._dead:
                _LOG.warning("playwright_restarted")
                await self._end()
            if self._playwright is None:
                if not self._pages:
                    await asyncio.to_thread(self._records.prune)
                    await self._offline.tidy()
                before = processes.playwright_pids()
                self._playwright = apart(await async_playwright().start())
                for pid in processes.playwright_pids() - before:
                    self._watch = processes.ProcessWatch(pid, self._died)

    def _died(self) -> None:
        self._dead = True

    async def _end(self) -> None:
        if self._watch is not None:
            self._watch.stop()
        playwright, self._playwright, self._watch, self._dead = self._playwright, None, None, False
        if playwright is not None:
            with suppress(Exception):  # One whose process is dead may say so in any of its own ways.
                await playwright.stop()

    async def stop(self) -> None:
        """Closes every page and ends Playwright. May be called twice."""
        async with asyncio.TaskGroup() as tasks:
            for page in tuple(self._pages):
                tasks.create_task(page.close())
        async with self._starting:
            await self._end()

    @override
    async def open(self, session_id: SessionId, epoch: int, proxy: Proxy | None = None) -> WhatsAppPage:
        await self.start()
        profile = await Profile.acquire(self._settings.profiles, session_id)
        try:
            profile.require_space()
            profile.unread = True
            profile.epoch = epoch
        except BaseException:
            profile.release()
            raise

        way = self._way(session_id, proxy)

        async def open_window(build: WajsBuild) -> Window:
            await self.start()
            if self._playwright is None:
                raise UnavailableError("BROWSER_FAILED", "The driver has been stopped.")
            return await Window.open(self._playwright, self._settings, profile.user_data_dir, build, way)

        choice = BridgeChoice(session_id, self._settings, self._records, self._passing)
        page = PlaywrightWhatsAppPage(
            session_id, self._settings, profile, choice, open_window, self._pages.discard, way
        )
        self._pages.add(page)
        await page.start()
        return page

    def _way(self, session_id: SessionId, proxy: Proxy | None) -> ProxyRelay | None:
        return None if proxy is None else ProxyRelay(proxy, self._proxies, self._settings.hosts, session_id)

    def _choose_offline(self, session_id: SessionId, settings: DriverSettings) -> BridgeChoice:
        # What a build does in a page that reaches nothing says nothing of it.
        return BridgeChoice(session_id, settings, self._records.unchanging(), set(self._passing))

    @override
    async def login(self, session_id: SessionId) -> LocalLogin:
        profile = await Profile.acquire(self._settings.profiles, session_id)
        try:
            return LocalLogin(linked=profile.linked, epoch=profile.epoch, unread=profile.unread)
        finally:
            profile.release()

    @override
    async def image(self, session_id: SessionId) -> ProfileImage | None:
        profile = await Profile.acquire(self._settings.profiles, session_id)
        return await _holding(profile, lambda: profile.read_image(self._settings.max_image_bytes))

    @override
    async def restore(self, session_id: SessionId, image: ProfileImage, epoch: int) -> None:
        profile = await Profile.acquire(self._settings.profiles, session_id)
        await _holding(profile, lambda: profile.restore(image, epoch, self._settings.max_image_bytes))
        _LOG.info("profile_restored", session_id=session_id, bytes=len(image.data))

    @override
    async def unread(self) -> Mapping[SessionId, int]:
        return await asyncio.to_thread(Profile.all_unread, self._settings.profiles)

    @override
    async def stored_news(
        self,
        session_id: SessionId,
        *,
        since: datetime,
        recorded: Collection[WhatsAppMessageId],
        proxy: Proxy | None = None,
    ) -> StoredNews:
        await self.start()
        image = await self.image(session_id)
        if image is None:
            raise ConflictError("NOT_LINKED", "The session's profile holds no login.")
        if self._playwright is None:
            raise UnavailableError("BROWSER_FAILED", "The driver has been stopped.")
        way = self._way(session_id, proxy)
        if way is None:
            return await self._offline.read(self._playwright, session_id, image, since, recorded)
        async with way:
            try:
                return await self._offline.read(self._playwright, session_id, image, since, recorded, way)
            except UnavailableError as error:
                raise way.explain(error) from error

    @override
    async def note_read(self, session_id: SessionId, epoch: int) -> None:
        profile = await Profile.acquire(self._settings.profiles, session_id)
        try:
            if profile.epoch == epoch:
                profile.unread = False
        finally:
            profile.release()

    @override
    async def memory(self) -> Mapping[SessionId, int]:
        return {page.session_id: await page.memory() for page in tuple(self._pages)}

    @override
    async def forget(self, session_id: SessionId) -> None:
        # One after another: two deletions of one session would take each other for a browser that has it open.
        async with self._forgetting:
            profile = await Profile.acquire(self._settings.profiles, session_id)
            try:
                await profile.delete()
                self._records.forget(session_id)
            finally:
                profile.release()


async def _holding[T](profile: Profile, work: Callable[[], T]) -> T:
    """Works on a profile in a thread, and lets go of it when the thread has ended, whatever becomes of the caller."""

    async def run() -> T:
        try:
            return await asyncio.to_thread(work)
        finally:
            profile.release()

    return await asyncio.shield(asyncio.create_task(run(), name="profile-work"))
