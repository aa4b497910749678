"""The WhatsApp in memory keeps the contracts of the driver's port and of its pages."""

import itertools
from datetime import timedelta
from typing import Any, override

import pytest

from adapters.memory.driver import MemoryWhatsApp, MemoryWhatsAppDriver
from adapters.memory.people import ChatState
from adapters.system.system_clock import SystemClock
from domain.call import Call, CallOutcome
from domain.content import Content, Text
from domain.event_content import EventInvitation
from domain.ids import SessionId, WhatsAppMessageId
from domain.jid import Jid
from domain.media_content import MEDIA_CONTENTS, MediaContent
from domain.message_state import MessageState
from domain.operations import Edit, Pin, PollVote, Reaction, Revoke
from domain.presence import Activity
from tests.contracts.media_page import MediaPageContract
from tests.contracts.message_operations import MessageOperationsContract
from tests.contracts.people_pages import PeoplePagesContract, PeopleStage
from tests.contracts.whatsapp_driver import WhatsAppDriverContract
from tests.contracts.whatsapp_page import WhatsAppPageContract
from tests.contracts.whatsapp_world import Linked, Person, Shown, Stage, open_linked


class MemoryPerson(Person):
    def __init__(self, whatsapp: MemoryWhatsApp, number: str, name: str) -> None:
        self._whatsapp = whatsapp
        self._account = whatsapp.add_account(number, name=name, reads=True)
        self.number, self.jid = number, self._account.jid

    @override
    async def scan(self, qr: str) -> None:
        self._whatsapp.scan(self.number, qr)

    @override
    async def enter_code(self, code: str) -> None:
        self._whatsapp.enter_code(self.number, code)

    @override
    async def send(self, to: Person, text: str) -> str:
        return self._whatsapp.phone_sends(self.number, to.number, text).split("_")[2]

    @override
    async def send_file(self, to: Person, content: MediaContent, data: bytes) -> str:
        return self._whatsapp.phone_sends_file(self.number, to.number, content, data).split("_")[2]

    @override
    async def send_content(self, to: Person, content: Content) -> str:
        return self._whatsapp.phone_sends_content(self.number, to.number, content).split("_")[2]

    def _key(self, chat: Person, inner_id: str) -> WhatsAppMessageId:
        held = self._account.phone_messages.values()
        return next(each.whatsapp_id for each in held if each.chat == chat.jid and inner_id in each.whatsapp_id)

    @override
    async def react(self, chat: Person, inner_id: str, emoji: str) -> None:
        self._whatsapp.phone_does(self.number, Reaction(target=self._key(chat, inner_id), emoji=emoji))

    @override
    async def edit(self, chat: Person, inner_id: str, text: str) -> None:
        self._whatsapp.phone_does(self.number, Edit(target=self._key(chat, inner_id), body=text))

    @override
    async def revoke(self, chat: Person, inner_id: str) -> None:
        self._whatsapp.phone_does(self.number, Revoke(target=self._key(chat, inner_id)))

    @override
    async def vote(self, chat: Person, inner_id: str, options: tuple[str, ...]) -> None:
        self._whatsapp.phone_does(self.number, PollVote(target=self._key(chat, inner_id), options=options))

    @override
    async def edit_event(self, chat: Person, inner_id: str, event: EventInvitation) -> None:
        self._whatsapp.phone_edits_event(self.number, self._key(chat, inner_id), event)

    @override
    async def pin(self, chat: Person, inner_id: str, duration: timedelta) -> None:
        self._whatsapp.phone_does(self.number, Pin(target=self._key(chat, inner_id), duration=duration))

    @override
    async def sees(self, chat: Person, inner_id: str) -> Shown:
        key = self._key(chat, inner_id)
        message = self._account.phone_messages[key]
        state = self._account.states.get(key) or MessageState()
        body = message.content.body if isinstance(message.content, Text) else None
        return Shown(
            body=body if state.edited is None else state.edited.body,
            revoked=state.revoked is not None,
            forwarded=message.forwarded,
            starred=state.starred is not None and state.starred.starred,
            pinned=state.pinned is not None and state.pinned.until is not None,
            reactions={each.by: each.emoji for each in state.reactions if each.emoji},
            votes={each.by: each.options for each in state.votes if each.options},
        )

    @override
    async def file(self, inner_id: str) -> bytes:
        return self._whatsapp.files[inner_id]

    @override
    async def files(self, chat: Person) -> int:
        held = self._account.phone_messages.values()
        return sum(message.chat == chat.jid and isinstance(message.content, MEDIA_CONTENTS) for message in held)

    @override
    async def held(self, chat: Person, text: str) -> list[Any]:
        held = self._account.phone_messages.values()
        states = self._account.states
        return [
            message
            for message in held
            if message.chat == chat.jid and message.content == Text(body=text)
            if (state := states.get(message.whatsapp_id)) is None or state.deleted is None
        ]

    @override
    async def devices(self) -> int:
        return len(self._account.devices)

    @override
    async def unlink(self) -> None:
        for session in tuple(self._account.devices):
            self._whatsapp.unlink(self.number, session)


class MemoryStage(Stage, PeopleStage):
    def __init__(self) -> None:
        self._whatsapp = MemoryWhatsApp(SystemClock())
        self.driver = MemoryWhatsAppDriver(self._whatsapp)
        self.nobody = Jid.parse("15559998888@c.us")
        self._numbers = itertools.count(15550200000)
        self._calls: dict[str, Call] = {}

    @override
    async def person(self, name: str = "Person") -> MemoryPerson:
        return MemoryPerson(self._whatsapp, str(next(self._numbers)), name)

    @override
    async def cut(self, session: SessionId, who: Person) -> None:
        self._whatsapp.drop_connection(session)

    @override
    async def mend(self, session: SessionId) -> None:
        self._whatsapp.uploads_fail = False
        self._whatsapp.expired.clear()
        self._whatsapp.spoiled.clear()
        if not self._whatsapp.page(session).connected:
            self._whatsapp.restore_connection(session)

    @override
    async def fail_uploads(self, who: Person) -> None:
        self._whatsapp.uploads_fail = True

    @override
    async def expire_files(self, who: Person) -> None:
        self._whatsapp.expired.add(who.jid)

    @override
    async def spoil_files(self, who: Person) -> None:
        self._whatsapp.spoiled.add(who.jid)

    @override
    async def kill(self, session: SessionId) -> None:
        self._whatsapp.kill_page(session)

    @override
    async def chat(self, who: Person, other: Person) -> dict[str, Any]:
        account = self._whatsapp.account(who.number)
        state = account.people.chats.get(other.jid, ChatState())
        inbound = [each for each in account.phone_messages.values() if each.chat == other.jid and not each.from_me]
        return {
            "archived": state.archived,
            "pinned": state.pinned,
            "muted": state.muted is not None,
            "marked_unread": state.marked_unread,
            "unread": sum(each.whatsapp_id not in account.people.read for each in inbound),
        }

    @override
    async def has_chat(self, who: Person, other: Person) -> bool:
        account = self._whatsapp.account(who.number)
        held = any(message.chat == other.jid for message in account.phone_messages.values())
        return held or other.jid in account.people.chats

    @override
    async def saved(self, who: Person) -> dict[str, str]:
        book = self._whatsapp.account(who.number).people.book
        return {jid.user: f"{name.first} {name.last}".strip() for jid, name in book.items()}

    @override
    async def blocked(self, who: Person) -> list[str]:
        return [jid.user for jid in self._whatsapp.account(who.number).people.blocked]

    @override
    async def typing(self, who: Person, other: Person) -> str | None:
        activity = self._whatsapp.account(who.number).people.typing.get(other.jid, Activity.PAUSED)
        return None if activity is Activity.PAUSED else activity.value

    @override
    async def show(self, who: Person, *, about: str, username: str) -> None:
        people = self._whatsapp.account(who.number).people
        people.about, people.username = about, username

    @override
    async def call(self, who: Person, to: Person) -> str:
        call = self._whatsapp.call(who.number, to.number)
        self._calls[call.id] = call
        return call.id

    @override
    async def hang_up(self, who: Person, call_id: str, to: Person) -> None:
        self._whatsapp.stop_call(to.number, self._calls[call_id], CallOutcome.MISSED)

    @override
    async def lid(self, who: Person) -> Jid:
        return self._whatsapp.account(who.number).lid


@pytest.fixture
def stage() -> Stage:
    return MemoryStage()


@pytest.fixture
def session() -> SessionId:
    return SessionId("ana")


@pytest.fixture
async def linked(stage: Stage, session: SessionId) -> Linked:
    return await open_linked(stage, session)


class TestMemoryWhatsAppDriver(WhatsAppDriverContract):
    pass


class TestMemoryWhatsAppPage(WhatsAppPageContract):
    pass


class TestMemoryMediaPage(MediaPageContract):
    pass


class TestMemoryMessageOperations(MessageOperationsContract):
    pass


class TestMemoryPeoplePages(PeoplePagesContract):
    pass
