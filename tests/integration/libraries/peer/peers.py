"""The gateway's driver on Ann's side; an unmodified whatsapp-web.js on Bob's, and one more on Ann's own account.

What the account does to others Bob's client sees; what it does to itself alone, its own other device: Ann's twin.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from adapters.memory.proxy_connector import MemoryProxyConnector
from adapters.playwright.assets import find_assets
from adapters.playwright.browser import Browser
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from adapters.playwright.settings import DriverSettings
from application.ports.media_page import PIECE
from application.ports.page_events import ChangesSeen, Connected, MessagesSeen, QrShown, ReceiptsSeen, SeenMessage
from application.ports.whatsapp_driver import Outgoing, OutgoingOperation, WhatsAppPage
from domain.changes import AnyChange
from domain.content import Content, Text
from domain.group_notice import GroupNotice, NoticeKind
from domain.ids import SessionId, WhatsAppMessageId
from domain.jid import Jid
from domain.message import MessageStatus
from domain.operations import Operation
from tests.contracts.whatsapp_world import Ear, message_id

from ..sandbox import ROOT, Account, Sandbox, eventually, in_thread
from ..wwebjs import WwebjsClient

_NUMBERS: Final = itertools.count(0xD1CE)
SENT: Final = {"waitUntilMsgSent": True}


def inner(identifier: str) -> str:
    """The part of a message's id that all views share."""
    return identifier.split("_")[2]


@dataclass
class Peers:
    sandbox: Sandbox
    page: WhatsAppPage
    ear: Ear
    ann: Account
    bob: Account
    client: WwebjsClient
    twin: WwebjsClient

    @property
    def me(self) -> Jid:
        return Jid.parse(self.ann.jid)

    @property
    def chat(self) -> Jid:
        return Jid.parse(self.bob.jid)

    # --- what we do

    async def send(self, content: Content, **more: Any) -> tuple[WhatsAppMessageId, dict[str, Any]]:
        """Sends to Bob, or to ``chat``; answers the id, and what Bob's library told."""
        whatsapp_id = await self.sent(content, **more)
        told = await self.told(whatsapp_id)
        # Of what others write the library tells once more.
        await self.client.wait("message", lambda event: event["message"]["id"] == told["id"])
        return whatsapp_id, told

    async def sent(self, content: Content, *, chat: Jid | None = None, **more: Any) -> WhatsAppMessageId:
        """Sends, and leaves it open whether it arrives."""
        chat = chat or self.chat
        whatsapp_id = message_id(chat, next(_NUMBERS))
        await self.page.send(Outgoing(whatsapp_id=whatsapp_id, chat=chat, content=content, **more))
        return whatsapp_id

    async def told(self, identifier: str, *, client: WwebjsClient | None = None) -> dict[str, Any]:
        """A message as Bob's library, or another one, told of it."""
        told = await (client or self.client).wait(
            "message_create", lambda event: inner(event["message"]["id"]) == inner(identifier)
        )
        message: dict[str, Any] = told["message"]
        return message

    async def perform(self, content: Operation, *, chat: Jid | None = None) -> None:
        chat = chat or self.chat
        whatsapp_id = message_id(chat, next(_NUMBERS))
        await self.page.perform(OutgoingOperation(whatsapp_id=whatsapp_id, chat=chat, content=content))

    # --- what we are told

    async def receive(self, command: str, **arguments: Any) -> SeenMessage:
        """Has Bob's library send to Ann, or to whom ``to`` names; answers what we were told of it."""
        told = await self.client.call(command, **{"to": self.ann.jid, **arguments})
        return await self.received(told["id"])

    async def received(self, identifier: str) -> SeenMessage:
        part = inner(identifier)
        seen = await self.ear.until(
            MessagesSeen, lambda event: any(part in message.whatsapp_id for message in event.messages)
        )
        return next(message for message in seen.messages if part in message.whatsapp_id)

    async def came(self, fits: Callable[[SeenMessage], bool], *, after: int = 0) -> SeenMessage:
        """The first message of somebody else's that fits, told from a place on."""

        def found(event: MessagesSeen) -> list[SeenMessage]:
            return [each for each in event.messages if not each.from_me and fits(each)]

        return found(await self.ear.until(MessagesSeen, lambda event: bool(found(event)), after=after))[0]

    async def text(self, body: str) -> tuple[SeenMessage, dict[str, Any]]:
        """Bob's library writes; answers what we were told, and its own view of it."""
        told = await self.client.call("send", to=self.ann.jid, text=body, options=SENT)
        return await self.received(told["id"]), told

    async def change[T: AnyChange](
        self,
        kind: type[T],
        identifier: str,
        fits: Callable[[T], bool] = lambda _: True,
        *,
        ours: bool = False,
        after: int = 0,
    ) -> T:
        """A change of a message that the other side has made, or (``ours``) the account's other device."""
        part = inner(identifier)

        def fitting(event: ChangesSeen) -> list[T]:
            found = [change for change in event.changes if isinstance(change, kind)]
            return [each for each in found if part in each.target and each.from_me == ours and fits(each)]

        return fitting(await self.ear.until(ChangesSeen, lambda event: bool(fitting(event)), after=after))[-1]

    async def receipt(self, identifier: str, status: MessageStatus) -> None:
        part = inner(identifier)
        await self.ear.until(
            ReceiptsSeen,
            lambda event: any(part in each.whatsapp_id and each.status is status for each in event.receipts),
        )

    async def notice(self, group: Jid, kind: NoticeKind, fits: Callable[[GroupNotice], bool] = lambda _: True) -> Jid:
        """Who did what a notice of a group tells of."""

        def found(event: MessagesSeen) -> list[Jid]:
            return [
                each.sender
                for each in event.messages
                if each.chat == group
                and isinstance(each.content, GroupNotice)
                and each.content.kind is kind
                and fits(each.content)
            ]

        return found(await self.ear.until(MessagesSeen, lambda event: bool(found(event))))[0]

    async def file(self, identifier: WhatsAppMessageId) -> bytes:
        """A message's file, as our page opens it."""
        opened = await self.page.media.open(identifier)
        data = b""
        while len(data) < opened.size:
            data += await self.page.media.read(opened.token, start=len(data), length=PIECE)
        await self.page.media.close(opened.token)
        return data

    # --- people

    async def somebody(self, name: str) -> tuple[Account, Jid]:
        """Somebody new, who has written to Ann: a chat that nothing has happened in yet. The twin has it, too."""
        person = self.sandbox.account(name)
        sent = await in_thread(person.send, self.ann, f"I am {name}")
        await self.received(f"false_{person.jid}_{sent}")
        await self.told(f"false_{person.jid}_{sent}", client=self.twin)
        return person, Jid.parse(person.jid)

    async def twin_shows(self, chat: Jid, **expected: Any) -> None:
        """Waits until the twin shows a chat so."""

        async def shows() -> bool:
            state = await self.twin.call("chatState", chat=str(chat))
            return bool(expected.items() <= state.items())

        await eventually(shows, what=f"{expected} on the account's other device")


@asynccontextmanager
async def peers_of(browser: Browser, sandbox: Sandbox, folder: Path) -> AsyncIterator[Peers]:
    """All three linked and connected; whatever a library didn't handle fails at the end."""
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    url = f"{sandbox.page}/?syncDelayMs=300"
    driver = PlaywrightWhatsAppDriver(
        DriverSettings(browser=browser, profiles=folder / "profiles", assets=find_assets(ROOT / "web"), web_url=url),
        MemoryProxyConnector(),
    )
    client = WwebjsClient(browser, folder / "bob", sandbox.https_port)
    twin = WwebjsClient(browser, folder / "twin", sandbox.https_port)

    async def linked(library: WwebjsClient, account: Account) -> None:
        await library.start()
        await in_thread(account.scan, (await library.wait("qr"))["qr"])
        await library.wait("ready")

    await driver.start()
    try:
        await asyncio.gather(linked(client, bob), linked(twin, ann))
        page = await driver.open(SessionId("peers"), 1)
        ear = Ear(page)
        await in_thread(ann.scan, (await ear.until(QrShown)).qr.text)
        await ear.until(Connected)
        yield Peers(sandbox, page, ear, ann, bob, client, twin)
        await page.close()
        await ear.stop()
        unhandled = [event for each in (client, twin) for event in each.events if event["event"] == "unhandled"]
        assert unhandled == []
    finally:
        await asyncio.gather(client.stop(), twin.stop(), driver.stop())


def soon() -> datetime:
    """An hour ahead, to the second."""
    return datetime.fromtimestamp(int(datetime.now(UTC).timestamp()) + 3600, UTC)


def text_of(message: SeenMessage) -> str:
    assert isinstance(message.content, Text)
    return message.content.body
