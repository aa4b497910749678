"""Sends that come in while the gateway stops."""

import asyncio

from adapters.memory.driver import MemoryWhatsApp
from domain.ids import SessionId
from domain.message import MessageStatus

from .outages import SlowDatabase
from .world import BEN, HastyClock, World

ELSEWHERE = SessionId("elsewhere")
"""A session that another gateway runs, which is hinted at a message that was accepted here."""


async def test_they_are_accepted_and_wait_for_the_next_start(clock: HastyClock, whatsapp: MemoryWhatsApp) -> None:
    database = SlowDatabase()
    world = World(clock, whatsapp, database)
    supervising = asyncio.create_task(world.supervisor.run())
    await world.linked()
    await world.text("before")
    database.pause = 0.05  # what is put on record at the end takes a while
    supervising.cancel()
    accepted = []
    while not supervising.done():
        message = await world.text(f"at the end {len(accepted)}", wait=0)
        accepted.append(message.id)
        world.supervisor.nudge_outbox(ELSEWHERE)
    assert accepted
    database.pause = 0
    again = asyncio.create_task(World(clock, whatsapp, database).supervisor.run())
    for message_id in accepted:
        await world.message(
            message_id, lambda message: message.status not in {MessageStatus.QUEUED, MessageStatus.SENDING}
        )
    assert world.phone_bodies(BEN) == ["before", *(f"at the end {number}" for number in range(len(accepted)))]
    again.cancel()
    await asyncio.gather(supervising, again, return_exceptions=True)
    assert world.faults == []
