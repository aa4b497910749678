"""A message whose acceptance stands although its sender was told otherwise."""

import asyncio

import pytest

from adapters.memory.driver import MemoryWhatsApp
from domain.errors import UnavailableError

from .outages import UnsteadyDatabase
from .world import HastyClock, World, running, until

STEPS = range(15)


@pytest.mark.parametrize("steps", STEPS)
async def test_it_leaves_before_the_next_of_its_chat_however_soon_that_comes(
    clock: HastyClock, whatsapp: MemoryWhatsApp, steps: int
) -> None:
    database = UnsteadyDatabase()
    world = World(clock, whatsapp, database)
    async with running(world):
        await world.linked()
        await world.text("before")
        database.lost_acceptances = 1
        with pytest.raises(UnavailableError):
            await world.text("first")
        for _ in range(steps):
            await asyncio.sleep(0)
        await world.text("second", wait=0)

        async def both() -> list[str] | None:
            return bodies if len(bodies := world.phone_bodies()) == 3 else None

        assert await until(both) == ["before", "first", "second"]
