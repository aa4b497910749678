"""The WhatsApp in memory keeps the contracts of the driver's port and of its pages."""

import itertools
from typing import Any, override

import pytest

from adapters.memory.driver import MemoryWhatsApp, MemoryWhatsAppDriver
from adapters.system.system_clock import SystemClock
from domain.content import Text
from domain.ids import SessionId
from domain.jid import Jid
from domain.media_content import MEDIA_CONTENTS, MediaContent
from tests.contracts.media_page import MediaPageContract
from tests.contracts.whatsapp_driver import WhatsAppDriverContract
from tests.contracts.whatsapp_page import WhatsAppPageContract
from tests.contracts.whatsapp_world import Linked, Person, Stage, open_linked


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
    async def file(self, inner_id: str) -> bytes:
        return self._whatsapp.files[inner_id]

    @override
    async def files(self, chat: Person) -> int:
        held = self._account.phone_messages.values()
        return sum(message.chat == chat.jid and isinstance(message.content, MEDIA_CONTENTS) for message in held)

    @override
    async def held(self, chat: Person, text: str) -> list[Any]:
        held = self._account.phone_messages.values()
        return [message for message in held if message.chat == chat.jid and message.content == Text(body=text)]

    @override
    async def devices(self) -> int:
        return len(self._account.devices)

    @override
    async def unlink(self) -> None:
        for session in tuple(self._account.devices):
            self._whatsapp.unlink(self.number, session)


class MemoryStage(Stage):
    def __init__(self) -> None:
        self._whatsapp = MemoryWhatsApp(SystemClock())
        self.driver = MemoryWhatsAppDriver(self._whatsapp)
        self.nobody = Jid.parse("15559998888@c.us")
        self._numbers = itertools.count(15550200000)

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
