"""An open page of the WhatsApp in memory."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, override

from adapters.memory.accounts import Account, Profile, in_state, kept_changes, known_since, short_id
from adapters.memory.faults import Die, Fault, Hang, LoseOutcome, Operation, Refuse
from adapters.memory.group_page import MemoryGroupPage
from adapters.memory.media_page import MemoryMediaPage
from adapters.memory.message_page import MemoryMessagePage
from adapters.memory.operations import effect_of
from adapters.memory.people_pages import MemoryPeoplePage, Open
from adapters.memory.whatsapp import QR_FIRST, MemoryWhatsApp, content_of_file
from application.ports.call_page import CallPage
from application.ports.chat_page import ChatPage
from application.ports.contact_page import BlocklistPage, ContactPage
from application.ports.group_page import GroupPage
from application.ports.media_page import MediaPage
from application.ports.message_page import MessagePage
from application.ports.page_events import (
    BridgeReady,
    Connected,
    ConnectionLost,
    LoggedOut,
    PageDied,
    PageEvent,
    QrShown,
    SeenMessage,
    Syncing,
)
from application.ports.presence_page import PresencePage
from application.ports.whatsapp_driver import Outgoing, OutgoingOperation, PageHealth, Probe, Recipient, WhatsAppPage
from domain.bridge import Bridge, BridgeSource
from domain.changes import AnyChange
from domain.content import Content, Unsupported
from domain.errors import (
    CapabilityUnavailableError,
    ConflictError,
    DeadlineExceededError,
    InternalError,
    RateLimitedError,
    UnavailableError,
    UnprocessableError,
)
from domain.ids import WhatsAppMessageId
from domain.jid import Jid
from domain.media_content import MEDIA_CONTENTS
from domain.proxy import Proxy
from domain.session import Capability, PairingCode, QrCode
from domain.snapshot import ProfileImage

_CAPABILITIES: Final = (
    "SEND_TEXT",
    "SEND_IMAGE",
    "SEND_VIDEO",
    "SEND_AUDIO",
    "SEND_DOCUMENT",
    "SEND_STICKER",
    "DOWNLOAD_MEDIA",
    "RECEIVE_MESSAGES",
    "RECEIPTS",
    "PAIRING_CODE",
    "LOGOUT",
)
_BRIDGE: Final = Bridge(version="memory", sha256="0" * 64, source=BridgeSource.PINNED)
_CODE_LASTS: Final = timedelta(minutes=3)
_CODES_PER_MINUTE: Final = 3
_CODE_LETTERS: Final = "ABCDEFGHJKMNPQRS"


class MemoryWhatsAppPage(WhatsAppPage):
    """A page of one session's profile. Like a real one it tells what happens as a stream of events."""

    def __init__(self, whatsapp: MemoryWhatsApp, profile: Profile) -> None:
        self._whatsapp = whatsapp
        self._profile = profile
        self._events: asyncio.Queue[PageEvent | None] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._media = MemoryMediaPage(whatsapp, profile, self._begin)
        self._groups = MemoryGroupPage(whatsapp, self._linked, partial(self._begin, Operation.GROUPS), self.die)
        self._codes_asked: list[datetime] = []
        missing = whatsapp.missing_capabilities
        self._capabilities = tuple(
            Capability(name=name, available=name not in missing, detail="not in this page" if name in missing else None)
            for name in _CAPABILITIES
        )
        self.connected = False
        self.proxy: Proxy | None = None
        """What it was opened by."""
        self._people = MemoryPeoplePage(
            Open(whatsapp=whatsapp, profile=profile, linked=self._linked, begin=partial(self._begin, Operation.PEOPLE))
        )
        self._state = "OPENING"
        self._document_ended = asyncio.Event()
        self._wedged = self._wedged_for_good = False
        self.qr: QrCode | None = None
        self.qr_shown = 0
        self.pairing: tuple[str, PairingCode] | None = None

    def load(self) -> None:
        """Does what a page does when it has loaded: signs in, or shows a QR."""
        self.tell(BridgeReady(capabilities=self._capabilities, page_version="memory", bridge_version="memory"))
        if self._profile.revoked:
            self._profile.revoked = False
            self.tell(LoggedOut())
        elif self._profile.has_login:
            self.connect(first=True)
        else:
            self.show_qr(QR_FIRST)

    def tell(self, event: PageEvent) -> None:
        """Puts an event on the stream."""
        self._events.put_nowait(event)

    def show_qr(self, lasts: timedelta) -> None:
        """Shows another QR."""
        number = self._whatsapp.count()
        self.qr_shown += 1
        self.qr = QrCode(
            text=f"2@memory-{number},noise-{number},identity-{number},secret-{number}",
            expires_at=self._whatsapp.clock.now() + lasts,
        )
        self.tell(QrShown(qr=self.qr))

    def connect(self, *, first: bool = False) -> None:
        """Signs in, and takes what waited for this device; what the page still had to send leaves."""
        account = self._linked()
        if self._wedged:
            return  # it does nothing until it is loaded anew
        if first:
            self.tell(Syncing())
        self.connected, self._state = True, "CONNECTED"
        self.tell(Connected(me=account.me))
        waiting = tuple(self._profile.queue)
        self._profile.queue.clear()
        for item in waiting:
            self._profile.take(item)
            if isinstance(item, SeenMessage):
                self._whatsapp.taken(account, item)
        pending = tuple(self._profile.pending.values())
        self._profile.pending.clear()
        for message in pending:
            self._whatsapp.route(message, account, sender=self._profile)
        operations, self._profile.operations = self._profile.operations, []
        for operation in operations:
            # One that WhatsApp refuses by now is gone, as from a real page.
            with suppress(UnprocessableError):
                self._whatsapp.operate(operation, account)

    def disconnect(self, state: str, cause: UnavailableError | None = None) -> None:
        """Loses WhatsApp."""
        self.connected, self._state = False, state
        self.tell(ConnectionLost(state=state, cause=cause))

    def wedge(self, *, for_good: bool) -> None:
        """Answers nothing from here on, and isn't connected, whatever it said before."""
        self.connected = False
        self._wedged, self._wedged_for_good = True, for_good

    def say(self, state: str, event: PageEvent) -> None:
        """Tells of a state of its socket in which nothing can be sent."""
        self.connected, self._state = False, state
        self.tell(event)

    def die(self, detail: str) -> None:
        """Ends without a word to anybody but the stream."""
        self._leave()
        self.tell(PageDied(detail=detail))

    @override
    async def events(self) -> AsyncIterator[PageEvent]:
        while True:
            event = await self._events.get()
            if event is None:
                return
            yield event
            if isinstance(event, PageDied):
                return

    @override
    def capabilities(self) -> tuple[Capability, ...]:
        return self._capabilities

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
        return _BRIDGE

    @property
    @override
    def chats(self) -> ChatPage:
        return self._people.chats

    @property
    @override
    def contacts(self) -> ContactPage:
        return self._people.contacts

    @property
    @override
    def blocklist(self) -> BlocklistPage:
        return self._people.blocklist

    @property
    @override
    def presence(self) -> PresencePage:
        return self._people.presence

    @property
    @override
    def calls(self) -> CallPage:
        return self._people.calls

    @override
    async def probe(self) -> Probe:
        await self._begin(Operation.PROBE)
        state = self._state
        if state == "CONFLICT":
            return Probe(health=PageHealth.CONFLICT, state=state)
        if state == "PASSKEY":
            return Probe(health=PageHealth.PASSKEY, state=state)
        account = self._profile.login
        if account is None:
            return Probe(health=PageHealth.UNLINKED, state="UNPAIRED")
        if not self.connected:
            return Probe(health=PageHealth.DISCONNECTED, state="OPENING" if state == "CONNECTED" else state)
        return Probe(health=PageHealth.SOUND, state=state, me=account.me)

    @override
    async def reload(self) -> None:
        if self._wedged_for_good and not self._gone.is_set():
            raise UnavailableError("PAGE_UNREACHABLE", "The page doesn't load.")
        self._wedged = False
        self._document_ended.set()
        self._document_ended = asyncio.Event()
        self._media.forget()
        self._groups.forget()
        await self._begin(Operation.RELOAD)
        if self._whatsapp.unreachable:
            raise UnavailableError("PAGE_UNREACHABLE", "The site doesn't answer.")
        self.connected, self._state = False, "OPENING"
        self.qr = self.pairing = None
        self.load()

    @override
    async def image(self) -> ProfileImage:
        await asyncio.sleep(0)
        fault = self._whatsapp.faults.take(self._profile.session_id, Operation.IMAGE)
        if isinstance(fault, Refuse):
            raise fault.error
        if self._gone.is_set():
            raise _page_unavailable()
        # The page isn't asked for it: one that hangs has an image like any other.
        if not self._profile.has_login:
            raise ConflictError("NOT_LINKED", "No account is linked to this page.")
        return self._whatsapp.image(self._profile)

    @override
    async def close(self) -> None:
        if not self._gone.is_set():
            self._leave()
            self._events.put_nowait(None)

    @override
    async def refresh_qr(self) -> None:
        self._check_unlinked()
        await self._begin(Operation.REFRESH_QR)
        self.qr_shown = 0
        self.show_qr(QR_FIRST)

    @override
    async def request_pairing_code(self, phone: str) -> PairingCode:
        self._check_unlinked()
        self._check_capability("PAIRING_CODE")
        await self._begin(Operation.PAIRING_CODE)
        if self._whatsapp.find_account(Jid.from_phone(phone)) is None:
            raise UnprocessableError("NUMBER_NOT_ON_WHATSAPP", "There is no WhatsApp account with this number.")
        self._count_code()
        number = self._whatsapp.count()
        code = "".join(_CODE_LETTERS[(number >> shift) & 15] for shift in range(28, -4, -4))
        pairing = PairingCode(code=code, expires_at=self._whatsapp.clock.now() + _CODE_LASTS)
        self.pairing = (phone, pairing)
        return pairing

    @override
    async def take_over(self) -> None:
        await self._begin(Operation.TAKE_OVER)
        if self._state != "CONFLICT":
            raise ConflictError("NOT_IN_CONFLICT", "No other browser has taken this session over.")
        self.connect()

    @override
    async def logout(self) -> None:
        if self._profile.login is None and not self._gone.is_set():
            raise ConflictError("NOT_LINKED", "No account is linked to this page.")
        fault = await self._begin(Operation.LOGOUT)
        unconfirmed = DeadlineExceededError("LOGOUT_UNCONFIRMED", "The page didn't confirm; the link may still stand.")
        if not self.connected:
            raise unconfirmed
        self._whatsapp.end_link(self._profile)
        self.connected = False
        self.tell(LoggedOut())
        if isinstance(fault, Die):
            self.die("the page died while it logged out")
            raise _page_unavailable()
        if isinstance(fault, LoseOutcome):
            raise unconfirmed

    @override
    async def send(self, message: Outgoing) -> SeenMessage:
        self._check_capability(f"SEND_{type(message.content).__name__.upper()}")
        fault = await self._begin(Operation.SEND)
        account = self._linked()
        known = self._profile.messages.get(message.whatsapp_id)
        if known is not None and known.status is not None:
            return known
        self._check_sendable(message)
        content = self._take_file(message)
        composed = replace(
            self._whatsapp.compose(account, message.whatsapp_id, message.chat, content),
            reply_to=message.reply_to,
            forwarded=message.forwarded,
        )
        unconfirmed = DeadlineExceededError("SEND_UNCONFIRMED", "WhatsApp didn't confirm it in time.")
        if not self.connected:
            # Like the real page, it keeps the message and sends it when it is connected again.
            self._profile.messages[message.whatsapp_id] = self._profile.pending[message.whatsapp_id] = composed
            raise unconfirmed
        if isinstance(fault, Die):
            # The page goes with the message: its receipt waits for the next page.
            self.die("the page died while it sent")
        sent = self._whatsapp.route(composed, account, sender=self._profile)
        if isinstance(fault, Die):
            raise _page_unavailable()
        if isinstance(fault, LoseOutcome):
            raise unconfirmed
        return sent

    def _take_file(self, message: Outgoing) -> Content:
        """Uploads what the message holds, if that is a file."""
        content = message.content
        if not isinstance(content, MEDIA_CONTENTS):
            return content
        if message.file is None:
            raise InternalError("MEDIA_FILE_MISSING", "A message with a file was sent without it.")
        if self._whatsapp.uploads_fail:
            raise UnprocessableError("MEDIA_UPLOAD_FAILED", "WhatsApp's servers didn't take the file.")
        data = message.file.read_bytes()
        self._whatsapp.files[short_id(message.whatsapp_id)] = data
        return content_of_file(content, data)

    @override
    async def find(self, whatsapp_id: WhatsAppMessageId) -> SeenMessage | None:
        await self._begin(Operation.FIND)
        found = self._profile.messages.get(whatsapp_id)
        return None if found is None else in_state(found, self._profile.states)

    @override
    async def perform(self, operation: OutgoingOperation) -> datetime:
        fault = await self._begin(Operation.PERFORM)
        account = self._linked()
        done = effect_of(operation.content, self._profile.states.get(operation.content.target))
        if done is not None:
            return done
        unconfirmed = DeadlineExceededError("SEND_UNCONFIRMED", "WhatsApp didn't confirm it in time.")
        if operation.content.target not in self._profile.messages:
            raise UnprocessableError("TARGET_UNKNOWN", "The page doesn't have the message.")
        if not self.connected:
            self._profile.operations.append(operation)
            raise unconfirmed
        if isinstance(fault, Die):
            self.die("the page died while it did something")
        at = self._whatsapp.operate(operation, account)
        if isinstance(fault, Die):
            raise _page_unavailable()
        if isinstance(fault, LoseOutcome):
            raise unconfirmed
        return at

    @override
    async def effect(self, operation: OutgoingOperation) -> datetime | None:
        await self._begin(Operation.EFFECT)
        return effect_of(operation.content, self._profile.states.get(operation.content.target))

    @property
    @override
    def messages(self) -> MessagePage:
        return MemoryMessagePage(self._whatsapp, self._profile, self._begin)

    @override
    async def recent(self, *, since: datetime, limit: int) -> tuple[SeenMessage, ...]:
        await self._begin(Operation.RECENT)
        return known_since(self._profile.messages, self._profile.states, since)[-limit:] if limit > 0 else ()

    @override
    async def changes(self, targets: Collection[WhatsAppMessageId]) -> tuple[AnyChange, ...]:
        await self._begin(Operation.CHANGES)
        return kept_changes(self._profile.states, targets)

    @override
    async def resolve(self, jid: Jid) -> Recipient | None:
        await self._begin(Operation.RESOLVE)
        account = self._whatsapp.find_account(jid)
        return None if account is None else Recipient(jid=account.jid, lid=account.lid)

    async def _begin(self, operation: Operation) -> Fault | None:
        """Lets other tasks run, as a real round trip does, and does what is scripted before the call's effect."""
        await asyncio.sleep(0)
        if self._wedged:
            await self._document_ended.wait()
            raise _page_unavailable()
        if self._gone.is_set():
            raise _page_unavailable()
        fault = self._whatsapp.faults.take(self._profile.session_id, operation)
        match fault:
            case Refuse(error=error):
                raise error
            case Hang():
                await self._document_ended.wait()
                raise _page_unavailable()
            case Die(after_effect=False):
                self.die(f"the page died before {operation}")
                raise _page_unavailable()
            case Die() | LoseOutcome() | None:
                return fault

    def _leave(self) -> None:
        self._gone.set()
        self._wedged = self._wedged_for_good = False
        self._document_ended.set()
        self.connected = False
        self.qr = self.pairing = None
        if self._profile.page is self:
            self._profile.page = None

    def _linked(self) -> Account:
        if self._profile.login is None:
            raise UnavailableError("PAGE_UNAVAILABLE", "No account is linked to this page.")
        return self._profile.login

    def _check_unlinked(self) -> None:
        if self._profile.login is not None:
            raise ConflictError("ALREADY_LINKED", "This page is linked to an account.")

    def _check_capability(self, name: str) -> None:
        if any(capability.name == name and not capability.available for capability in self._capabilities):
            raise CapabilityUnavailableError(name)

    def _check_sendable(self, message: Outgoing) -> None:
        if isinstance(message.content, Unsupported):
            raise CapabilityUnavailableError(message.content.kind)
        if self._whatsapp.find_account(message.chat) is None:
            reason = "NUMBER_NOT_ON_WHATSAPP" if message.chat.is_user else "SEND_REFUSED"
            raise UnprocessableError(reason, "There is no such user or group on WhatsApp.")
        if message.reply_to is not None and message.reply_to not in self._profile.messages:
            raise UnprocessableError("QUOTED_MESSAGE_UNKNOWN", "The page doesn't know the message that is answered.")

    def _count_code(self) -> None:
        now = self._whatsapp.clock.now()
        self._codes_asked = [asked for asked in self._codes_asked if now - asked < timedelta(minutes=1)]
        if len(self._codes_asked) >= _CODES_PER_MINUTE:
            raise RateLimitedError(
                "PAIRING_CODE_RATE_LIMITED",
                "WhatsApp gives only a few codes a minute.",
                retry_after=self._codes_asked[0] + timedelta(minutes=1) - now,
            )
        self._codes_asked.append(now)


def _page_unavailable() -> UnavailableError:
    return UnavailableError("PAGE_UNAVAILABLE", "The page is gone.")
