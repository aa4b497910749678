"""Two gateways on one database, as their callers see them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import override

import pytest

from adapters.memory.database import MemoryDatabase
from adapters.memory.driver import LoseOutcome, MemoryWhatsApp, Operation
from adapters.memory.event_bus import MemoryEventBus
from application.ports.media_page import PIECE
from application.ports.page_events import QrBatchEnded
from application.sessions.create_session import CreateSessionCommand
from application.sessions.own_proxy import GivenProxy, ProxyChange
from application.sessions.update_session import UpdateSession, UpdateSessionCommand
from application.workers.peer_calls import Json, PeerCalls
from domain.errors import (
    ConflictError,
    DeadlineExceededError,
    GoneError,
    InternalError,
    NotFoundError,
    UnprocessableError,
)
from domain.ids import WhatsAppMessageId
from domain.jid import Jid
from domain.lease import Lease, Owner
from domain.media_content import Document, MediaReference
from domain.message import MessageStatus
from domain.proxy import Proxy
from domain.session import SessionStatus, StatusReason

from .world import ANA, BEN, SESSION, HastyClock, World, running, until

NORTH, SOUTH = Owner(node="north", life="north-1"), Owner(node="south", life="south-1")
LEFT = {MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ}
SOON = timedelta(seconds=5)


class TwiceBus(MemoryEventBus):
    """Brings everything twice, as a retry whose first try had come through does."""

    @override
    async def publish(self, topic: str, payload: str = "") -> None:
        await super().publish(topic, payload)
        await super().publish(topic, payload)


class Two:
    """North runs the session; south is asked."""

    def __init__(self, north: World, south: World) -> None:
        self.north = north
        self.south = south

    async def lease(self) -> Lease | None:
        async with self.north.database.begin() as uow:
            return await uow.leases.find(SESSION)

    async def owner(self) -> Owner | None:
        lease = await self.lease()
        return None if lease is None else lease.owner


@asynccontextmanager
async def two(
    clock: HastyClock, whatsapp: MemoryWhatsApp, bus: MemoryEventBus, *, ttl: float = 20
) -> AsyncIterator[Two]:
    database, spans = MemoryDatabase(), timedelta(seconds=ttl)
    north = World(clock, whatsapp, database, bus=bus, owner=NORTH, ttl=spans)
    south = World(clock, whatsapp, database, north.codes, bus=bus, owner=SOUTH, ttl=spans)
    async with running(north):
        await north.create.execute(CreateSessionCommand(id=SESSION))
        await north.status(SessionStatus.SCAN_QR_CODE)
        async with running(south):
            yield Two(north, south)


@pytest.fixture(params=[MemoryEventBus, TwiceBus])
async def pair(request: pytest.FixtureRequest, clock: HastyClock, whatsapp: MemoryWhatsApp) -> AsyncIterator[Two]:
    async with two(clock, whatsapp, request.param()) as opened:
        yield opened


async def link(pair: Two) -> None:
    qr = await pair.south.get_qr.execute(SESSION, wait=SOON)
    pair.south.whatsapp.scan(ANA, qr.text)
    await pair.south.status(SessionStatus.WORKING)
    assert await pair.owner() == NORTH


async def test_what_is_sent_at_one_leaves_from_the_other(pair: Two) -> None:
    await link(pair)
    messages = [await pair.south.text(str(number), wait=5) for number in range(5)]
    assert {message.status for message in messages} <= LEFT
    assert pair.south.phone_bodies() == ["0", "1", "2", "3", "4"]


async def test_a_number_is_looked_up_at_the_owner(pair: Two) -> None:
    await link(pair)
    with pytest.raises(UnprocessableError) as refused:
        await pair.south.text("nobody", to="15550109999")
    assert refused.value.reason == "NUMBER_NOT_ON_WHATSAPP"


async def test_a_file_is_fetched_from_the_owners_page_in_pieces(pair: Two) -> None:
    await link(pair)
    data = bytes(range(256)) * (PIECE // 256) + b"and the rest"
    content = Document(media=MediaReference(mime_type="application/zip"), filename="a.zip")
    sent = pair.south.whatsapp.phone_sends_file(BEN, ANA, content, data)
    whatsapp_id = WhatsAppMessageId(f"false_{BEN}@c.us_{sent.split('_')[2]}")
    media = (await pair.south.supervisor.page(SESSION)).media
    opened = await media.open(whatsapp_id)
    assert (opened.size, opened.mime_type) == (len(data), "application/zip")
    pieces = [await media.read(opened.token, start=start, length=PIECE) for start in (0, PIECE)]
    assert b"".join(pieces) == data
    await media.close(opened.token)
    with pytest.raises(NotFoundError) as closed:
        await media.read(opened.token, start=0, length=1)
    assert closed.value.reason == "MEDIA_NOT_OPEN"
    pair.south.whatsapp.expired.add(Jid.from_phone(BEN))
    with pytest.raises(GoneError) as gone:
        await media.open(whatsapp_id)
    assert gone.value.reason == "MEDIA_EXPIRED"


async def test_stop_and_start_reach_the_owner(pair: Two) -> None:
    await link(pair)
    stopped = await pair.south.stop.execute(SESSION)
    assert (stopped.status, pair.south.whatsapp.profile(SESSION).page) == (SessionStatus.STOPPED, None)
    assert await pair.lease() is None
    # Nobody ran it: who is asked takes it.
    await pair.south.start.execute(SESSION)
    await pair.south.status(SessionStatus.WORKING)
    assert await pair.owner() == SOUTH


async def test_restart_closes_the_page_at_the_owner(pair: Two) -> None:
    await link(pair)
    page = pair.north.whatsapp.profile(SESSION).page
    await pair.south.restart.execute(SESSION)
    await pair.south.status(SessionStatus.WORKING)
    assert pair.north.whatsapp.profile(SESSION).page not in {None, page}
    assert await pair.owner() == NORTH


async def test_logout_is_confirmed_by_the_owner_once(pair: Two) -> None:
    await link(pair)
    ended = await pair.south.logout.execute(SESSION)
    assert (ended.status, ended.status_reason) == (SessionStatus.LOGGED_OUT, StatusReason.LOGGED_OUT_BY_API)
    assert not pair.north.whatsapp.account(ANA).devices
    with pytest.raises(ConflictError) as refused:
        await pair.south.logout.execute(SESSION)
    assert refused.value.reason == "NOT_LINKED"


async def test_an_owner_s_refusal_comes_back_as_it_was(pair: Two) -> None:
    await link(pair)
    pair.north.whatsapp.script(SESSION, Operation.LOGOUT, LoseOutcome())
    with pytest.raises(DeadlineExceededError) as unsure:
        await pair.south.logout.execute(SESSION)
    assert unsure.value.reason == "LOGOUT_UNCONFIRMED"


async def test_linking_goes_through_the_owner(pair: Two) -> None:
    code = await pair.south.pairing_code.execute(SESSION, phone=ANA)
    assert len(code.code.replace("-", "")) == 8
    pair.north.whatsapp.page(SESSION).tell(QrBatchEnded())

    async def ended() -> bool | None:
        return (await pair.south.session()).status_reason is StatusReason.QR_BATCH_ENDED or None

    await until(ended)
    fresh = await pair.south.refresh_qr.execute(SESSION, wait=SOON)
    pair.south.whatsapp.scan(ANA, fresh.text)
    await pair.south.status(SessionStatus.WORKING)


async def test_a_session_is_deleted_at_either(pair: Two) -> None:
    await link(pair)
    async with asyncio.timeout(5):
        await pair.south.delete.execute(SESSION)
    assert pair.north.whatsapp.profile(SESSION).page is None
    with pytest.raises(NotFoundError):
        await pair.south.session()
    await pair.south.create.execute(CreateSessionCommand(id=SESSION))
    await pair.south.status(SessionStatus.SCAN_QR_CODE)


async def test_an_owner_that_is_silent_is_told_of(pair: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    await link(pair)
    monkeypatch.setattr("application.workers.remote_session._CLOSING", timedelta(seconds=0.05))
    monkeypatch.setattr(PeerCalls, "_answer", _never)
    with pytest.raises(DeadlineExceededError) as silent:
        await pair.south.logout.execute(SESSION)
    assert (silent.value.reason, silent.value.metadata["node"]) == ("OWNER_SILENT", "north")


async def _never(*_: object) -> None:
    pass


async def test_a_gateway_that_ends_hands_over_at_once(clock: HastyClock, whatsapp: MemoryWhatsApp) -> None:
    database, bus = MemoryDatabase(), MemoryEventBus()
    north = World(clock, whatsapp, database, bus=bus, owner=NORTH)
    south = World(clock, whatsapp, database, north.codes, bus=bus, owner=SOUTH)
    async with running(south):
        async with running(north):
            await north.linked()
            lease = await Two(north, south).lease()
            assert lease is not None
            first = lease.owner

        other = south if first == NORTH else None
        if other is not None:
            await south.status(SessionStatus.WORKING)
        assert await Two(north, south).owner() == SOUTH
        assert (await south.text("after")).status in LEFT


async def test_calls_are_answered_with_what_came_of_them() -> None:
    bus, done, faults = MemoryEventBus(), [], []
    north, south = PeerCalls(bus, NORTH), PeerCalls(bus, SOUTH)

    async def add(asked: Json) -> Json:
        done.append(asked["number"])
        return {"sum": asked["number"] + 1}

    async def fail(_: Json) -> Json:
        raise ZeroDivisionError("secret")

    serving = asyncio.create_task(north.serve({"add": add, "fail": fail}, faults.append))
    await asyncio.sleep(0)
    answers = await asyncio.gather(*(south.call(NORTH, "add", {"number": n}, within=SOON) for n in range(20)))
    assert [answer["sum"] for answer in answers] == list(range(1, 21))
    assert sorted(done) == list(range(20))
    for method in ("fail", "unheard-of"):
        with pytest.raises(InternalError) as told:
            await south.call(NORTH, method, {}, within=SOON)
        assert "secret" not in str(told.value)
    assert [type(fault) for fault in faults] == [ZeroDivisionError]
    serving.cancel()
    await asyncio.wait({serving})
    with pytest.raises(DeadlineExceededError):
        await south.call(NORTH, "add", {"number": 99}, within=timedelta(seconds=0.05))
    assert 99 not in done


async def test_a_login_is_taken_back_through_the_owner(pair: Two) -> None:
    await link(pair)
    pair.north.whatsapp.conflict(SESSION)

    async def lost() -> bool | None:
        return (await pair.south.session()).status_reason is StatusReason.CONFLICT or None

    await until(lost)
    await pair.south.take_over.execute(SESSION)
    await pair.south.status(SessionStatus.WORKING)
    assert await pair.owner() == NORTH


async def test_what_others_write_on_the_bus_harms_nobody(pair: Two) -> None:
    await link(pair)
    for payload in (
        "",
        "{",
        "[]",
        "7",
        "null",
        '{"id": "x"}',
        '{"id": "x", "method": "logout", "arguments": {}}',
        "\x00",
    ):
        for topic in (f"peer-calls:{NORTH.life}", "workers"):
            await pair.south.bus.publish(topic, payload)
    assert (await pair.south.text("still")).status in LEFT
    await pair.south.restart.execute(SESSION)
    pair.north.faults.clear()  # of the call without a session


async def test_a_login_of_a_session_that_was_deleted_elsewhere_is_nobody_s(world: World) -> None:
    """Another gateway's data directory still holds it, when a session with the same id is made."""
    await world.linked()
    profile = world.whatsapp.profile(SESSION)
    await world.delete.execute(SESSION)
    left = world.whatsapp.profile(SESSION)
    left.account, left.epoch = profile.account, 1
    world.whatsapp.account(ANA).devices[SESSION] = left
    await world.create.execute(CreateSessionCommand(id=SESSION))
    session = await world.status(SessionStatus.SCAN_QR_CODE, SessionStatus.WORKING)
    assert (session.status, session.me) == (SessionStatus.SCAN_QR_CODE, None)


class DeafBus(MemoryEventBus):
    """Brings nothing to the gateways' workers, as one that was away just then."""

    @override
    async def publish(self, topic: str, payload: str = "") -> None:
        if topic != "workers":
            await super().publish(topic, payload)


@pytest.mark.parametrize("bus", [MemoryEventBus, DeafBus])
async def test_a_proxy_that_is_set_at_one_is_the_other_s_browser_s(
    clock: HastyClock, whatsapp: MemoryWhatsApp, bus: type[MemoryEventBus]
) -> None:
    async with two(clock, whatsapp, bus()) as pair:
        south = pair.south
        update = UpdateSession(south.database, south.clock, south.supervisor, south.proxies)
        given = GivenProxy(url="http://proxy.example:3128", username="ana", password="secret")
        await update.execute(UpdateSessionCommand(session_id=SESSION, proxy=ProxyChange(given)))

        async def moved() -> bool | None:
            page = whatsapp.profile(SESSION).page
            return (page is not None and page.proxy == Proxy.parse(given.url, "ana", "secret")) or None

        await until(moved)
        assert await pair.owner() == NORTH
