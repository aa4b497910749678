"""What the suites of the WhatsApp driver play with: people with phones, an ear on a page, and a hand on the world."""

import asyncio
import itertools
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol

from application.ports.page_events import Connected, PageEvent, QrShown
from application.ports.whatsapp_driver import Outgoing, WhatsAppDriver, WhatsAppPage
from domain.content import Content, Text
from domain.event_content import EventInvitation
from domain.ids import SessionId, WhatsAppMessageId
from domain.jid import Jid
from domain.media_content import MediaContent

SECONDS: Final = 60.0
_NUMBERS: Final = itertools.count(0xC0FFEE)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A message as a phone shows it, with what was done to it; people by their numbers' addresses."""

    body: str | None
    revoked: bool
    forwarded: bool
    starred: bool
    pinned: bool
    reactions: Mapping[Jid, str]
    votes: Mapping[Jid, tuple[str, ...]]


class Person(Protocol):
    """Somebody with an account and a phone, who reads at once what comes."""

    number: str
    jid: Jid

    @abstractmethod
    async def scan(self, qr: str) -> None:
        """Links the session that shows the QR."""

    @abstractmethod
    async def enter_code(self, code: str) -> None:
        """Links the session that shows the code."""

    @abstractmethod
    async def send(self, to: "Person", text: str) -> str:
        """Writes from the phone; gives the last part of the message's id, which all views share."""

    @abstractmethod
    async def send_file(self, to: "Person", content: MediaContent, data: bytes) -> str:
        """Sends a file from the phone, with what a phone says of it; gives the last part of the message's id."""

    @abstractmethod
    async def send_content(self, to: "Person", content: Content) -> str:
        """Sends anything from the phone; gives the last part of the message's id."""

    @abstractmethod
    async def react(self, chat: "Person", inner_id: str, emoji: str) -> None:
        """Reacts to a message of a chat."""

    @abstractmethod
    async def edit(self, chat: "Person", inner_id: str, text: str) -> None:
        """Gives an own message another text."""

    @abstractmethod
    async def revoke(self, chat: "Person", inner_id: str) -> None:
        """Deletes an own message for everyone."""

    @abstractmethod
    async def vote(self, chat: "Person", inner_id: str, options: tuple[str, ...]) -> None:
        """Chooses in a poll."""

    @abstractmethod
    async def edit_event(self, chat: "Person", inner_id: str, event: EventInvitation) -> None:
        """Makes an own invitation one to another event."""

    @abstractmethod
    async def pin(self, chat: "Person", inner_id: str, duration: timedelta) -> None:
        """Pins a message of a chat for everyone."""

    @abstractmethod
    async def sees(self, chat: "Person", inner_id: str) -> Shown:
        """A message of a chat as this phone shows it; it must be there."""

    @abstractmethod
    async def file(self, inner_id: str) -> bytes:
        """The file of a message, by the last part of its id, as this phone opens it."""

    @abstractmethod
    async def files(self, chat: "Person") -> int:
        """How many messages with a file of a chat's other side this phone holds."""

    @abstractmethod
    async def held(self, chat: "Person", text: str) -> list[Any]:
        """The messages of a chat with exactly this text, as this phone holds them."""

    @abstractmethod
    async def devices(self) -> int:
        """How many companion devices the phone lists."""

    @abstractmethod
    async def unlink(self) -> None:
        """Takes all companion devices off the account."""


class Stage(Protocol):
    """A WhatsApp in which a test can let things happen, and the driver of it."""

    driver: WhatsAppDriver
    nobody: Jid
    """A user's address that has no account."""

    @abstractmethod
    async def person(self, name: str = "Person") -> Person:
        """Somebody new."""

    @abstractmethod
    async def cut(self, session: SessionId, who: Person) -> None:
        """Takes WhatsApp away from a session's page, until ``mend``."""

    @abstractmethod
    async def mend(self, session: SessionId) -> None:
        """Gives WhatsApp back."""

    @abstractmethod
    async def fail_uploads(self, who: Person) -> None:
        """Has WhatsApp take no files of an account, until ``mend``."""

    @abstractmethod
    async def expire_files(self, who: Person) -> None:
        """Takes an account's files off WhatsApp's servers, until ``mend``."""

    @abstractmethod
    async def spoil_files(self, who: Person) -> None:
        """Has WhatsApp give another file than an account sent, until ``mend``."""

    @abstractmethod
    async def kill(self, session: SessionId) -> None:
        """Kills the browser of a session's page."""


class Ear:
    """Hears a page's events, all of them, and waits for those that a test is about."""

    def __init__(self, page: WhatsAppPage) -> None:
        self.page = page
        self.heard: list[PageEvent] = []
        self.ended = False
        self._news = asyncio.Condition()
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for event in self.page.events():
            await self._add(event)
        self.ended = True
        await self._add(None)

    async def _add(self, event: PageEvent | None) -> None:
        async with self._news:
            if event is not None:
                self.heard.append(event)
            self._news.notify_all()

    async def until[T: PageEvent](
        self, kind: type[T], that: Callable[[T], bool] = lambda _: True, *, after: int = 0
    ) -> T:
        """The first event of a kind, from position ``after`` on, that fits; it may have come already."""

        def found() -> T | None:
            return next((event for event in self.heard[after:] if isinstance(event, kind) and that(event)), None)

        try:
            async with asyncio.timeout(SECONDS), self._news:
                await self._news.wait_for(found)
        except TimeoutError:
            heard = [each.__name__ for each in self.kinds()]
            raise AssertionError(f"no such {kind.__name__} within {SECONDS} s, but {heard}") from None
        event = found()
        assert event is not None
        return event

    async def until_ended(self) -> None:
        """Waits for the end of the stream."""
        async with asyncio.timeout(SECONDS), self._news:
            await self._news.wait_for(lambda: self.ended)

    def kinds(self) -> list[type[PageEvent]]:
        return [type(event) for event in self.heard]

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@dataclass(frozen=True)
class Linked:
    """An open page that is linked and connected."""

    stage: Stage
    session: SessionId
    page: WhatsAppPage
    ear: Ear
    me: Person


async def link(page: WhatsAppPage, person: Person) -> Ear:
    """Links an account by QR and waits until it is connected."""
    ear = Ear(page)
    qr = await ear.until(QrShown)
    await person.scan(qr.qr.text)
    await ear.until(Connected)
    return ear


async def open_linked(stage: Stage, session: SessionId) -> Linked:
    """A page of a new session, linked to somebody new."""
    me = await stage.person("Me")
    page = await stage.driver.open(session, 1)
    return Linked(stage, session, page, await link(page, me), me)


async def stored(page: WhatsAppPage, message: WhatsAppMessageId) -> None:
    """Returns once the page has stored a message, and WhatsApp knows that it has: it is told of, and sent, before.

    A star is answered when it is stored, which is after the message is.
    """
    await page.messages.star(message, starred=True)


def message_id(chat: Jid, number: int) -> WhatsAppMessageId:
    return WhatsAppMessageId(f"true_{chat}_3EB0{number:018X}")


def text(to: Person, body: str, **more: Any) -> Outgoing:
    """A text to somebody, with an id of its own."""
    return text_to(to.jid, body, **more)


def text_to(chat: Jid, body: str, **more: Any) -> Outgoing:
    return Outgoing(whatsapp_id=message_id(chat, next(_NUMBERS)), chat=chat, content=Text(body=body), **more)


def new_id(chat: Jid) -> WhatsAppMessageId:
    """An id for a message to a chat that nobody used before."""
    return message_id(chat, next(_NUMBERS))
