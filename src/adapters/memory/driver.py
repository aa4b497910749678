"""The WhatsApp driver over the WhatsApp in memory: for tests of what stands above the port, and for simulations."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final, override

from adapters.memory.accounts import Account, Profile, stored_news
from adapters.memory.faults import Die, Fault, Hang, LoseOutcome, Operation, Refuse
from adapters.memory.page import MemoryWhatsAppPage
from adapters.memory.whatsapp import MemoryWhatsApp
from application.ports.whatsapp_driver import LocalLogin, StoredNews, WhatsAppDriver, WhatsAppPage
from domain.errors import ConflictError, UnavailableError
from domain.ids import SessionId, WhatsAppMessageId
from domain.proxy import Proxy, proxy_unreachable
from domain.snapshot import ProfileImage

__all__ = [
    "Account",
    "Die",
    "Fault",
    "Hang",
    "LoseOutcome",
    "MemoryWhatsApp",
    "MemoryWhatsAppDriver",
    "MemoryWhatsAppPage",
    "Operation",
    "Refuse",
]


_PAGE: Final = 2**20


class MemoryWhatsAppDriver(WhatsAppDriver):
    """Opens pages of a WhatsApp in memory. Profiles, and with them logins, live as long as that WhatsApp."""

    def __init__(self, whatsapp: MemoryWhatsApp) -> None:
        self._whatsapp = whatsapp

    @override
    async def open(self, session_id: SessionId, epoch: int, proxy: Proxy | None = None) -> WhatsAppPage:
        await asyncio.sleep(0)
        await self._start(session_id, Operation.OPEN)
        if proxy is not None and proxy.host in self._whatsapp.dead_proxies:
            raise proxy_unreachable("can't be reached")
        if self._whatsapp.unreachable:
            raise UnavailableError("PAGE_UNREACHABLE", "The site doesn't answer.")
        profile = self._whatsapp.profile(session_id)
        if profile.page is not None:
            raise ConflictError("PROFILE_IN_USE", "A page of this session is open already.")
        profile.page = page = MemoryWhatsAppPage(self._whatsapp, profile)
        profile.epoch, profile.unread = epoch, True
        page.proxy = proxy
        page.load()
        return page

    @override
    async def login(self, session_id: SessionId) -> LocalLogin:
        await asyncio.sleep(0)
        profile = self._closed(session_id)
        return LocalLogin(linked=profile.has_login, epoch=profile.epoch, unread=profile.has_login and profile.unread)

    @override
    async def image(self, session_id: SessionId) -> ProfileImage | None:
        await asyncio.sleep(0)
        profile = self._closed(session_id)
        return self._whatsapp.image(profile) if profile.has_login else None

    @override
    async def restore(self, session_id: SessionId, image: ProfileImage, epoch: int) -> None:
        await asyncio.sleep(0)
        profile = self._closed(session_id)
        self._whatsapp.restore(profile, image)
        profile.epoch, profile.unread = epoch, False

    @override
    async def unread(self) -> Mapping[SessionId, int]:
        await asyncio.sleep(0)
        profiles = self._whatsapp.profiles()
        return {profile.session_id: profile.epoch for profile in profiles if profile.has_login and profile.unread}

    @override
    async def stored_news(
        self,
        session_id: SessionId,
        *,
        since: datetime,
        recorded: Collection[WhatsAppMessageId],
        proxy: Proxy | None = None,
    ) -> StoredNews:
        await asyncio.sleep(0)
        profile = self._closed(session_id)
        await self._start(session_id, Operation.STORED)
        if not profile.has_login:
            raise ConflictError("NOT_LINKED", "The session's profile holds no login.")
        return stored_news(profile.messages, profile.states, since, recorded)

    @override
    async def note_read(self, session_id: SessionId, epoch: int) -> None:
        await asyncio.sleep(0)
        profile = self._closed(session_id)
        if profile.epoch == epoch:
            profile.unread = False

    async def _start(self, session_id: SessionId, operation: Operation) -> None:
        """Starts a browser, as it is scripted."""
        match self._whatsapp.faults.take(session_id, operation):
            case Refuse(error=error):
                raise error
            case Hang():
                await asyncio.get_running_loop().create_future()
            case Die() | LoseOutcome():
                raise UnavailableError("BROWSER_FAILED", "The browser died while it started.")
            case None:
                pass

    def _closed(self, session_id: SessionId) -> Profile:
        profile = self._whatsapp.profile(session_id)
        if profile.page is not None:
            raise ConflictError("PROFILE_IN_USE", "The session's page is open.")
        return profile

    @override
    async def memory(self) -> Mapping[SessionId, int]:
        await asyncio.sleep(0)
        # There is no browser; what its page would take at the least.
        return {profile.session_id: _PAGE for profile in self._whatsapp.profiles() if profile.page is not None}

    @override
    async def forget(self, session_id: SessionId) -> None:
        await asyncio.sleep(0)
        if self._whatsapp.profile(session_id).page is not None:
            raise ConflictError("PROFILE_IN_USE", "The session's page is open.")
        self._whatsapp.forget(session_id)
