"""The page's parts in chats, people, presence and calls, asked of its bridge."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final, override

from adapters.playwright import people_decoder as decoder
from adapters.playwright.fields import MalformedError, jid
from adapters.playwright.questions import Questions
from adapters.playwright.refusals import page_unavailable
from application.ports.call_page import CallPage
from application.ports.chat_page import ChatPage, OlderMessages
from application.ports.contact_page import BlocklistPage, ContactPage
from application.ports.page_events import SeenMessage
from application.ports.presence_page import PresencePage
from domain.call import Call
from domain.chat import Chat, ChatChange
from domain.contact import BusinessProfile, Contact, Existence, Name
from domain.errors import DeadlineExceededError, InvalidArgumentError
from domain.ids import WhatsAppMessageId
from domain.jid import Jid
from domain.presence import Activity, Presence

type ReadMessages = Callable[[object], tuple[SeenMessage, ...]]

_HISTORY: Final = timedelta(seconds=45)
_LOOKUP_EACH: Final = timedelta(seconds=1)
_LOOKUP: Final = timedelta(seconds=10)


def _read[T](decode: Callable[[object], T], told: object) -> T:
    try:
        return decode(told)
    except (MalformedError, InvalidArgumentError) as error:
        raise page_unavailable("it gave an answer that can't be read") from error


def _read_all[T](decode: Callable[[object], T], told: object) -> tuple[T, ...]:
    """Those that can be read: one of a sort we don't know mustn't cost the others."""
    if not isinstance(told, list):
        raise page_unavailable("it gave no list")
    found: list[T] = []
    for item in told:
        try:
            found.append(decode(item))
        except (MalformedError, InvalidArgumentError):
            continue
    return tuple(found)


class BridgeChats(ChatPage):
    """Chats, by way of the bridge."""

    def __init__(self, questions: Questions, read_messages: ReadMessages) -> None:
        self._questions = questions
        self._read_messages = read_messages

    @override
    async def list(self) -> tuple[Chat, ...]:
        self._questions.require("LIST_CHATS")
        return _read_all(decoder.chat, await self._questions.ask("listChats", {}))

    @override
    async def get(self, jid: Jid) -> Chat:
        self._questions.require("LIST_CHATS")
        return _read(decoder.chat, await self._questions.ask("getChat", {"jid": str(jid)}))

    @override
    async def change(self, jid: Jid, change: ChatChange) -> Chat:
        args: dict[str, Any] = {"jid": str(jid)}
        for name, value, need in (
            ("archived", change.archived, "ARCHIVE_CHAT"),
            ("pinned", change.pinned, "PIN_CHAT"),
            ("unread", change.unread, "MARK_READ"),
            ("mutedUntil", _expiration(change), "MUTE_CHAT"),
        ):
            if value is not None:
                self._questions.require(need)
                args[name] = value
        return _read(decoder.chat, await self._questions.ask("changeChat", args, within=_HISTORY))

    @override
    async def clear(self, jid: Jid, *, keep_starred: bool) -> Chat:
        self._questions.require("CLEAR_CHAT")
        args = {"jid": str(jid), "keepStarred": keep_starred}
        return _read(decoder.chat, await self._questions.ask("clearChat", args))

    @override
    async def delete(self, jid: Jid) -> None:
        self._questions.require("DELETE_CHAT")
        await self._questions.ask("deleteChat", {"jid": str(jid)})

    @override
    async def older(self, jid: Jid, *, before: WhatsAppMessageId | None, limit: int) -> OlderMessages:
        self._questions.require("CHAT_HISTORY")
        args = {"jid": str(jid), "before": before, "limit": limit}
        late = DeadlineExceededError("PHONE_SILENT", "The phone, which has the older messages, doesn't answer.")
        told = await self._questions.ask("olderMessages", args, within=_HISTORY, late=late)
        if not isinstance(told, dict) or not isinstance(told.get("more"), bool):
            raise page_unavailable("it gave no history")
        return OlderMessages(messages=self._read_messages(told.get("messages")), more=told["more"])


def _expiration(change: ChatChange) -> int | None:
    if change.unmute:
        return 0
    if change.mute is None:
        return None
    return -1 if change.mute.until is None else int(change.mute.until.timestamp())


class BridgeContacts(ContactPage):
    """People, by way of the bridge."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    @override
    async def list(self, *, saved: bool) -> tuple[Contact, ...]:
        self._questions.require("LIST_CONTACTS")
        return _read_all(decoder.contact, await self._questions.ask("listContacts", {"saved": saved}))

    @override
    async def get(self, jid: Jid) -> Contact:
        return _read(decoder.contact, await self._ask("LIST_CONTACTS", "getContact", jid))

    @override
    async def exists(self, asked: Sequence[str]) -> tuple[Existence, ...]:
        self._questions.require("LOOKUP_NUMBER")
        if any(each.startswith("@") for each in asked):
            self._questions.require("LOOKUP_USERNAME")
        late = DeadlineExceededError("LOOKUP_TIMEOUT", "WhatsApp didn't say in time who exists; ask for fewer at once.")
        within = _LOOKUP + _LOOKUP_EACH * len(asked)
        told = await self._questions.ask("existAll", {"asked": list(asked)}, within=within, late=late)
        found = _read_all(decoder.existence, told)
        if [each.asked for each in found] != list(asked):
            raise page_unavailable("it gave another answer than was asked for")
        return found

    @override
    async def picture(self, jid: Jid) -> str | None:
        return _text(await self._ask("CONTACT_PICTURE", "picture", jid))

    @override
    async def about(self, jid: Jid) -> str | None:
        return _text(await self._ask("CONTACT_ABOUT", "about", jid))

    @override
    async def business(self, jid: Jid) -> BusinessProfile | None:
        told = await self._ask("BUSINESS_PROFILE", "business", jid)
        return None if told is None else _read(decoder.business, told)

    @override
    async def common_groups(self, jid: Jid) -> tuple[Jid, ...]:
        return _read_all(_address, await self._ask("COMMON_GROUPS", "commonGroups", jid))

    @override
    async def save(self, jid: Jid, name: Name, *, on_phone: bool) -> Contact:
        self._questions.require("SAVE_CONTACT")
        args = {"jid": str(jid), "firstName": name.first, "lastName": name.last, "onPhone": on_phone}
        return _read(decoder.contact, await self._questions.ask("saveContact", args))

    @override
    async def remove(self, jid: Jid) -> Contact:
        return _read(decoder.contact, await self._ask("SAVE_CONTACT", "removeContact", jid))

    async def _ask(self, need: str, name: str, jid: Jid) -> Any:
        self._questions.require(need)
        return await self._questions.ask(name, {"jid": str(jid)})


class BridgeBlocklist(BlocklistPage):
    """Who is blocked, by way of the bridge."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    @override
    async def list(self) -> tuple[Contact, ...]:
        self._questions.require("BLOCK_CONTACT")
        return _read_all(decoder.contact, await self._questions.ask("listBlocked", {}))

    @override
    async def block(self, jid: Jid) -> Contact:
        return await self._set("block", jid)

    @override
    async def unblock(self, jid: Jid) -> Contact:
        return await self._set("unblock", jid)

    async def _set(self, name: str, jid: Jid) -> Contact:
        self._questions.require("BLOCK_CONTACT")
        return _read(decoder.contact, await self._questions.ask(name, {"jid": str(jid)}))


class BridgePresence(PresencePage):
    """Presence, by way of the bridge."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    @override
    async def be(self, *, online: bool) -> None:
        self._questions.require("SHOW_PRESENCE")
        await self._questions.ask("bePresent", {"online": online})

    @override
    async def act(self, chat: Jid, activity: Activity) -> None:
        self._questions.require("SHOW_PRESENCE")
        await self._questions.ask("act", {"jid": str(chat), "activity": activity.value.lower()})

    @override
    async def subscribe(self, jid: Jid) -> Presence:
        self._questions.require("SUBSCRIBE_PRESENCE")
        return _read(decoder.presence, await self._questions.ask("subscribePresence", {"jid": str(jid)}))


class BridgeCalls(CallPage):
    """Calls, by way of the bridge."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    @override
    async def ringing(self) -> tuple[Call, ...]:
        self._questions.require("CALLS")
        return _read_all(decoder.call, await self._questions.ask("listCalls", {}))

    @override
    async def reject(self, call_id: str) -> Call:
        self._questions.require("CALLS")
        return _read(decoder.call, await self._questions.ask("rejectCall", {"id": call_id}))


def _text(told: object) -> str | None:
    if told is not None and not isinstance(told, str):
        raise page_unavailable("it gave no text")
    return told


def _address(told: object) -> Jid:
    if not isinstance(told, str):
        raise MalformedError("address")
    return jid(told)
