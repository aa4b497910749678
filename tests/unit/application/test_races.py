"""The same two things at once, each time a step further apart."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from adapters.memory.driver import Hang, MemoryWhatsApp, Operation
from application.messages import progress
from application.messages.send_message import SendMessageCommand
from application.messages.send_messages import SendMessages, SendMessagesCommand
from application.ports.page_events import QrBatchEnded
from application.sessions.create_session import CreateSessionCommand
from domain.content import Text
from domain.errors import NotFoundError, PomboError
from domain.jid import Jid
from domain.message import Message, MessageStatus
from domain.session import SessionStatus, StatusReason, Wanted

from .world import ANA, BEN, CARLA, SESSION, HastyClock, World, running, until

STEPS = range(60)
LEFT = {MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ}


async def _is_closed(world: World) -> bool | None:
    return world.whatsapp.profile(SESSION).page is None or None


async def _steps(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_stop_returns_when_no_page_is_open_however_far_the_start_was(world: World) -> None:
    await world.create.execute(CreateSessionCommand(id=SESSION, start=False))
    for steps in STEPS:
        await world.start.execute(SESSION)
        await _steps(steps)
        async with asyncio.timeout(5):
            stopped = await world.stop.execute(SESSION)
        assert (stopped.status, world.whatsapp.profile(SESSION).page) == (SessionStatus.STOPPED, None), steps


async def test_a_delete_leaves_no_page_however_far_the_start_was(world: World) -> None:
    for steps in STEPS:
        await world.create.execute(CreateSessionCommand(id=SESSION))
        await _steps(steps)
        async with asyncio.timeout(5):
            await world.delete.execute(SESSION)
        assert world.whatsapp.profile(SESSION).page is None, steps
        with pytest.raises(NotFoundError):
            await world.session()


async def test_a_session_made_right_after_a_delete_is_kept(world: World) -> None:
    for steps in range(20):
        await world.create.execute(CreateSessionCommand(id=SESSION, start=False))
        await world.delete.execute(SESSION)
        await _steps(steps)
        await world.create.execute(CreateSessionCommand(id=SESSION))
        await world.status(SessionStatus.SCAN_QR_CODE)
        await world.delete.execute(SESSION)


@pytest.mark.parametrize("other", ["stop", "restart", "logout"])
async def test_a_logout_tells_the_truth_whatever_comes_at_once(world: World, other: str) -> None:
    for steps in range(40):
        await world.start.execute(SESSION) if steps else await world.create.execute(CreateSessionCommand(id=SESSION))
        if not world.whatsapp.account(ANA).devices:
            qr = await world.get_qr.execute(SESSION, wait=timedelta(seconds=5))
            world.whatsapp.scan(ANA, qr.text)
        await world.status(SessionStatus.WORKING)
        logout = asyncio.create_task(world.logout.execute(SESSION))
        await _steps(steps)
        async with asyncio.timeout(5):
            with suppress(PomboError):
                await getattr(world, other).execute(SESSION)
            with suppress(PomboError):
                told = await logout
                assert told.me is None, steps
        session = await world.session()
        if not world.whatsapp.account(ANA).devices:
            session = await world.status(SessionStatus.LOGGED_OUT, SessionStatus.STOPPED, SessionStatus.SCAN_QR_CODE)
            assert session.me is None, steps
            assert session.status_reason is not StatusReason.UNLINKED_BY_PHONE, steps


async def test_a_session_made_while_the_gateway_starts_is_kept(clock: HastyClock, whatsapp: MemoryWhatsApp) -> None:
    for steps in range(12):
        world = World(clock, whatsapp)
        async with running(world):
            await _steps(steps)
            await world.create.execute(CreateSessionCommand(id=f"made-{steps}"))
            await world.status(SessionStatus.SCAN_QR_CODE, session_id=f"made-{steps}")


async def test_a_crash_and_a_stop_at_once_end_stopped(world: World) -> None:
    await world.linked()
    for steps in STEPS:
        world.whatsapp.kill_page(SESSION)
        await _steps(steps)
        async with asyncio.timeout(5):
            stopped = await world.stop.execute(SESSION)
        assert (stopped.status, world.whatsapp.profile(SESSION).page) == (SessionStatus.STOPPED, None), steps
        await world.start.execute(SESSION)
        await world.status(SessionStatus.WORKING)


async def test_what_one_account_had_queued_never_leaves_from_another(world: World) -> None:
    await world.linked()
    world.whatsapp.script(SESSION, Operation.SEND, Hang())
    first, second = await world.text("mine", wait=0), await world.text("mine, too", wait=0)
    await world.logout.execute(SESSION)
    await world.start.execute(SESSION)
    qr = await world.get_qr.execute(SESSION, wait=timedelta(seconds=5))
    world.whatsapp.scan(CARLA, qr.text)
    await world.status(SessionStatus.WORKING)
    for message in (first, second):
        failed = await world.message(message.id, lambda now: now.status is MessageStatus.FAILED)
        assert failed.failure is not None
        assert failed.failure.reason == "ACCOUNT_CHANGED"
    assert world.phone_bodies() == []


async def test_a_linked_session_whose_page_has_no_login_is_logged_out(world: World) -> None:
    await world.linked()
    world.whatsapp.page(SESSION).tell(QrBatchEnded())
    session = await world.status(SessionStatus.LOGGED_OUT)
    assert (session.status_reason, session.me) == (StatusReason.LINK_LOST, None)


async def test_nothing_overtakes_what_waits_while_the_outbox_looks_again(world: World) -> None:
    await world.linked()
    await world.text("so that the recipient is known")
    bulk = SendMessages(world.database, world.clock, world.ids, world.supervisor)
    sent: list[str] = []
    for steps in range(20):
        sent += [f"{steps} queued", f"{steps} next"]
        queued = SendMessageCommand(session_id=SESSION, to=Jid.from_phone(BEN), content=Text(body=sent[-2]))
        await bulk.execute(SendMessagesCommand(entries=[queued]))
        # As the same request again does, whose chat was free.
        world.supervisor.give_back(SESSION, Jid.from_phone(CARLA))
        await _steps(steps)
        last = await world.text(sent[-1])
        assert last.status is not MessageStatus.QUEUED
    assert world.phone_bodies()[1:] == sent


async def test_a_delete_leaves_what_was_canceled_meanwhile(world: World) -> None:
    await world.linked()
    message = await world.send.execute(
        SendMessageCommand(
            session_id=SESSION,
            to=Jid.from_phone(BEN),
            content=Text(body="tomorrow"),
            not_before=world.clock.now() + timedelta(days=1),
        )
    )
    async with world.database.begin() as uow:
        found = (await uow.messages.lock(SESSION, {message.whatsapp_id}))[message.whatsapp_id]
        delete = asyncio.create_task(world.delete.execute(SESSION))
        await until(lambda: _is_closed(world))
        await _steps(50)
        canceled, payloads = progress.cancel(found, world.clock.now())
        await uow.messages.save([canceled])
        assert payloads
    await delete
    assert (await world.message(message.id, lambda _: True)).status is MessageStatus.CANCELED
    assert "message.failed" not in await world.event_types()


async def test_a_reservation_of_a_page_that_is_gone_frees_nothing_of_the_next(world: World) -> None:
    await world.linked()
    await world.text("so that the recipient is known")
    ben = Jid.from_phone(BEN)
    bulk = SendMessages(world.database, world.clock, world.ids, world.supervisor)
    assert world.supervisor.reserve(SESSION, ben)
    await world.restart.execute(SESSION)
    await world.status(SessionStatus.WORKING)
    world.whatsapp.script(SESSION, Operation.SEND, Hang())
    queued = SendMessageCommand(session_id=SESSION, to=ben, content=Text(body="one"))
    (one,) = await bulk.execute(SendMessagesCommand(entries=[queued]))
    assert isinstance(one, Message)
    await world.message(one.id, lambda now: now.status is MessageStatus.SENDING)
    world.supervisor.give_back(SESSION, ben)
    await _steps(50)
    # It is still with the page: nothing may be sent to its chat before it, nor itself a second time at once.
    assert not world.supervisor.reserve(SESSION, ben)


async def test_no_chat_is_reserved_past_a_message_that_waits_in_it(world: World) -> None:
    await world.linked()
    ben = Jid.from_phone(BEN)
    for steps in range(20):
        await world.reserved(BEN)
        waiting = await world.text("waits", wait=0)
        assert waiting.status is MessageStatus.QUEUED
        await _steps(20)  # the dispatcher has looked, and found the chat taken
        world.supervisor.give_back(SESSION, ben)
        await _steps(steps)
        if world.supervisor.reserve(SESSION, ben):
            async with world.database.begin() as uow:
                assert (await uow.messages.get(waiting.id)).status is not MessageStatus.QUEUED, steps
            world.supervisor.give_back(SESSION, ben)
        await world.message(waiting.id, lambda message: message.status in LEFT)


async def test_a_message_that_somebody_holds_is_not_overtaken(world: World) -> None:
    await world.linked()
    ben = Jid.from_phone(BEN)
    await world.reserved(BEN)
    first = await world.text("first", wait=0)
    assert first.status is MessageStatus.QUEUED
    async with world.database.begin() as holder:
        await holder.messages.lock(SESSION, {first.whatsapp_id})
        world.supervisor.give_back(SESSION, ben)
        await _steps(40)  # the dispatcher has looked, and passed it over
        second = await world.text("second", wait=0)
    await world.message(second.id, lambda message: message.status in LEFT)
    assert world.phone_bodies() == ["first", "second"]


async def test_a_gateway_killed_during_a_stop_leaves_no_session_that_works(
    clock: HastyClock, whatsapp: MemoryWhatsApp
) -> None:
    async with running(World(clock, whatsapp)) as first:
        working = await first.linked()
    async with first.database.begin() as uow:
        await uow.sessions.save(working.want(Wanted.STOPPED, clock.now()))
    second = World(clock, whatsapp, first.database)
    async with running(second):
        await second.supervisor.taken_over.wait()
        assert (await second.session()).status is SessionStatus.STOPPED
