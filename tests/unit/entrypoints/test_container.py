"""The container builds everything, and what it builds works together."""

import asyncio
from collections.abc import AsyncIterator

from adapters.memory.driver import MemoryWhatsApp
from adapters.system.system_clock import SystemClock
from application.events.selection import EventSelection
from application.events.stream_events import StreamEventsQuery
from application.messages.send_message import SendMessageCommand
from application.sessions.create_session import CreateSessionCommand
from application.sessions.watch_session import SessionView
from domain.content import Text
from domain.event import MessageAcked
from domain.ids import SessionId
from domain.jid import Jid
from domain.message import MessageStatus
from domain.session import SessionStatus
from entrypoints.use_cases import UseCases
from tests.unit.entrypoints.assembly import build, running


def test_every_provider_builds() -> None:
    container = build(MemoryWhatsApp(SystemClock()))
    for name, provider in container.providers.items():
        assert provider() is not None, name
    assert isinstance(container.use_cases(), UseCases)
    assert container.use_cases() is container.use_cases()
    # The parts share what must be shared.
    assert container.use_cases().get_qr is container.get_qr()


async def test_the_main_job_over_the_memory_adapters() -> None:
    whatsapp = MemoryWhatsApp(SystemClock())
    whatsapp.add_account("15550000001")
    whatsapp.add_account("15550000002", reads=True)
    async with running(build(whatsapp)) as use_cases, asyncio.timeout(20):
        watching = await _create(use_cases)
        async for view in watching:
            if view.qr is not None:
                whatsapp.scan("15550000001", view.qr.text)
            if view.session.status is SessionStatus.WORKING:
                break
        message = await use_cases.send_message.execute(
            SendMessageCommand(session_id="demo", to=Jid.from_phone("15550000002"), content=Text(body="hello"))
        )
        assert message.status is not MessageStatus.QUEUED
        events = await use_cases.stream_events.execute(StreamEventsQuery(selection=EventSelection(), after=0))
        async for event in events:
            if isinstance(event.payload, MessageAcked) and event.payload.status is MessageStatus.READ:
                break
        assert SessionId("demo") in whatsapp.account("15550000001").devices


async def _create(use_cases: UseCases) -> AsyncIterator[SessionView]:
    await use_cases.create_session.execute(CreateSessionCommand(id="demo"))
    return await use_cases.watch_session.execute("demo")
