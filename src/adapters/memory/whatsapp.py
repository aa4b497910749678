"""A small WhatsApp in memory: accounts with phones and devices, deliveries and receipts."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from adapters.memory.accounts import Account, Image, Profile, apply_receipt, flip_quoted, id_for_recipient, short_id
from adapters.memory.faults import Fault, FaultScript, Operation
from adapters.memory.groups import MemoryGroups
from adapters.memory.operations import Stopwatch, change_by, check_allowed, common_to_changes, for_other
from application.ports.clock import Clock
from application.ports.page_events import (
    ConflictDetected,
    LoggedOut,
    PageEvent,
    PasskeyDemanded,
    QrBatchEnded,
    SeenMessage,
    SeenReceipt,
)
from application.ports.people_events import CallRings, CallStopped
from application.ports.whatsapp_driver import OutgoingOperation
from domain.call import Call, CallOutcome
from domain.changes import AnyChange, Edited
from domain.content import Content, Text
from domain.errors import GoneError, NotFoundError
from domain.event_content import EventInvitation
from domain.ids import SessionId, WhatsAppMessageId
from domain.jid import Jid, Server
from domain.media_content import MediaContent
from domain.message import MessageStatus
from domain.operations import Operation as MessageOperation
from domain.session import QrCode
from domain.snapshot import ProfileImage, snapshot_corrupt, snapshot_unsupported

if TYPE_CHECKING:
    from adapters.memory.page import MemoryWhatsAppPage


def content_of_file(content: MediaContent, data: bytes) -> MediaContent:
    """A content as WhatsApp shows it: what the gateway's own store calls the file isn't part of it."""
    reference = replace(content.media, id=None, size=len(data), sha256=hashlib.sha256(data).hexdigest())
    return replace(content, media=reference)


IMAGE_KIND: Final = "memory/1"

QR_FIRST: Final = timedelta(seconds=60)
QR_NEXT: Final = timedelta(seconds=20)
QR_BATCH: Final = 6
"""The pace of WhatsApp's own QR codes: one for a minute, five for twenty seconds each, then none."""
_LID_BASE: Final = 9_000_000_000_000


class MemoryWhatsApp:
    """The network: whatever tests and simulations let accounts and phones do.

    Nothing happens by itself and nothing waits: QRs rotate, connections drop and phones act when they are told to.
    Ids and codes are counted, so that two runs with the same clock are the same.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.faults = FaultScript()
        self.missing_capabilities: set[str] = set()
        """Names of abilities that pages opened from now on don't have."""
        self.unreachable = False
        """Whether no page can be loaded. Pages that are open keep their connections; see ``drop_connection``."""
        self.dead_proxies: set[str] = set()
        """Hosts of proxies by which no page can be loaded."""
        self.files: dict[str, bytes] = {}
        """What messages with a file hold, by the part of their ids that is the same in every view."""
        self.uploads_fail = False
        """Whether WhatsApp takes no files at present."""
        self.expired: set[Jid] = set()
        """Accounts whose files WhatsApp has no longer."""
        self.spoiled: set[Jid] = set()
        """Accounts whose files aren't what their messages say."""
        self.groups = MemoryGroups(self)
        self._accounts: dict[str, Account] = {}
        self._profiles: dict[SessionId, Profile] = {}
        self._images: dict[bytes, Image] = {}
        self._counter = 0
        self._stopwatch = Stopwatch(clock.now)

    def now(self) -> datetime:
        """WhatsApp's time, to the second."""
        return self.clock.now().replace(microsecond=0)

    def count(self) -> int:
        """A number that was never given before."""
        self._counter += 1
        return self._counter

    # What the world does.

    def add_account(self, phone: str, *, name: str = "", online: bool = True, reads: bool = False) -> Account:
        """An account with this phone number (digits)."""
        lid = Jid(user=str(_LID_BASE + len(self._accounts) + 1), server=Server.LID)
        account = Account(jid=Jid.from_phone(phone), lid=lid, name=name or f"Phone {phone}", online=online, reads=reads)
        self._accounts[account.jid.user] = account
        return account

    def scan(self, phone: str, qr: str) -> None:
        """Lets a phone scan a QR: the session that shows it is linked.

        Raises:
            NotFoundError: ``QR_UNKNOWN``: nobody shows it.
            GoneError: ``QR_EXPIRED``.
        """
        for profile in self._profiles.values():
            page = profile.page
            if page is not None and page.qr is not None and page.qr.text == qr:
                if page.qr.expires_at <= self.clock.now():
                    raise GoneError("QR_EXPIRED", "This QR has expired; scan the one that is shown now.")
                self._link(profile, phone)
                return
        raise NotFoundError("QR_UNKNOWN", "No page shows this QR.")

    def enter_code(self, phone: str, code: str) -> None:
        """Types a pairing code on a phone.

        Raises:
            NotFoundError: ``PAIRING_CODE_UNKNOWN``: nobody shows it, or it was made for another number.
            GoneError: ``PAIRING_CODE_EXPIRED``.
        """
        for profile in self._profiles.values():
            page = profile.page
            if page is not None and page.pairing is not None and page.pairing[:1] == (phone,):
                if page.pairing[1].code != code:
                    continue
                if page.pairing[1].expires_at <= self.clock.now():
                    raise GoneError("PAIRING_CODE_EXPIRED", "This code has expired; ask for another.")
                self._link(profile, phone)
                return
        raise NotFoundError("PAIRING_CODE_UNKNOWN", "No page shows this code for this number.")

    def phone_sends(self, phone: str, to: str, text: str) -> WhatsAppMessageId:
        """Lets a phone write to another account's number; gives the id in the writer's view."""
        return self._phone_sends(phone, to, Text(body=text))

    def phone_sends_file(self, phone: str, to: str, content: MediaContent, data: bytes) -> WhatsAppMessageId:
        """Lets a phone send a file; the content's digest and size become those of the file."""
        return self._phone_sends(phone, to, content_of_file(content, data), data)

    def _phone_sends(self, phone: str, to: str, content: Content, data: bytes | None = None) -> WhatsAppMessageId:
        account = self.account(phone)
        chat = self.account(to).jid
        whatsapp_id = WhatsAppMessageId(f"true_{chat}_3EB0{self.count():018X}")
        if data is not None:
            self.files[short_id(whatsapp_id)] = data
        self.route(self.compose(account, whatsapp_id, chat, content), account, sender=None)
        return whatsapp_id

    def phone_sends_content(self, phone: str, to: str, content: Content) -> WhatsAppMessageId:
        """Lets a phone send anything to another account's number; gives the id in the writer's view."""
        account = self.account(phone)
        chat = self.account(to).jid
        whatsapp_id = WhatsAppMessageId(f"true_{chat}_3EB0{self.count():018X}")
        self.route(self.compose(account, whatsapp_id, chat, content), account, sender=None)
        return whatsapp_id

    def phone_does(self, phone: str, operation: MessageOperation) -> datetime:
        """Lets a person do something to a message that the phone holds.

        Raises:
            UnprocessableError: as ``check_allowed`` has it.
        """
        account = self.account(phone)
        target = account.phone_messages.get(operation.target)
        chat = account.jid if target is None else target.chat
        whatsapp_id = WhatsAppMessageId(f"true_{chat}_3EB0{self.count():018X}")
        return self.operate(OutgoingOperation(whatsapp_id=whatsapp_id, chat=chat, content=operation), account)

    def phone_edits_event(self, phone: str, invitation: WhatsAppMessageId, event: EventInvitation) -> None:
        """Lets a person make their invitation one to another event."""
        account = self.account(phone)
        chat = account.phone_messages[invitation].chat
        common = common_to_changes(account, invitation, chat, self._stopwatch.next())
        self._happens(account, Edited(**common, body=event.name, event=event))

    def phone_reads(self, phone: str, chat: str) -> None:
        """Lets a phone read all that another account wrote to it."""
        reader, writer = self.account(phone), self.account(chat)
        for message in tuple(reader.phone_messages.values()):
            if not message.from_me and message.sender == writer.jid:
                self._receipt(writer, reader, message.whatsapp_id, MessageStatus.READ)

    def phone_plays(self, phone: str, message: WhatsAppMessageId) -> None:
        """Lets an account play a voice note that it got; ``message`` is its id in that account's view."""
        reader = self.account(phone)
        writer = self.find_account(reader.phone_messages[message].sender)
        if writer is not None:
            self._receipt(writer, reader, message, MessageStatus.PLAYED)

    def unlink(self, phone: str, session_id: SessionId) -> None:
        """Ends a device's link on the phone."""
        profile = self.account(phone).devices[session_id]
        self.end_link(profile)
        if profile.page is not None and profile.page.connected:
            profile.page.connected = False
            profile.page.tell(LoggedOut())
        else:
            profile.revoked = True

    def rotate_qr(self, session_id: SessionId) -> QrCode | None:
        """Shows the batch's next QR; None when the batch has ended with this."""
        page = self.page(session_id)
        if page.qr_shown >= QR_BATCH:
            page.qr = None
            page.tell(QrBatchEnded())
        else:
            page.show_qr(QR_NEXT)
        return page.qr

    def demand_passkey(self, session_id: SessionId) -> None:
        """Asks for a passkey instead of showing a QR."""
        page = self.page(session_id)
        page.qr = None
        page.say("PASSKEY", PasskeyDemanded())

    def drop_connection(self, session_id: SessionId) -> None:
        """Takes WhatsApp away from a page."""
        self.page(session_id).disconnect("OPENING")

    def restore_connection(self, session_id: SessionId) -> None:
        """Gives WhatsApp back to a page; what waited for it is delivered."""
        self.page(session_id).connect()

    def conflict(self, session_id: SessionId) -> None:
        """Opens a session's login in another browser."""
        self.page(session_id).say("CONFLICT", ConflictDetected())

    def wedge(self, session_id: SessionId, *, for_good: bool = False) -> None:
        """Lets a page hang: it lives, and neither answers nor tells anything until it is loaded anew.

        ``for_good``: not even then; only a new browser helps.
        """
        self.page(session_id).wedge(for_good=for_good)

    def miss(self, session_id: SessionId) -> None:
        """Lets a page lose WhatsApp without telling anybody: only who asks it learns of it."""
        self.page(session_id).connected = False

    def kill_page(self, session_id: SessionId, detail: str = "the browser was killed") -> None:
        """Lets a page's browser die."""
        self.page(session_id).die(detail)

    def mute(self, session_id: SessionId, *, muted: bool = True) -> None:
        """Lets a page's events be missed: its storage has what comes, and nothing is told."""
        self.profile(session_id).muted = muted

    def lose_profile(self, session_id: SessionId) -> None:
        """Takes the machine with a profile away. What was sent and hasn't left is gone with it."""
        profile = self.profile(session_id)
        if profile.page is not None:
            profile.page.die("its machine is gone")
        profile.lost, profile.epoch = True, 0
        profile.messages, profile.pending = {}, {}
        profile.states, profile.operations = {}, []

    def script(self, session_id: SessionId, operation: Operation, fault: Fault) -> None:
        """Lets the session's next such call fail."""
        self.faults.add(session_id, operation, fault)

    # What driver and pages ask.

    def account(self, phone: str) -> Account:
        """An account by its number.

        Raises:
            NotFoundError: ``ACCOUNT_UNKNOWN``.
        """
        account = self._accounts.get(phone)
        if account is None:
            raise NotFoundError("ACCOUNT_UNKNOWN", "There is no account with this number.")
        return account

    def find_account(self, jid: Jid) -> Account | None:
        """An account by either form of its address."""
        return next((account for account in self._accounts.values() if jid in {account.jid, account.lid}), None)

    def with_username(self, username: str) -> Account | None:
        """An account by its username."""
        return next((account for account in self._accounts.values() if account.people.username == username), None)

    def read(self, reader: Account, message: SeenMessage) -> None:
        """Says that an account has read a message."""
        author = self.find_account(message.sender)
        if author is not None:
            self._receipt(author, reader, message.whatsapp_id, MessageStatus.READ)

    def call(self, caller: str, called: str, *, video: bool = False) -> Call:
        """Lets a phone call an account; it rings on its connected devices."""
        writer, account = self.account(caller), self.account(called)
        other = _other_form(writer)
        call = Call(
            id=f"CALL{self.count():04d}", caller=writer.address, alternate=other, offered_at=self.now(), video=video
        )
        if writer.jid not in account.people.blocked:
            account.people.calls[call.id] = call
            self._tell_devices(account, CallRings(call=call))
        return call

    def stop_call(self, called: str, call: Call, outcome: CallOutcome) -> None:
        """Lets a call ring no more."""
        account = self.account(called)
        if account.people.calls.pop(call.id, None) is not None:
            self._tell_devices(account, CallStopped(call=call, outcome=outcome, at=self.now()))

    def tell_devices(self, phone: str, event: PageEvent) -> None:
        """Lets the connected devices of an account tell of something."""
        self._tell_devices(self.account(phone), event)

    def _tell_devices(self, account: Account, event: PageEvent) -> None:
        for device in account.devices.values():
            if device.page is not None and device.page.connected and not device.muted:
                device.page.tell(event)

    def profile(self, session_id: SessionId) -> Profile:
        """A session's profile; a new one where there is none."""
        return self._profiles.setdefault(session_id, Profile(session_id=session_id))

    def profiles(self) -> tuple[Profile, ...]:
        """All profiles that there are."""
        return tuple(self._profiles.values())

    def page(self, session_id: SessionId) -> "MemoryWhatsAppPage":
        """A session's open page.

        Raises:
            NotFoundError: ``PAGE_UNKNOWN``.
        """
        page = self.profile(session_id).page
        if page is None:
            raise NotFoundError("PAGE_UNKNOWN", "This session has no page open.")
        return page

    def forget(self, session_id: SessionId) -> None:
        """Deletes a profile. The account still lists the device, as WhatsApp does."""
        self._profiles.pop(session_id, None)

    @property
    def images(self) -> int:
        """How many images have been made."""
        return len(self._images)

    def image(self, profile: Profile) -> ProfileImage:
        """An image of a profile."""
        name = b"image %d" % self.count()
        self._images[name] = Image(
            session_id=profile.session_id,
            link=profile.link,
            messages=dict(profile.messages),
            pending=dict(profile.pending),
            states=dict(profile.states),
            operations=tuple(profile.operations),
        )
        return ProfileImage(kind=IMAGE_KIND, data=name)

    def restore(self, profile: Profile, image: ProfileImage) -> None:
        """Makes a profile what it was.

        Raises:
            UnprocessableError: ``SNAPSHOT_CORRUPT``, ``SNAPSHOT_UNSUPPORTED``.
        """
        if image.kind != IMAGE_KIND:
            raise snapshot_unsupported(f"an image of the kind {image.kind!r}")
        held = self._images.get(image.data)
        if held is None or held.session_id != profile.session_id:
            raise snapshot_corrupt("it is no image of this profile")
        self._readopt(profile, held)
        profile.lost = False
        profile.messages, profile.pending = dict(held.messages), dict(held.pending)
        profile.states, profile.operations = dict(held.states), list(held.operations)
        profile.revoked = profile.account is None or profile.link != held.link

    def _readopt(self, profile: Profile, held: Image) -> None:
        """Makes a profile the device of an image's link, where that is another one's that was forgotten."""
        devices = (account.devices.get(held.session_id) for account in self._accounts.values())
        device = next((each for each in devices if each is not None and each.link == held.link), None)
        if device is None or device is profile or device.account is None:
            return
        if profile.account is not None:
            # The phone of the account that is linked by now still lists a device, and nobody opens it any more.
            profile.account.devices[profile.session_id] = replace(profile, page=None)
        profile.account, profile.link, profile.queue = device.account, device.link, device.queue
        device.account.devices[profile.session_id] = profile

    def end_link(self, profile: Profile) -> None:
        """Takes a device off its account."""
        if profile.account is not None:
            profile.account.devices.pop(profile.session_id, None)
        profile.account = None
        profile.messages.clear()
        profile.queue.clear()
        profile.pending.clear()
        profile.states.clear()
        profile.operations.clear()

    def compose(self, account: Account, whatsapp_id: WhatsAppMessageId, chat: Jid, content: Content) -> SeenMessage:
        """A message as its writer's devices hold it before WhatsApp has it."""
        other = self.find_account(chat)
        return SeenMessage(
            whatsapp_id=whatsapp_id,
            chat=chat,
            sender=account.jid,
            recipient=chat,
            from_me=True,
            content=content,
            timestamp=self.now(),
            status=None,
            alternate=None if other is None else (other.lid if chat == other.jid else other.jid),
            push_name=account.name,
        )

    def route(self, message: SeenMessage, writer: Account, *, sender: Profile | None) -> SeenMessage:
        """Takes a message for good: the writer's other devices and the recipient get it. Idempotent by id.

        ``sender`` is the device it comes from; None is the phone. Returns the message as acknowledged.
        """
        if message.whatsapp_id in writer.phone_messages:
            return writer.phone_messages[message.whatsapp_id]
        sent = replace(message, status=MessageStatus.SENT, timestamp=self.now())
        writer.phone_messages[sent.whatsapp_id] = sent
        writer.sent[short_id(sent.whatsapp_id)] = sent.whatsapp_id
        for device in writer.devices.values():
            if device is sender:
                device.messages[sent.whatsapp_id] = replace(sent, status=None)
                device.take(SeenReceipt(whatsapp_id=sent.whatsapp_id, status=MessageStatus.SENT, at=self.now()))
            else:
                device.take(sent)
        recipient = self.find_account(message.chat)
        if recipient is not None and recipient is not writer and writer.jid not in recipient.people.blocked:
            self._deliver(sent, writer, recipient)
        return sent

    def operate(self, operation: OutgoingOperation, account: Account) -> datetime:
        """Does something to a message for good: all devices of both accounts learn of it. Gives the time of it.

        Raises:
            UnprocessableError: as ``check_allowed`` has it.
        """
        content = operation.content
        target = account.phone_messages.get(content.target)
        check_allowed(target, account.states.get(content.target), content, self.clock.now())
        change = change_by(account, operation, self._stopwatch.next())
        self._happens(account, change)
        return change.at

    def _happens(self, account: Account, change: AnyChange) -> None:
        """Tells all devices of both accounts of a change by one of them."""
        target = account.phone_messages.get(change.target)
        self._learn(account, change)
        other = None if target is None else self.find_account(target.chat)
        if other is not None and other is not account:
            self._learn(other, for_other(change, account))

    def time(self) -> datetime:
        """A time of its own for a change, to the millisecond."""
        return self._stopwatch.next()

    def _learn(self, account: Account, change: AnyChange) -> None:
        account.learn(change)
        for device in account.devices.values():
            device.take(change)

    def taken(self, reader: Account, message: SeenMessage) -> None:
        """Says that a device of an account has taken a message that waited for it."""
        author = self.find_account(message.sender)
        if not message.from_me and author is not None:
            self._receipt(author, reader, message.whatsapp_id, MessageStatus.DELIVERED)

    def _deliver(self, sent: SeenMessage, writer: Account, recipient: Account) -> None:
        inbound = replace(
            sent,
            whatsapp_id=id_for_recipient(sent.whatsapp_id, writer),
            chat=writer.address,
            sender=writer.address,
            recipient=recipient.jid,
            from_me=False,
            status=MessageStatus.DELIVERED,
            alternate=_other_form(writer),
            reply_to=None if sent.reply_to is None else flip_quoted(sent.reply_to, writer),
        )
        recipient.phone_messages[inbound.whatsapp_id] = inbound
        took = [device.take(inbound) for device in recipient.devices.values()]
        if recipient.online or any(took):
            self._receipt(writer, recipient, inbound.whatsapp_id, MessageStatus.DELIVERED)
        if recipient.online and recipient.reads:
            self._receipt(writer, recipient, inbound.whatsapp_id, MessageStatus.READ)

    def _receipt(self, writer: Account, reader: Account, inbound_id: WhatsAppMessageId, status: MessageStatus) -> None:
        own = writer.sent.get(short_id(inbound_id))
        if own is None or writer.phone_messages[own].chat not in {reader.jid, reader.lid}:
            return
        receipt = SeenReceipt(whatsapp_id=own, status=status, at=self.now())
        if apply_receipt(writer.phone_messages, receipt):
            for device in writer.devices.values():
                device.take(receipt)

    def _link(self, profile: Profile, phone: str) -> None:
        account = self.account(phone)
        profile.account, profile.revoked = account, False
        profile.lost, profile.link = False, self.count()
        account.devices[profile.session_id] = profile
        # History: what the phone holds is in the page's storage when it has signed in, and no event tells of it.
        profile.messages.update(account.phone_messages)
        profile.states.update(account.states)
        page = self.page(profile.session_id)
        page.qr = page.pairing = None
        page.connect(first=True)


def _other_form(account: Account) -> Jid | None:
    """The form of an account's address that isn't the one by which it is told of, as others know it."""
    if not account.people.moved_to_lid:
        return account.lid
    return None if account.people.hides_phone else account.jid
