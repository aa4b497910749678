"""The WhatsApp in memory keeps what the driver port promises."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import override

import pytest

from adapters.memory.driver import (
    Die,
    Hang,
    LoseOutcome,
    MemoryWhatsApp,
    MemoryWhatsAppDriver,
    Operation,
    Refuse,
)
from application.ports.clock import Clock
from application.ports.page_events import (
    BridgeReady,
    Connected,
    ConnectionLost,
    LoggedOut,
    MessagesSeen,
    PageDied,
    PageEvent,
    QrBatchEnded,
    QrShown,
    ReceiptsSeen,
    Syncing,
)
from application.ports.whatsapp_driver import Outgoing, PageHealth, WhatsAppPage
from domain.content import Text
from domain.errors import (
    CapabilityUnavailableError,
    ConflictError,
    DeadlineExceededError,
    GoneError,
    RateLimitedError,
    UnavailableError,
    UnprocessableError,
)
from domain.ids import SessionId, WhatsAppMessageId
from domain.jid import Jid
from domain.message import MessageStatus

ANA, BEN = "15550000001", "15550000002"
SESSION = SessionId("ana")


class StoppedClock(Clock):
    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    @override
    def now(self) -> datetime:
        return self.time

    @override
    def elapsed(self) -> timedelta:
        return timedelta(seconds=asyncio.get_running_loop().time())

    @override
    async def sleep(self, span: timedelta) -> None:
        self.time += span


class World:
    def __init__(self) -> None:
        self.clock = StoppedClock()
        self.whatsapp = MemoryWhatsApp(self.clock)
        self.driver = MemoryWhatsAppDriver(self.whatsapp)
        self.whatsapp.add_account(ANA)
        self.whatsapp.add_account(BEN)

    async def linked(self, session: SessionId = SESSION, phone: str = ANA) -> tuple[WhatsAppPage, "Events"]:
        page = await self.driver.open(session, 1)
        events = Events(page)
        assert isinstance(await events.next(), BridgeReady)
        shown = await events.next()
        assert isinstance(shown, QrShown)
        self.whatsapp.scan(phone, shown.qr.text)
        assert isinstance(await events.next(), Syncing)
        assert isinstance(await events.next(), Connected)
        return page, events


class Events:
    def __init__(self, page: WhatsAppPage) -> None:
        self.stream: AsyncIterator[PageEvent] = page.events()

    async def next(self) -> PageEvent:
        async with asyncio.timeout(2):
            return await anext(self.stream)

    async def ended(self) -> bool:
        async with asyncio.timeout(2):
            return [event async for event in self.stream] == []


@pytest.fixture
def world() -> World:
    return World()


def outgoing(number: int = 1, to: str = BEN, *, reply_to: WhatsAppMessageId | None = None) -> Outgoing:
    chat = Jid.from_phone(to)
    whatsapp_id = WhatsAppMessageId(f"true_{chat}_3EB0{number:018X}")
    return Outgoing(whatsapp_id=whatsapp_id, chat=chat, content=Text(body="hi"), reply_to=reply_to)


async def test_a_scan_links_and_a_reopened_page_needs_no_qr(world: World) -> None:
    page, events = await world.linked()
    assert (await page.probe()).health is PageHealth.SOUND
    await page.close()
    await page.close()
    assert await events.ended()
    again = Events(await world.driver.open(SESSION, 1))
    assert [type(await again.next()) for _ in range(3)] == [BridgeReady, Syncing, Connected]


async def test_an_expired_qr_is_refused_and_a_batch_ends(world: World) -> None:
    page = await world.driver.open(SESSION, 1)
    events = Events(page)
    await events.next()
    shown = await events.next()
    assert isinstance(shown, QrShown)
    world.clock.time += timedelta(seconds=60)
    with pytest.raises(GoneError):
        world.whatsapp.scan(ANA, shown.qr.text)
    while world.whatsapp.rotate_qr(SESSION):
        assert isinstance(await events.next(), QrShown)
    assert isinstance(await events.next(), QrBatchEnded)
    await page.refresh_qr()
    assert isinstance(await events.next(), QrShown)


async def test_a_pairing_code_links(world: World) -> None:
    page = await world.driver.open(SESSION, 1)
    code = await page.request_pairing_code(ANA)
    assert len(code.code) == 8
    world.whatsapp.enter_code(ANA, code.code)
    assert (await page.probe()).health is PageHealth.SOUND
    with pytest.raises(ConflictError, match="linked"):
        await page.request_pairing_code(ANA)


async def test_pairing_codes_are_limited(world: World) -> None:
    page = await world.driver.open(SESSION, 1)
    for _ in range(3):
        await page.request_pairing_code(ANA)
    with pytest.raises(RateLimitedError) as caught:
        await page.request_pairing_code(ANA)
    assert caught.value.retry_after == timedelta(minutes=1)


async def test_a_message_goes_out_and_its_receipts_come_in_order(world: World) -> None:
    page, events = await world.linked()
    sent = await page.send(outgoing())
    assert sent.status is MessageStatus.SENT
    world.whatsapp.phone_reads(BEN, ANA)
    statuses = []
    for _ in range(3):
        event = await events.next()
        assert isinstance(event, ReceiptsSeen)
        statuses.append(event.receipts[0].status)
    assert statuses == [MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ]
    found = await page.find(sent.whatsapp_id)
    assert found is not None
    assert found.status is MessageStatus.READ


async def test_the_same_id_is_sent_once(world: World) -> None:
    page, _ = await world.linked()
    first, second = await asyncio.gather(page.send(outgoing()), page.send(outgoing()))
    assert first.whatsapp_id == second.whatsapp_id
    assert len(world.whatsapp.account(BEN).phone_messages) == 1


async def test_two_sessions_write_to_each_other(world: World) -> None:
    ana, _ = await world.linked()
    _, heard = await world.linked(SessionId("ben"), BEN)
    await ana.send(outgoing())
    event = await heard.next()
    assert isinstance(event, MessagesSeen)
    assert (event.messages[0].sender, event.messages[0].from_me) == (Jid.from_phone(ANA), False)


async def test_what_came_while_the_page_was_closed_waits_for_it(world: World) -> None:
    page, _ = await world.linked()
    await page.close()
    whatsapp_id = world.whatsapp.phone_sends(BEN, ANA, "are you there?")
    again = Events(await world.driver.open(SESSION, 1))
    seen = [await again.next() for _ in range(4)][-1]
    assert isinstance(seen, MessagesSeen)
    assert seen.messages[0].whatsapp_id.split("_")[2] == whatsapp_id.split("_")[2]


async def test_a_muted_page_knows_what_it_did_not_tell(world: World) -> None:
    page, _ = await world.linked()
    world.whatsapp.mute(SESSION)
    world.whatsapp.phone_sends(BEN, ANA, "psst")
    recent = await page.recent(since=world.clock.now(), limit=10)
    assert [message.from_me for message in recent] == [False]


async def test_an_answer_names_the_message_in_each_view(world: World) -> None:
    page, _ = await world.linked()
    asked = world.whatsapp.phone_sends(BEN, ANA, "ok?").split("_")[2]
    await page.send(outgoing(reply_to=WhatsAppMessageId(f"false_{BEN}@c.us_{asked}")))
    answers = [message.reply_to for message in world.whatsapp.account(BEN).phone_messages.values()]
    assert answers[-1] == f"true_{ANA}@c.us_{asked}"
    with pytest.raises(UnprocessableError) as caught:
        await page.send(outgoing(2, reply_to=WhatsAppMessageId("false_1@c.us_UNKNOWN")))
    assert caught.value.reason == "QUOTED_MESSAGE_UNKNOWN"


async def test_a_refused_send_does_not_leave(world: World) -> None:
    page, _ = await world.linked()
    world.whatsapp.script(SESSION, Operation.SEND, Refuse(RateLimitedError("REACHOUT_TIMELOCK", "Later.")))
    with pytest.raises(RateLimitedError):
        await page.send(outgoing())
    assert await page.find(outgoing().whatsapp_id) is None
    with pytest.raises(UnprocessableError) as caught:
        await page.send(outgoing(to="15550000009"))
    assert caught.value.reason == "NUMBER_NOT_ON_WHATSAPP"


async def test_a_lost_outcome_is_found_afterwards(world: World) -> None:
    page, _ = await world.linked()
    world.whatsapp.script(SESSION, Operation.SEND, LoseOutcome())
    with pytest.raises(DeadlineExceededError):
        await page.send(outgoing())
    assert await page.find(outgoing().whatsapp_id) is not None
    await page.send(outgoing())
    assert len(world.whatsapp.account(BEN).phone_messages) == 1


@pytest.mark.parametrize("after_effect", [False, True])
async def test_a_page_that_dies_while_it_sends(world: World, after_effect: bool) -> None:
    page, events = await world.linked()
    world.whatsapp.script(SESSION, Operation.SEND, Die(after_effect=after_effect))
    with pytest.raises(UnavailableError):
        await page.send(outgoing())
    assert isinstance(await events.next(), PageDied)
    assert await events.ended()
    again = await world.driver.open(SESSION, 1)
    assert (await again.find(outgoing().whatsapp_id) is not None) is after_effect
    await again.send(outgoing())
    assert len(world.whatsapp.account(BEN).phone_messages) == 1


async def test_a_hanging_call_ends_with_the_page(world: World) -> None:
    page, _ = await world.linked()
    world.whatsapp.script(SESSION, Operation.PROBE, Hang())
    probe = asyncio.ensure_future(page.probe())
    await asyncio.sleep(0)
    world.whatsapp.kill_page(SESSION)
    with pytest.raises(UnavailableError):
        await probe


async def test_what_was_sent_without_a_connection_leaves_with_the_next(world: World) -> None:
    page, events = await world.linked()
    world.whatsapp.drop_connection(SESSION)
    assert isinstance(await events.next(), ConnectionLost)
    assert (await page.probe()).health is PageHealth.DISCONNECTED
    with pytest.raises(DeadlineExceededError):
        await page.send(outgoing())
    pending = await page.find(outgoing().whatsapp_id)
    assert pending is not None
    assert pending.status is None
    world.whatsapp.restore_connection(SESSION)
    await page.send(outgoing())
    assert len(world.whatsapp.account(BEN).phone_messages) == 1


async def test_logout_and_unlink_end_the_link(world: World) -> None:
    page, events = await world.linked()
    await page.logout()
    assert isinstance(await events.next(), LoggedOut)
    assert world.whatsapp.account(ANA).devices == {}
    with pytest.raises(ConflictError):
        await page.logout()
    await page.close()
    page, _ = await world.linked()
    await page.close()
    world.whatsapp.unlink(ANA, SESSION)
    again = Events(await world.driver.open(SESSION, 1))
    assert [type(await again.next()) for _ in range(2)] == [BridgeReady, LoggedOut]


async def test_a_profile_has_one_page(world: World) -> None:
    page = await world.driver.open(SESSION, 1)
    with pytest.raises(ConflictError):
        await world.driver.open(SESSION, 1)
    with pytest.raises(ConflictError):
        await world.driver.forget(SESSION)
    await page.close()
    await world.driver.forget(SESSION)


async def test_a_missing_capability_is_told_and_kept(world: World) -> None:
    world.whatsapp.missing_capabilities.add("SEND_TEXT")
    page, _ = await world.linked()
    assert [c.name for c in page.capabilities() if not c.available] == ["SEND_TEXT"]
    with pytest.raises(CapabilityUnavailableError):
        await page.send(outgoing())
