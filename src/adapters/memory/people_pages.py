"""A page's parts in chats, people, presence and calls, of the WhatsApp in memory."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, override

from adapters.memory.accounts import Account, Profile
from adapters.memory.people import same_but
from adapters.memory.whatsapp import MemoryWhatsApp
from application.ports.call_page import CallPage
from application.ports.chat_page import ChatPage, OlderMessages
from application.ports.contact_page import BlocklistPage, ContactPage
from application.ports.page_events import PageEvent, SeenMessage
from application.ports.people_events import CallStopped, ChatChanged, ContactChanged
from application.ports.presence_page import PresencePage
from domain.call import Call, CallOutcome
from domain.chat import Chat, ChatChange
from domain.contact import BusinessProfile, Contact, Existence, Name
from domain.errors import NotFoundError, UnprocessableError
from domain.ids import WhatsAppMessageId
from domain.jid import Jid
from domain.presence import Activity, Presence

_MOST_PINNED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """An open page, as its parts need it. ``begin`` lets other tasks run and does what is scripted."""

    whatsapp: MemoryWhatsApp
    profile: Profile
    linked: Callable[[], Account]
    begin: Callable[[], Awaitable[object]]

    def tell_all(self, event: PageEvent) -> None:
        """Tells every connected device of the account."""
        for device in self.linked().devices.values():
            if device.page is not None and device.page.connected:
                device.page.tell(event)

    def forms(self, jid: Jid) -> set[Jid]:
        """A person's addresses, as far as anybody is known by this one."""
        account = self.whatsapp.find_account(jid)
        return {jid} if account is None else {account.jid, account.lid}

    def person(self, jid: Jid) -> Account:
        """Whoever has an address."""
        account = self.whatsapp.find_account(jid)
        if account is None:
            raise UnprocessableError("NUMBER_NOT_ON_WHATSAPP", "There is no WhatsApp account with this address.")
        return account

    def contact(self, account: Account) -> Contact:
        """A person as this account knows them."""
        own = self.linked()
        name = own.people.book.get(account.jid)
        moved = account.people.moved_to_lid
        number = None if account.people.hides_phone and name is None else account.jid
        return Contact(
            jid=account.lid if moved else account.jid,
            alternate=number if moved else account.lid,
            username=account.people.username,
            name=None if name is None else f"{name.first} {name.last}".strip(),
            push_name=account.name,
            saved=name is not None,
            business=account.people.business is not None,
            blocked=account.jid in own.people.blocked,
            me=account is own,
        )


class MemoryChats(ChatPage):
    """Chats: what the profile's messages make, with what the account's devices share."""

    def __init__(self, page: Open) -> None:
        self._page = page

    def _of(self, jid: Jid) -> list[SeenMessage]:
        forms = self._page.forms(jid)
        return [message for message in self._page.profile.messages.values() if message.chat in forms]

    def _all(self) -> list[Jid]:
        seen = {message.chat: None for message in reversed(self._page.profile.messages.values())}
        return list(seen | dict.fromkeys(self._page.linked().people.chats))

    def _key(self, jid: Jid) -> Jid:
        forms = self._page.forms(jid)
        key = next((chat for chat in self._all() if chat in forms), None)
        if key is None:
            raise NotFoundError("CHAT_NOT_FOUND", "The account has no such chat.")
        return key

    def _chat(self, key: Jid) -> Chat:
        people = self._page.linked().people
        messages = self._of(key)
        unread = sum(not message.from_me and message.whatsapp_id not in people.read for message in messages)
        other = self._page.whatsapp.find_account(key)
        contact = None if other is None else self._page.contact(other)
        alternate = None if contact is None else contact.alternate if key == contact.jid else contact.jid
        name = None if contact is None else contact.name or contact.push_name
        last = max((message.timestamp for message in messages), default=None)
        chat = Chat(jid=key, alternate=alternate, name=name, unread=unread, last_at=last, more_on_phone=False)
        return same_but(chat, people.state(key)) if key in people.chats else chat

    @override
    async def list(self) -> tuple[Chat, ...]:
        await self._page.begin()
        chats = [self._chat(key) for key in self._all()]
        return tuple(sorted(chats, key=lambda chat: chat.pinned_at is None))

    @override
    async def get(self, jid: Jid) -> Chat:
        await self._page.begin()
        return self._chat(self._key(jid))

    @override
    async def change(self, jid: Jid, change: ChatChange) -> Chat:
        await self._page.begin()
        key = self._key(jid)
        before, people = self._chat(key), self._page.linked().people
        if change.pinned and before.pinned_at is None and self._pinned() >= _MOST_PINNED:
            raise UnprocessableError("TOO_MANY_PINNED", "Three chats are pinned, WhatsApp's limit; unpin one first.")
        state = people.state(key)
        if change.archived is not None:
            state.archived = change.archived
        if change.pinned is not None:
            state.pinned = change.pinned
        if change.mute is not None or change.unmute:
            state.muted = change.mute
        if change.unread is not None:
            state.marked_unread = change.unread and before.unread == 0
        if change.unread is False:
            self._read(key)
        self._tell(before, self._chat(key))
        return self._chat(key)

    @override
    async def clear(self, jid: Jid, *, keep_starred: bool) -> Chat:
        await self._page.begin()
        key = self._key(jid)
        before = self._chat(key)
        self._page.linked().people.state(key)
        self._forget(key)
        self._tell(before, self._chat(key))
        self._page.tell_all(ChatChanged(chat=self._chat(key), changed=("cleared",)))
        return self._chat(key)

    @override
    async def delete(self, jid: Jid) -> None:
        await self._page.begin()
        try:
            key = self._key(jid)
        except NotFoundError:
            return
        gone = self._chat(key)
        self._forget(key)
        self._page.linked().people.chats.pop(key, None)
        self._page.tell_all(ChatChanged(chat=gone, changed=("deleted",)))

    @override
    async def older(self, jid: Jid, *, before: WhatsAppMessageId | None, limit: int) -> OlderMessages:
        await self._page.begin()
        messages = sorted(self._of(self._key(jid)), key=lambda message: message.timestamp)
        if before is not None:
            ids = [message.whatsapp_id for message in messages]
            if before not in ids:
                raise NotFoundError("MESSAGE_NOT_IN_PAGE", "The session's page doesn't hold this message.")
            messages = messages[: ids.index(before)]
        return OlderMessages(messages=tuple(messages[-limit:]), more=len(messages) > limit)

    def _pinned(self) -> int:
        return sum(state.pinned for state in self._page.linked().people.chats.values())

    def _read(self, key: Jid) -> None:
        own = self._page.linked()
        for message in self._of(key):
            if not message.from_me and message.whatsapp_id not in own.people.read:
                own.people.read.add(message.whatsapp_id)
                self._page.whatsapp.read(own, message)

    def _forget(self, key: Jid) -> None:
        gone = [message.whatsapp_id for message in self._of(key)]
        own = self._page.linked()
        for whatsapp_id in gone:
            own.phone_messages.pop(whatsapp_id, None)
            for device in own.devices.values():
                device.messages.pop(whatsapp_id, None)

    def _tell(self, before: Chat, now: Chat) -> None:
        changed = tuple(
            name
            for name, differs in (
                ("archived", before.archived != now.archived),
                ("pinned", before.pinned_at != now.pinned_at),
                ("muted", before.muted != now.muted),
                ("unread", (before.unread, before.marked_unread) != (now.unread, now.marked_unread)),
            )
            if differs
        )
        if changed:
            self._page.tell_all(ChatChanged(chat=now, changed=changed))


class MemoryContacts(ContactPage):
    """People: the accounts of the WhatsApp in memory that this one has to do with."""

    def __init__(self, page: Open) -> None:
        self._page = page

    @override
    async def list(self, *, saved: bool) -> tuple[Contact, ...]:
        await self._page.begin()
        own = self._page.linked()
        met = {message.chat for message in self._page.profile.messages.values()} | set(own.people.book)
        accounts = {account.jid: account for jid in met if (account := self._page.whatsapp.find_account(jid))}
        contacts = [self._page.contact(account) for account in accounts.values()]
        return tuple(contact for contact in contacts if contact.saved or not saved)

    @override
    async def get(self, jid: Jid) -> Contact:
        await self._page.begin()
        return self._page.contact(self._page.person(jid))

    @override
    async def exists(self, asked: Sequence[str]) -> tuple[Existence, ...]:
        await self._page.begin()
        return tuple(self._existence(each) for each in asked)

    def _existence(self, asked: str) -> Existence:
        if asked.startswith("@"):
            account = self._page.whatsapp.with_username(asked[1:])
            return (
                Existence(asked=asked)
                if account is None
                else Existence(
                    asked=asked,
                    jid=None if account.people.hides_phone else account.jid,
                    lid=account.lid,
                    username=account.people.username,
                )
            )
        account = self._page.whatsapp.find_account(Jid.parse(asked))
        return Existence(asked=asked) if account is None else Existence(asked=asked, jid=account.jid, lid=account.lid)

    @override
    async def picture(self, jid: Jid) -> str | None:
        await self._page.begin()
        return self._page.person(jid).people.picture

    @override
    async def about(self, jid: Jid) -> str | None:
        await self._page.begin()
        return self._page.person(jid).people.about

    @override
    async def business(self, jid: Jid) -> BusinessProfile | None:
        await self._page.begin()
        return self._page.person(jid).people.business

    @override
    async def common_groups(self, jid: Jid) -> tuple[Jid, ...]:
        await self._page.begin()
        self._page.person(jid)
        return ()

    @override
    async def save(self, jid: Jid, name: Name, *, on_phone: bool) -> Contact:
        await self._page.begin()
        account = self._page.person(jid)
        self._page.linked().people.book[account.jid] = name
        return self._tell(account)

    @override
    async def remove(self, jid: Jid) -> Contact:
        await self._page.begin()
        account = self._page.person(jid)
        if self._page.linked().people.book.pop(account.jid, None) is None:
            return self._page.contact(account)
        return self._tell(account)

    def _tell(self, account: Account) -> Contact:
        contact = self._page.contact(account)
        self._page.tell_all(ContactChanged(contact=contact))
        return contact


class MemoryBlocklist(BlocklistPage):
    """Who is blocked."""

    def __init__(self, page: Open) -> None:
        self._page = page

    @override
    async def list(self) -> tuple[Contact, ...]:
        await self._page.begin()
        blocked = sorted(self._page.linked().people.blocked, key=str)
        return tuple(self._page.contact(self._page.person(jid)) for jid in blocked)

    @override
    async def block(self, jid: Jid) -> Contact:
        return await self._set(jid, blocked=True)

    @override
    async def unblock(self, jid: Jid) -> Contact:
        return await self._set(jid, blocked=False)

    async def _set(self, jid: Jid, *, blocked: bool) -> Contact:
        await self._page.begin()
        account, held = self._page.person(jid), self._page.linked().people.blocked
        if (account.jid in held) != blocked:
            (held.add if blocked else held.discard)(account.jid)
            self._page.tell_all(ContactChanged(contact=self._page.contact(account)))
        return self._page.contact(account)


class MemoryPresence(PresencePage):
    """Presence: what the phones of the others show."""

    def __init__(self, page: Open) -> None:
        self._page = page
        self.subscribed: set[Jid] = set()

    @override
    async def be(self, *, online: bool) -> None:
        await self._page.begin()
        self._page.linked().people.online = online

    @override
    async def act(self, chat: Jid, activity: Activity) -> None:
        await self._page.begin()
        other = self._page.whatsapp.find_account(chat)
        if other is None:
            raise NotFoundError("CHAT_NOT_FOUND", "The account has no such chat.")
        other.people.typing[self._page.linked().jid] = activity

    @override
    async def subscribe(self, jid: Jid) -> Presence:
        await self._page.begin()
        self.subscribed |= self._page.forms(jid)
        other = self._page.whatsapp.find_account(jid)
        return Presence(chat=jid, online=None if other is None else other.people.online)


class MemoryCalls(CallPage):
    """Calls that ring."""

    def __init__(self, page: Open) -> None:
        self._page = page
        self._rejected: dict[str, Call] = {}

    @override
    async def ringing(self) -> tuple[Call, ...]:
        await self._page.begin()
        return tuple(self._page.linked().people.calls.values())

    @override
    async def reject(self, call_id: str) -> Call:
        await self._page.begin()
        if call_id in self._rejected:
            return self._rejected[call_id]
        call = self._page.linked().people.calls.pop(call_id, None)
        if call is None:
            raise NotFoundError("CALL_NOT_FOUND", "No such call rings.")
        self._rejected[call_id] = call
        at = self._page.whatsapp.now()
        self._page.tell_all(CallStopped(call=call, outcome=CallOutcome.REJECTED, at=at))
        return call


class MemoryPeoplePage:
    """All the parts of one page."""

    def __init__(self, page: Open) -> None:
        self.chats = MemoryChats(page)
        self.contacts = MemoryContacts(page)
        self.blocklist = MemoryBlocklist(page)
        self.presence = MemoryPresence(page)
        self.calls = MemoryCalls(page)
