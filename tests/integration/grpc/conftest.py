from collections.abc import AsyncIterator

import pytest

from adapters.memory.driver import MemoryWhatsApp
from tests.unit.application.world import ANA, BEN, CARLA, HastyClock, World, running

from .gateway import Gateway, served, use_cases


@pytest.fixture
def whatsapp() -> MemoryWhatsApp:
    whatsapp = MemoryWhatsApp(HastyClock())
    for phone in (ANA, BEN, CARLA):
        whatsapp.add_account(phone)
    return whatsapp


@pytest.fixture
async def world(whatsapp: MemoryWhatsApp) -> AsyncIterator[World]:
    world = World(HastyClock(), whatsapp)
    world.database._on_committed = world.feed.hint
    async with running(world):
        yield world


@pytest.fixture
async def gateway(world: World) -> AsyncIterator[Gateway]:
    async with served(use_cases(world)) as gateway:
        yield gateway
