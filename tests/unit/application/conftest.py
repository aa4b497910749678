from collections.abc import AsyncIterator

import pytest

from adapters.memory.driver import MemoryWhatsApp

from .world import ANA, BEN, CARLA, HastyClock, World, running


@pytest.fixture
def clock() -> HastyClock:
    return HastyClock()


@pytest.fixture
def whatsapp(clock: HastyClock) -> MemoryWhatsApp:
    whatsapp = MemoryWhatsApp(clock)
    for phone in (ANA, BEN, CARLA):
        whatsapp.add_account(phone)
    return whatsapp


@pytest.fixture
async def world(clock: HastyClock, whatsapp: MemoryWhatsApp) -> AsyncIterator[World]:
    async with running(World(clock, whatsapp)) as world:
        yield world
