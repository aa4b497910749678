"""Calls whose end their caller never heard of: the connection broke, or the commit's answer was lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import override

import pytest

from adapters.memory.database import MemoryDatabase
from adapters.memory.driver import MemoryWhatsApp
from application.messages.send_message import SendMessageCommand
from application.messages.send_messages import SendMessages, SendMessagesCommand
from application.ports.unit_of_work import UnitOfWork
from application.sessions.create_session import CreateSessionCommand
from domain.content import Text
from domain.errors import UnavailableError
from domain.jid import Jid
from domain.lease import Lease
from domain.session import SessionStatus

from .world import BEN, SESSION, HastyClock, World, running

_LATE = 20


class LossyDatabase(MemoryDatabase):
    """While ``lossy``: a unit of work commits some steps later, and says that it couldn't."""

    def __init__(self) -> None:
        super().__init__()
        self.lossy = False

    @override
    def begin(self, fence: Lease | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        lossy, self.lossy = self.lossy, False
        return self._lossy(fence) if lossy else super().begin(fence)

    @asynccontextmanager
    async def _lossy(self, fence: Lease | None) -> AsyncIterator[UnitOfWork]:
        async with super().begin(fence) as uow:
            yield uow
            for _ in range(_LATE):
                await asyncio.sleep(0)
        raise UnavailableError("DATABASE_UNAVAILABLE", "The answer to the commit was lost.")


@pytest.fixture
def database() -> LossyDatabase:
    return LossyDatabase()


@pytest.fixture
async def world(clock: HastyClock, whatsapp: MemoryWhatsApp, database: LossyDatabase) -> AsyncIterator[World]:
    async with running(World(clock, whatsapp, database)) as world:
        yield world


def to_ben(body: str) -> SendMessageCommand:
    return SendMessageCommand(session_id=SESSION, to=Jid.from_phone(BEN), content=Text(body=body))


async def test_a_session_whose_making_got_no_answer_runs_all_the_same(world: World, database: LossyDatabase) -> None:
    database.lossy = True
    with pytest.raises(UnavailableError):
        await world.create.execute(CreateSessionCommand(id=SESSION))
    await world.status(SessionStatus.SCAN_QR_CODE)


async def test_nothing_overtakes_a_bulk_that_got_no_answer(world: World, database: LossyDatabase) -> None:
    await world.linked()
    await world.text("so that the recipient is known")
    bulk = SendMessages(world.database, world.clock, world.ids, world.supervisor)
    database.lossy = True
    with pytest.raises(UnavailableError):
        await bulk.execute(SendMessagesCommand(entries=[to_ben("one"), to_ben("two")]))
    await world.text("three")
    assert world.phone_bodies()[1:] == ["one", "two", "three"]


async def test_nothing_overtakes_a_queued_send_that_got_no_answer(world: World, database: LossyDatabase) -> None:
    await world.linked()
    await world.text("so that the recipient is known")
    world.supervisor.nudge_outbox(SESSION)
    database.lossy = True
    with pytest.raises(UnavailableError):
        await world.send.execute(to_ben("one"))
    await world.text("two")
    assert world.phone_bodies()[1:] == ["one", "two"]
