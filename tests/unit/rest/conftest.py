from collections.abc import AsyncIterator

import pytest

from .gateway import Client, Gateway, running


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with running(Gateway()) as gateway:
        yield gateway


@pytest.fixture
def client(gateway: Gateway) -> Client:
    return gateway.client
