from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.app import SandboxServer
from sandbox.config import SandboxConfig

from .world import World


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., SandboxConfig]:
    def make(**changes: Any) -> SandboxConfig:
        return SandboxConfig(**{"data_dir": tmp_path / "sandbox", "port": 0, "control_port": 0, **changes})

    return make


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def world(config: Callable[..., SandboxConfig], http: aiohttp.ClientSession) -> AsyncIterator[World]:
    async with SandboxServer(config()) as server:
        world = World(http, server)
        await world.account("15550001", "Ada")
        await world.account("15550002", "Bob")
        yield world
        await world.close()
