from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest

from entrypoints.rest.server import RestServer
from tests.unit.rest.gateway import KEY, Gateway, running


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with running(Gateway()) as gateway:
        yield gateway


@pytest.fixture
async def server(gateway: Gateway) -> AsyncIterator[RestServer]:
    server = RestServer(gateway.app, host="127.0.0.1", port=0, stop_within=timedelta(seconds=1))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def http(server: RestServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(
        f"http://127.0.0.1:{server.port}", headers={"X-API-Key": KEY}, timeout=aiohttp.ClientTimeout(total=20)
    ) as http:
        yield http
