"""The gateway's driver on Ann's side, an unmodified whatsapp-web.js on Bob's: what one does, the other hears of."""

import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from adapters.playwright.assets import find_assets
from adapters.playwright.browser import Browser
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from adapters.playwright.settings import DriverSettings
from application.ports.page_events import ChangesSeen, Connected, MessagesSeen, QrShown, SeenMessage
from application.ports.whatsapp_driver import Outgoing, OutgoingOperation, WhatsAppPage
from domain.changes import AnyChange, Edited, Pinned, Reacted, Revoked, Voted
from domain.contact_content import CardName, CardPhone, ContactCard, Contacts
from domain.content import Content, Text
from domain.event_content import EventInvitation
from domain.ids import SessionId, WhatsAppMessageId
from domain.interactive_content import Choice, Interactive, ListMenu, ReplyButtons, Section
from domain.jid import Jid
from domain.location_content import Location
from domain.operations import Edit, Operation, Pin, PollVote, Reaction, Revoke
from domain.poll_content import Poll
from domain.text_content import LinkPreview
from tests.contracts.whatsapp_world import Ear, message_id

from .sandbox import ROOT, Account, Sandbox, in_thread
from .wwebjs import WwebjsClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

_NUMBERS = itertools.count(0xD1CE)
STARTS = datetime(2030, 5, 1, 18, tzinfo=UTC)
CARD = ContactCard(name=CardName(formatted="Olga"), phones=(CardPhone(phone="+1 555", whatsapp="15550001"),))
POLL = Poll(question="Which?", options=("red", "blue"), selectable=1)
CONTENTS: list[tuple[Content, Callable[[dict[str, Any]], Any]]] = [
    (Location(latitude=1.5, longitude=2.5, name="Here"), lambda data: (data["lat"], data["lng"], data["loc"])),
    (Contacts(cards=(CARD,)), lambda data: data["vcardFormattedName"]),
    (Contacts(cards=(CARD, CARD)), lambda data: len(data["vcardList"])),
    (EventInvitation(name="Picnic", starts_at=STARTS), lambda data: (data["eventName"], data["eventStartTime"])),
    (
        Interactive(
            body="Choose",
            action=ListMenu(button="Menu", sections=(Section(title="S", rows=(Choice(id="a", title="A"),)),)),
        ),
        lambda data: data["list"]["sections"][0]["rows"][0]["rowId"],
    ),
    (
        Interactive(body="Well?", action=ReplyButtons(buttons=(Choice(id="y", title="Yes"),))),
        lambda data: data["buttons"][0]["displayText"],
    ),
    (
        Text(body="see https://example.org", preview=LinkPreview(url="https://example.org", title="Example")),
        lambda data: (data["title"], data["matchedText"]),
    ),
]
EXPECTED = [
    (1.5, 2.5, "Here"),
    "Olga",
    2,
    ("Picnic", int(STARTS.timestamp())),
    "a",
    "Yes",
    ("Example", "https://example.org"),
]


@dataclass
class Peers:
    page: WhatsAppPage
    ear: Ear
    ann: Account
    bob: Account
    client: WwebjsClient

    @property
    def chat(self) -> Jid:
        return Jid.parse(self.bob.jid)

    async def send(self, content: Content) -> tuple[WhatsAppMessageId, dict[str, Any]]:
        """Sends to Bob; answers the id, and what his library told."""
        whatsapp_id = message_id(self.chat, next(_NUMBERS))
        await self.page.send(Outgoing(whatsapp_id=whatsapp_id, chat=self.chat, content=content))
        told = await self.client.wait("message", lambda event: _inner(event["message"]["id"]) == _inner(whatsapp_id))
        return whatsapp_id, told["message"]

    async def perform(self, content: Operation) -> None:
        whatsapp_id = message_id(self.chat, next(_NUMBERS))
        await self.page.perform(OutgoingOperation(whatsapp_id=whatsapp_id, chat=self.chat, content=content))

    async def received(self, identifier: str) -> SeenMessage:
        part = _inner(identifier)
        seen = await self.ear.until(
            MessagesSeen, lambda event: any(part in message.whatsapp_id for message in event.messages)
        )
        return next(message for message in seen.messages if part in message.whatsapp_id)

    async def change[T: AnyChange](self, kind: type[T], identifier: str) -> T:
        part = _inner(identifier)

        def fitting(event: ChangesSeen) -> list[T]:
            found = [change for change in event.changes if isinstance(change, kind)]
            return [change for change in found if part in change.target and not change.from_me]

        return fitting(await self.ear.until(ChangesSeen, lambda event: bool(fitting(event))))[-1]


def _inner(identifier: str) -> str:
    return identifier.split("_")[2]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def peers(browser: Browser, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Peers]:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    folder = tmp_path_factory.mktemp("peers")
    assets = find_assets(ROOT / "web")
    url = f"{sandbox.page}/?syncDelayMs=300"
    driver = PlaywrightWhatsAppDriver(
        DriverSettings(browser=browser, profiles=folder / "profiles", assets=assets, web_url=url)
    )
    await driver.start()
    try:
        async with WwebjsClient(browser, folder / "bob", sandbox.https_port) as client:
            await in_thread(bob.scan, (await client.wait("qr"))["qr"])
            await client.wait("ready")
            page = await driver.open(SessionId("peers"), 1)
            ear = Ear(page)
            shown = await ear.until(QrShown)
            await in_thread(ann.scan, shown.qr.text)
            await ear.until(Connected)
            yield Peers(page, ear, ann, bob, client)
            await page.close()
            await ear.stop()
    finally:
        await driver.stop()


async def test_what_we_send_is_received(peers: Peers) -> None:
    for (content, read), expected in zip(CONTENTS, EXPECTED, strict=True):
        _, told = await peers.send(content)
        assert read(told["data"]) == expected


async def test_what_it_sends_is_received(peers: Peers) -> None:
    async def sent(command: str, **arguments: Any) -> Content:
        told = await peers.client.call(command, to=peers.ann.jid, **arguments)
        return (await peers.received(told["id"])).content

    place = await sent("location", latitude=3.5, longitude=-4.5, place={"name": "There", "address": "Road 1"})
    assert place == Location(latitude=3.5, longitude=-4.5, name="There", address="Road 1")
    cards = await sent("cards", people=[peers.ann.jid, peers.bob.jid])
    assert isinstance(cards, Contacts)
    assert [card.name.formatted for card in cards.cards] == ["Ann", "Bob"]
    assert await sent("poll", question="Q", answers=["a", "b"], multiple=True) == Poll(
        question="Q", options=("a", "b"), selectable=0
    )
    event = await sent("event", name="Dinner", start=STARTS.timestamp() * 1000)
    assert event == EventInvitation(name="Dinner", starts_at=STARTS)
    rows = [{"id": "a", "title": "Tea", "description": "green"}]
    menu = await sent("list", body="Choose", button="Menu", sections=[{"title": "S", "rows": rows}], title="Bar")
    assert isinstance(menu, Interactive)
    assert isinstance(menu.action, ListMenu)
    assert menu.action.sections[0].rows[0].title == "Tea"
    buttons = await sent("buttons", body="Coming?", buttons=[{"id": "yes", "body": "Yes"}], title="Well")
    assert isinstance(buttons, Interactive)
    assert buttons.action == ReplyButtons(buttons=(Choice(id="yes", title="Yes"),))


async def test_reactions_and_edits(peers: Peers) -> None:
    target, told = await peers.send(Text(body="helo Bob"))
    await peers.perform(Reaction(target=target, emoji="🎉"))
    heard = await peers.client.wait("message_reaction", lambda event: event["of"] == told["id"])
    assert (heard["emoji"], heard["by"]) == ("🎉", peers.ann.jid)
    await peers.perform(Edit(target=target, body="hello Bob"))
    edited = await peers.client.wait("message_edit", lambda event: event["id"] == told["id"])
    assert edited["now"] == "hello Bob"
    await peers.client.call("react", of=told["id"], emoji="👍")
    assert (await peers.change(Reacted, target)).emoji == "👍"
    his = await peers.client.call("send", to=peers.ann.jid, text="helo Ann", options={"waitUntilMsgSent": True})
    await peers.received(his["id"])
    await peers.client.call("edit", of=his["id"], text="hello Ann")
    assert (await peers.change(Edited, his["id"])).body == "hello Ann"


async def test_deletions_for_everyone(peers: Peers) -> None:
    target, told = await peers.send(Text(body="hers, for a while"))
    await peers.perform(Revoke(target=target))
    await peers.client.wait("message_revoke_everyone", lambda event: event["of"] == told["id"])
    his = await peers.client.call("send", to=peers.ann.jid, text="his, for a while", options={"waitUntilMsgSent": True})
    await peers.received(his["id"])
    await peers.client.call("delete", of=his["id"], everyone=True)
    revoked = await peers.change(Revoked, his["id"])
    assert str(revoked.by) == peers.bob.jid


async def test_votes_and_pins(peers: Peers) -> None:
    target, told = await peers.send(POLL)
    await peers.client.call("vote", of=told["id"], options=["blue"])
    assert (await peers.change(Voted, target)).options == ("blue",)
    await peers.perform(PollVote(target=target, options=("red",)))
    vote = await peers.client.wait(
        "vote_update", lambda event: event["of"] == told["id"] and event["by"] == peers.ann.jid
    )
    assert vote["options"] == ["red"]
    await peers.perform(Pin(target=target, duration=timedelta(days=1)))
    assert [each["id"] for each in await peers.client.call("pinned", chat=peers.ann.jid)] == [told["id"]]
    assert await peers.client.call("unpinMessage", of=told["id"]) is True
    assert (await peers.change(Pinned, target)).until is None


async def test_a_forwarded_text_carries_its_mark_both_ways(peers: Peers) -> None:
    whatsapp_id = message_id(peers.chat, next(_NUMBERS))
    content = Text(body="heard it there")
    await peers.page.send(Outgoing(whatsapp_id=whatsapp_id, chat=peers.chat, content=content, forwarded=True))
    told = await peers.client.wait("message", lambda event: event["message"]["body"] == "heard it there")
    assert told["message"]["data"]["isForwarded"] is True
    await peers.client.call("forward", of=told["message"]["id"], to=peers.ann.jid)
    seen = await peers.ear.until(
        MessagesSeen, lambda event: any(each.content == content and not each.from_me for each in event.messages)
    )
    assert seen.messages[0].forwarded
