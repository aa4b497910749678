"""A session's page: commands in, one stream of events out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import batched, chain
from pathlib import Path
from typing import Any, Final, override

import structlog

from adapters.playwright import decoder
from adapters.playwright.bridge_choice import BridgeChoice
from adapters.playwright.commands import Commands, PageGoneError
from adapters.playwright.contents import hand
from adapters.playwright.fields import MalformedError
from adapters.playwright.group_page import BridgeGroups
from adapters.playwright.media_page import PlaywrightMediaPage
from adapters.playwright.news import NewsReader
from adapters.playwright.operations import MessageOperations, PlaywrightMessagePage
from adapters.playwright.people_pages import (
    BridgeBlocklist,
    BridgeCalls,
    BridgeChats,
    BridgeContacts,
    BridgePresence,
)
from adapters.playwright.profile import Profile
from adapters.playwright.questions import Questions
from adapters.playwright.refusals import page_unavailable
from adapters.playwright.relay import ProxyRelay
from adapters.playwright.settings import DriverSettings
from adapters.playwright.wajs import WajsBuild
from adapters.playwright.window import Window
from adapters.playwright.window_keeper import WindowKeeper
from application.ports.call_page import CallPage
from application.ports.chat_page import ChatPage
from application.ports.contact_page import BlocklistPage, ContactPage
from application.ports.group_page import GroupPage
from application.ports.media_page import MediaPage
from application.ports.message_page import MessagePage
from application.ports.page_events import (
    BridgeReady,
    BridgeRolledBack,
    BrowserTooLarge,
    ConflictDetected,
    Connected,
    ConnectionLost,
    LoggedOut,
    PageDied,
    PageEvent,
    PasskeyDemanded,
    QrShown,
    SeenMessage,
    Syncing,
)
from application.ports.presence_page import PresencePage
from application.ports.whatsapp_driver import Outgoing, OutgoingOperation, PageHealth, Probe, Recipient, WhatsAppPage
from domain.bridge import Bridge
from domain.changes import AnyChange
from domain.errors import (
    ConflictError,
    DeadlineExceededError,
    InternalError,
    InvalidArgumentError,
    PomboError,
    UnavailableError,
)
from domain.ids import SessionId, WhatsAppMessageId
from domain.jid import Jid
from domain.media_content import MediaContent
from domain.session import Capability, PairingCode
from domain.snapshot import ProfileImage

_LOG: Final = structlog.get_logger(__name__)
_CLOSED_EARLY: Final = "The page was closed while it opened."
_TARGETS_AT_ONCE: Final = 100


class PlaywrightWhatsAppPage(WhatsAppPage):
    """An open page. Owns its profile's lock, its browser and one task, all of which end with ``close``."""

    def __init__(
        self,
        session_id: str,
        settings: DriverSettings,
        profile: Profile,
        choice: BridgeChoice,
        open_window: Callable[[WajsBuild], Awaitable[Window]],
        on_closed: Callable[["PlaywrightWhatsAppPage"], None],
        way: ProxyRelay | None = None,
    ) -> None:
        """``way`` is how the site is reached, where not directly; it is the page's own from here on."""
        self.session_id = SessionId(session_id)
        self._settings = settings
        self._profile = profile
        self._choice = choice
        self._on_closed = on_closed
        self._way = way
        self._lost: ConnectionLost | None = None
        if way is not None:
            way.on_trouble = self._tell_trouble
        self._log = _LOG.bind(session_id=session_id)
        self._news = NewsReader(session_id, linked=profile.linked)
        self._questions = Questions(self._commands, lambda: self._news.capabilities, settings.command_timeout)
        self._media = PlaywrightMediaPage(self._questions, settings.media_timeout)
        self._operations = MessageOperations(self._questions, settings.send_timeout)
        self._messages = PlaywrightMessagePage(self._questions)
        self._chats = BridgeChats(self._questions, self._news.messages)
        self._contacts = BridgeContacts(self._questions)
        self._blocklist = BridgeBlocklist(self._questions)
        self._presence = BridgePresence(self._questions)
        self._calls = BridgeCalls(self._questions)
        self._groups = BridgeGroups(self._questions, settings.command_timeout)
        self._windows = WindowKeeper(settings, choice, self._news, open_window)
        self._events: asyncio.Queue[PageEvent | None] = asyncio.Queue()
        self._bridge_up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reloaded: asyncio.Future[None] | None = None
        self._new_document = self._settling = False
        self._logged_out = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._weighing: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def _window(self) -> Window | None:
        return self._windows.window

    async def start(self) -> None:
        """Opens the browser and waits for the bridge; closes everything when that fails.

        Raises:
            UnavailableError: ``BROWSER_MISSING``, ``BROWSER_FAILED``, ``PAGE_UNREACHABLE``, ``BRIDGE_FAILED``,
                ``PROXY_UNREACHABLE``, ``PROXY_REFUSED``.
        """
        try:
            await self._begin()
        except UnavailableError as error:
            await self.close()
            if self._way is None:
                raise
            raise self._way.explain(error) from error
        except BaseException:
            await self.close()
            raise

    async def _begin(self) -> None:
        if self._way is not None:
            await self._way.start()
        await self._windows.open()
        if self._closing is not None:
            await self._windows.close()
            raise UnavailableError("BROWSER_FAILED", _CLOSED_EARLY)
        self._pump = asyncio.create_task(self._follow(), name="page-news")
        await asyncio.shield(self._bridge_up)
        if self._settings.memory_limit is not None:
            self._weighing = asyncio.create_task(self._weigh(self._settings.memory_limit), name="page-memory")

    async def _follow(self) -> None:
        """Turns the bridge's news into events until the page is gone."""
        try:
            while (item := await self._windows.next()) is not None:
                self._tell_rollback()
                self._tell(item)
                if self._news.fresh_link and self._news.connected:
                    await self._settle()
            self._die(self._window.death if self._window and self._window.death else "the page is gone")
        except PomboError as error:
            self._die(error.message, error)
        except Exception as error:  # noqa: BLE001 - else the page would look alive and never tell anything again
            self._log.exception("page_news_failed")
            self._die(f"following it failed: {type(error).__name__}")

    async def memory(self) -> int:
        """What the browser takes of the machine's memory, in bytes; 0 once it is gone."""
        return 0 if self._window is None else await self._window.memory()

    async def _weigh(self, limit: int) -> None:
        """Says so while the browser is larger than it should be."""
        logged = False
        while True:
            await asyncio.sleep(self._settings.memory_check.total_seconds())
            used = await self.memory()
            if used > limit:
                if not logged:
                    self._log.warning("browser_too_large", used_mb=used // 2**20, limit_mb=limit // 2**20)
                logged = True
                self._events.put_nowait(BrowserTooLarge(used=used, limit=limit))

    def _tell_rollback(self) -> None:
        bridge = self._choice.bridge()
        if self._choice.rolled_back and bridge is not None:
            self._choice.rolled_back = False
            self._events.put_nowait(BridgeRolledBack(bridge=bridge))

    def _tell(self, item: Mapping[str, Any]) -> None:
        if item.get("t") == "document":
            self._new_document = True
        for event in self._news.read(item):
            match event:
                case BridgeReady() if self._reloaded is not None and self._new_document:
                    if not self._reloaded.done():
                        self._reloaded.set_result(None)
                case BridgeReady() if not self._bridge_up.done():
                    self._bridge_up.set_result(None)
                case Connected():
                    self._note_link(linked=True)
                case LoggedOut():
                    self._note_link(linked=False)
                    self._logged_out.set()
                case _:
                    pass
            self._events.put_nowait(self._with_cause(event))

    def _with_cause(self, event: PageEvent) -> PageEvent:
        """The event; that of a lost connection with the proxy's trouble, where that is why."""
        match event:
            case ConnectionLost():
                event = self._lost = replace(event, cause=None if self._way is None else self._way.trouble)
            case Connected() | Syncing() | LoggedOut() | ConflictDetected() | QrShown() | PasskeyDemanded():
                self._lost = None
            case _:
                pass
        return event

    def _tell_trouble(self) -> None:
        """The proxy's trouble has become another: that of a connection that is lost is told."""
        if self._lost is not None:
            self._events.put_nowait(self._with_cause(self._lost))

    def _note_link(self, *, linked: bool) -> None:
        try:
            self._profile.linked = linked
        except OSError as error:
            # A page that works isn't ended for a note.
            self._log.warning("link_not_noted", error=error.strerror)

    async def _settle(self) -> None:
        """Brings a fresh login to disk by a clean close and a new start of the browser.

        Chromium writes local storage a while after it was changed, and a browser killed before that would come back
        without its login.
        """
        self._log.info("fresh_login_saving")
        self._settling = True
        await self._windows.reopen()
        self._news.settled()
        self._settling = False
        self._log.info("fresh_login_saved")

    def _die(self, why: str, error: PomboError | None = None) -> None:
        if not self._bridge_up.done():
            untold = UnavailableError("BROWSER_FAILED", f"The page didn't come up: {why}.")
            self._bridge_up.set_exception(error or untold)
        if self._reloaded is not None and not self._reloaded.done():
            self._reloaded.set_exception(page_unavailable(why))
        self._log.warning("page_died", why=why)
        self._events.put_nowait(PageDied(detail=why))
        self._events.put_nowait(None)

    @override
    async def events(self) -> AsyncIterator[PageEvent]:
        while (event := await self._events.get()) is not None:
            yield event
        self._events.put_nowait(None)  # The end stays the end for who asks again.

    @override
    def capabilities(self) -> tuple[Capability, ...]:
        return self._news.capabilities

    @property
    @override
    def media(self) -> MediaPage:
        return self._media

    @property
    @override
    def groups(self) -> GroupPage:
        return self._groups

    @override
    def bridge(self) -> Bridge | None:
        return self._choice.bridge()

    @property
    @override
    def chats(self) -> ChatPage:
        return self._chats

    @property
    @override
    def contacts(self) -> ContactPage:
        return self._contacts

    @property
    @override
    def blocklist(self) -> BlocklistPage:
        return self._blocklist

    @property
    @override
    def presence(self) -> PresencePage:
        return self._presence

    @property
    @override
    def calls(self) -> CallPage:
        return self._calls

    def _commands(self) -> Commands | None:
        return None if self._window is None or self._closing is not None else self._window.commands

    @override
    async def refresh_qr(self) -> None:
        self._questions.require("LINK_QR")
        await self._questions.ask("refreshQr", {})

    @override
    async def request_pairing_code(self, phone: str) -> PairingCode:
        self._questions.require("LINK_PAIRING_CODE")
        code = await self._questions.ask("pairingCode", {"phone": phone})
        if not isinstance(code, str):
            raise page_unavailable("it gave no code")
        return PairingCode(
            code=code.replace("-", ""), expires_at=datetime.now(UTC) + self._settings.pairing_code_lifetime
        )

    @override
    async def take_over(self) -> None:
        self._questions.require("TAKE_OVER")
        await self._questions.ask("takeOver", {})

    @override
    async def logout(self) -> None:
        self._questions.require("LOGOUT")
        self._logged_out.clear()
        await self._questions.ask("logout", {})
        try:
            async with asyncio.timeout(self._settings.logout_timeout.total_seconds()):
                await self._logged_out.wait()
        except TimeoutError:
            raise DeadlineExceededError(
                "LOGOUT_UNCONFIRMED", "WhatsApp didn't confirm the logout; the link may still stand."
            ) from None

    @override
    async def send(self, message: Outgoing) -> SeenMessage:
        handed = hand(message.content)
        self._questions.require(*handed.needs, *(("REPLY",) if message.reply_to else ()))
        args = {"id": message.whatsapp_id, "chat": str(message.chat), **handed.args}
        if message.reply_to is not None:
            args["replyTo"] = message.reply_to
        if message.forwarded:
            self._questions.require("FORWARD")
            args["forwarded"] = True
        within = self._settings.send_timeout
        if isinstance(message.content, MediaContent):
            args["file"], size = await self._hand_over(message.file)
            within += timedelta(seconds=size / self._settings.upload_rate)
        late = DeadlineExceededError("SEND_UNCONFIRMED", "WhatsApp didn't confirm the message in time.")
        return _message(await self._questions.ask(handed.command, args, within=within, late=late))

    async def _hand_over(self, file: Path | None) -> tuple[str, int]:
        """Gives the page a file of this machine; its name there and its size."""
        if file is None:
            raise InternalError("MEDIA_FILE_MISSING", "A message with a file was sent without it.")
        window = self._window
        if window is None or self._closing is not None:
            raise page_unavailable("it is closed")
        try:
            size = (await asyncio.to_thread(file.stat)).st_size
            async with asyncio.timeout(self._settings.command_timeout.total_seconds()):
                return await window.hand_over(await asyncio.to_thread(file.absolute)), size
        except TimeoutError:
            raise page_unavailable("no answer in time") from None
        except PageGoneError as error:
            raise page_unavailable(str(error)) from error
        except OSError as error:
            raise UnavailableError("MEDIA_STORE_UNAVAILABLE", f"The file can't be read: {error.strerror}.") from error

    @override
    async def find(self, whatsapp_id: WhatsAppMessageId) -> SeenMessage | None:
        found = await self._questions.ask("find", {"id": whatsapp_id})
        return None if found is None else _message(found)

    @override
    async def perform(self, operation: OutgoingOperation) -> datetime:
        return await self._operations.perform(operation)

    @override
    async def effect(self, operation: OutgoingOperation) -> datetime | None:
        return await self._operations.effect(operation)

    @property
    @override
    def messages(self) -> MessagePage:
        return self._messages

    @override
    async def recent(self, *, since: datetime, limit: int) -> tuple[SeenMessage, ...]:
        items = await self._questions.ask("recent", {"since": int(since.timestamp()), "limit": limit})
        return self._news.messages(items)

    @override
    async def changes(self, targets: Collection[WhatsAppMessageId]) -> tuple[AnyChange, ...]:
        asked = batched(targets, _TARGETS_AT_ONCE)
        found = [self._news.changes(await self._questions.ask("changes", {"targets": [*some]})) for some in asked]
        return tuple(chain.from_iterable(found))

    @override
    async def resolve(self, jid: Jid) -> Recipient | None:
        self._questions.require("LOOKUP_NUMBER")
        late = DeadlineExceededError("LOOKUP_TIMEOUT", "WhatsApp didn't say in time whether the number exists.")
        found = await self._questions.ask("resolve", {"jid": str(jid)}, within=self._settings.lookup_timeout, late=late)
        if found is None:
            return None
        try:
            me = decoder.account(found)
        except (MalformedError, InvalidArgumentError) as error:
            raise page_unavailable("it gave an address that can't be read") from error
        return Recipient(jid=me.jid, lid=me.lid)

    @override
    async def probe(self) -> Probe:
        if self._settling and self._closing is None:
            return Probe(health=PageHealth.SYNCING, state="SAVING_LOGIN")
        try:
            found = await self._questions.ask("probe", {})
            return self._news.probe(found)
        except (MalformedError, InvalidArgumentError) as error:
            raise page_unavailable("it gave no state that can be read") from error

    @override
    async def reload(self) -> None:
        window = self._window
        if window is None or self._closing is not None or self._settling:
            raise page_unavailable("it is closed")
        self._log.info("page_reloading")
        self._new_document = False
        reloaded = self._reloaded = asyncio.get_running_loop().create_future()
        try:
            await self._reload(window)
            async with asyncio.timeout(self._settings.bridge_timeout.total_seconds()):
                await reloaded
        except TimeoutError:
            raise UnavailableError(
                "BRIDGE_FAILED", "The page loaded, but wa-js and the bridge didn't come up in it."
            ) from None
        finally:
            self._reloaded = None
            if not reloaded.cancel() and not reloaded.cancelled():
                reloaded.exception()  # The page's death, where the loading failed for it: told already.

    async def _reload(self, window: Window) -> None:
        try:
            await window.reload()
        except UnavailableError as error:
            if self._way is None:
                raise
            raise self._way.explain(error) from error

    @override
    async def image(self) -> ProfileImage:
        window = self._window
        if window is None or self._closing is not None:
            raise page_unavailable("it is closed")
        if not self._profile.linked or self._news.fresh_link:
            raise ConflictError("NOT_LINKED", "No account is linked to this page, or its login isn't on disk yet.")
        return await window.image()

    @override
    async def close(self) -> None:
        # A task of its own: who is cancelled while it closes must not leave a browser or the profile's lock behind.
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name="page-close")
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        try:
            for task in (self._pump, self._weighing):
                if task is not None:
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
            if not self._bridge_up.done():
                self._bridge_up.set_exception(UnavailableError("BROWSER_FAILED", _CLOSED_EARLY))
            self._bridge_up.exception()  # Told to who waited for it, if anybody did.
            await self._windows.close()
            if self._way is not None:
                await self._way.stop()
        finally:
            self._profile.release()
            self._events.put_nowait(None)
            self._on_closed(self)


def _message(item: object) -> SeenMessage:
    if not isinstance(item, Mapping):
        raise page_unavailable("it gave no message")
    try:
        return decoder.message(item)
    except (MalformedError, InvalidArgumentError) as error:
        raise page_unavailable("it gave a message that can't be read") from error
