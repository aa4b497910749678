import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory.driver import Hang, LoseOutcome, MemoryWhatsApp, Operation, Refuse
from application.messages.send_message import SendMessageCommand
from application.sessions.create_session import CreateSessionCommand
from application.sessions.watch_session import WatchSession
from domain.content import Text
from domain.errors import CapabilityUnavailableError, UnavailableError
from domain.event import MessageReceived
from domain.ids import MessageId, WhatsAppMessageId
from domain.jid import Jid
from domain.message import MessageStatus
from domain.session import SessionStatus

from .outages import AbsentCache, SlowDatabase, UnsteadyDatabase
from .world import ANA, BEN, CARLA, SESSION, HastyClock, World, running, until

LEFT = {MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ}


@pytest.fixture
def database() -> UnsteadyDatabase:
    return UnsteadyDatabase()


async def test_a_session_links_and_works_without_the_cache(clock: HastyClock, whatsapp: MemoryWhatsApp) -> None:
    async with running(World(clock, whatsapp, codes=AbsentCache(clock))) as world:
        await world.create.execute(CreateSessionCommand(id=SESSION))
        await world.status(SessionStatus.SCAN_QR_CODE)
        with pytest.raises(UnavailableError) as caught:
            await world.get_qr.execute(SESSION)
        assert caught.value.reason == "CACHE_UNAVAILABLE"
        shown = whatsapp.page(SESSION).qr
        assert shown is not None
        whatsapp.scan(ANA, shown.text)
        await world.status(SessionStatus.WORKING)
        assert (await world.text("hello")).status in LEFT


async def test_a_watcher_gets_the_qr_when_the_cache_is_back(clock: HastyClock, whatsapp: MemoryWhatsApp) -> None:
    codes = AbsentCache(clock)
    async with running(World(clock, whatsapp, codes=codes)) as world:
        await world.create.execute(CreateSessionCommand(id=SESSION))
        await world.status(SessionStatus.SCAN_QR_CODE)
        views = await WatchSession(world.database, codes, world.bus, world.supervisor).execute(SESSION)
        view = await anext(views)
        assert (view.session.status, view.qr) == (SessionStatus.SCAN_QR_CODE, None)
        codes.away = False
        shown = whatsapp.rotate_qr(SESSION)
        async with asyncio.timeout(5):
            while view.qr is None:
                view = await anext(views)
        assert view.qr == shown


async def test_a_qr_of_a_page_that_is_gone_is_not_given(world: World) -> None:
    await world.create.execute(CreateSessionCommand(id=SESSION))
    assert (await world.get_qr.execute(SESSION, wait=timedelta(seconds=5))).text
    world.whatsapp.script(SESSION, Operation.OPEN, Hang())
    await world.restart.execute(SESSION)
    with pytest.raises(UnavailableError) as caught:
        await world.get_qr.execute(SESSION)
    assert caught.value.reason == "QR_NOT_READY"


async def test_a_gateway_starts_while_its_database_is_away(
    clock: HastyClock, whatsapp: MemoryWhatsApp, database: UnsteadyDatabase
) -> None:
    async with running(World(clock, whatsapp, database)) as world:
        await world.linked()
    database.go_away()
    async with running(World(clock, whatsapp, database)) as world:
        await asyncio.sleep(0.02)
        database.error = None
        await world.status(SessionStatus.WORKING)


async def test_a_gateway_stops_while_its_database_is_away(
    clock: HastyClock, whatsapp: MemoryWhatsApp, database: UnsteadyDatabase
) -> None:
    async with asyncio.timeout(8):
        async with running(World(clock, whatsapp, database)) as world:
            await world.linked()
            database.go_away()
    assert whatsapp.profile(SESSION).page is None


async def test_what_happens_while_the_database_is_away_is_on_record_when_it_is_back(
    clock: HastyClock, whatsapp: MemoryWhatsApp, database: UnsteadyDatabase
) -> None:
    async with running(World(clock, whatsapp, database)) as world:
        await world.linked()
        database.go_away()
        whatsapp.phone_sends(BEN, ANA, "meanwhile")
        whatsapp.kill_page(SESSION)
        await asyncio.sleep(0.05)
        database.error = None

        async def received() -> list[MessageReceived] | None:
            payloads = [event.payload for event in await world.events()]
            return [payload for payload in payloads if isinstance(payload, MessageReceived)] or None

        assert len(await until(received)) == 1
        await world.status(SessionStatus.WORKING)


async def test_an_accepted_message_is_told_as_accepted_though_the_database_goes_away(
    clock: HastyClock, whatsapp: MemoryWhatsApp, database: UnsteadyDatabase
) -> None:
    async with running(World(clock, whatsapp, database)) as world:
        await world.linked()
        whatsapp.script(SESSION, Operation.SEND, Hang())
        sending = asyncio.create_task(world.text("hello", wait=1.3))

        async def claimed() -> bool | None:
            return database.sending() or None

        await until(claimed)
        database.go_away()
        try:
            message = await sending
        finally:
            database.error = None
        # As it was accepted where the dispatcher wasn't idle yet, and nothing has been heard of it since.
        assert message.status in {MessageStatus.QUEUED, MessageStatus.SENDING}


async def test_a_claim_whose_commit_was_not_confirmed_holds_no_chat_up(
    clock: HastyClock, whatsapp: MemoryWhatsApp, database: UnsteadyDatabase
) -> None:
    async with running(World(clock, whatsapp, database)) as world:
        await world.linked()
        database.lost_claims = 2
        await world.reserved(BEN)  # so that these have to wait in the queue
        first, second = await world.text("first", wait=0), await world.text("second", wait=0)
        assert {first.status, second.status} == {MessageStatus.QUEUED}
        world.supervisor.give_back(SESSION, Jid.from_phone(BEN))
        await world.message(second.id, lambda now: now.status in LEFT)
        await world.message(first.id, lambda now: now.status in LEFT)
        assert database.lost_claims == 0
        assert world.phone_bodies() == ["first", "second"]
        assert (await world.event_types()).count("message.sent") == 2


async def test_an_acceptance_whose_commit_was_not_confirmed_leaves_once(
    clock: HastyClock, whatsapp: MemoryWhatsApp, database: UnsteadyDatabase
) -> None:
    async with running(World(clock, whatsapp, database)) as world:
        await world.linked()
        await world.text("before")
        database.lost_acceptances = 1
        with pytest.raises(UnavailableError):
            await world.text("perhaps")
        await world.text("after")

        async def arrived() -> bool | None:
            return len(world.phone_bodies()) == 3 or None

        await until(arrived)
        assert sorted(world.phone_bodies()) == ["after", "before", "perhaps"]


async def test_a_reservation_that_outlives_its_connection_still_leaves_once(world: World) -> None:
    await world.linked()
    ben = Jid.from_phone(BEN)
    await world.reserved(BEN)
    assert not world.supervisor.reserve(SESSION, ben)
    await world.restart.execute(SESSION)
    await world.status(SessionStatus.WORKING)
    template = await world.text("template", to=CARLA)
    async with world.database.begin() as uow:
        message = replace(
            template,
            id=MessageId("msg_" + "0" * 26),
            whatsapp_id=WhatsAppMessageId(f"true_{ben}_3EB0AA"),
            chat=ben,
            recipient=ben,
            status=MessageStatus.SENDING,
        )
        await uow.messages.add_absent([message])
    world.supervisor.hand_over(message)
    await world.message(message.id, lambda now: now.status in LEFT)
    assert world.phone_bodies() == ["template"]


async def test_a_fault_that_can_not_be_recorded_takes_no_other_session_with_it(
    clock: HastyClock, whatsapp: MemoryWhatsApp, database: UnsteadyDatabase
) -> None:
    async with running(World(clock, whatsapp, database)) as world:
        await world.create.execute(CreateSessionCommand(id=SESSION, start=False))
        database.fail()

        async def told() -> bool | None:
            return len(world.faults) >= 3 or None

        await until(told)
        database.error = None
        async with asyncio.timeout(5):
            assert (await world.stop.execute(SESSION)).status is SessionStatus.STOPPED
            await world.start.execute(SESSION)
            await world.status(SessionStatus.SCAN_QR_CODE)
        world.faults.clear()


async def test_a_look_that_fails_for_good_does_not_fail_a_message_that_left(world: World) -> None:
    await world.linked()
    world.whatsapp.mute(SESSION)
    world.whatsapp.script(SESSION, Operation.SEND, LoseOutcome())
    world.whatsapp.script(SESSION, Operation.FIND, Refuse(CapabilityUnavailableError("FIND")))
    message = await world.text("once")
    assert message.status in LEFT
    assert "message.failed" not in await world.event_types()
    assert world.phone_bodies() == ["once"]


async def test_a_backfill_that_gets_no_answer_is_tried_again(world: World) -> None:
    await world.linked()
    world.whatsapp.mute(SESSION)
    world.whatsapp.phone_sends(BEN, ANA, "missed")
    world.whatsapp.mute(SESSION, muted=False)
    world.whatsapp.script(SESSION, Operation.RECENT, Refuse(UnavailableError("PAGE_UNAVAILABLE", "It is busy.")))
    world.whatsapp.drop_connection(SESSION)
    await world.status(SessionStatus.DEGRADED)
    world.whatsapp.restore_connection(SESSION)

    async def received() -> bool | None:
        return "message.received" in await world.event_types() or None

    await until(received)


async def test_a_deadline_that_passes_during_the_commit_is_kept(clock: HastyClock, whatsapp: MemoryWhatsApp) -> None:
    database = SlowDatabase()
    async with running(World(clock, whatsapp, database)) as world:
        await world.linked()
        await world.text("in time")
        database.pause = 0.1
        late = await world.send.execute(
            SendMessageCommand(
                session_id=SESSION,
                to=Jid.from_phone(BEN),
                content=Text.compose("too late"),
                deadline=clock.now() + timedelta(seconds=0.05),
            )
        )
        assert late.status is MessageStatus.EXPIRED
        assert world.phone_bodies() == ["in time"]
