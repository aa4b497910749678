from collections.abc import AsyncIterator

import pytest

from adapters.memory.driver import MemoryWhatsApp

from .outages import UnsteadyStore
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
def store() -> UnsteadyStore:
    return UnsteadyStore()


@pytest.fixture
async def world(clock: HastyClock, whatsapp: MemoryWhatsApp, store: UnsteadyStore) -> AsyncIterator[World]:
    async with running(World(clock, whatsapp, store=store)) as world:
        yield world
        assert world.faults == []
