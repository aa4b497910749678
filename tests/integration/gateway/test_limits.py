"""Gateways count together, and each alone while Redis is away: sends go on, and no limit is lifted."""

import asyncio
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import grpc
import grpc.aio
import pytest

from adapters.embedded.valkey import EmbeddedValkey
from entrypoints.grpc.gen.pombo.v1 import session_service_pb2 as sessions
from entrypoints.grpc.gen.pombo.v1.session_service_pb2_grpc import SessionServiceStub

from .processes import Gateway, Sandbox, until

pytestmark = pytest.mark.timeout(300)

KEY = "a-key-of-both-gateways"
QUOTA = 20
"""Calls in a day: nothing of it comes back while the test runs."""


@pytest.fixture
async def valkey() -> AsyncIterator[EmbeddedValkey]:
    home = Path(tempfile.mkdtemp(prefix="pombo-"))
    server = EmbeddedValkey(home)
    try:
        yield server
    finally:
        await server.stop()
        shutil.rmtree(home)


class Caller:
    """Lists sessions, over REST at one gateway and over gRPC at the other."""

    def __init__(self, north: Gateway, south: Gateway, http: aiohttp.ClientSession, channel: grpc.aio.Channel) -> None:
        self._north = north
        self._south = south
        self._http = http
        self._sessions = SessionServiceStub(channel)

    async def over_rest(self) -> int | None:
        """How many calls remain; None where it is refused."""
        async with self._http.get(f"{self._north.url}/api/v1/sessions", headers={"X-API-Key": KEY}) as answer:
            assert answer.status in {200, 429}
            return _remaining(answer.headers["ratelimit"]) if answer.status == 200 else None

    async def over_grpc(self) -> int | None:
        call = self._sessions.ListSessions(sessions.ListSessionsRequest(), metadata=(("x-api-key", KEY),))
        try:
            await call
        except grpc.aio.AioRpcError as error:
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            return None
        return _remaining(str(dict(await call.trailing_metadata())["ratelimit"]))


def _remaining(field: str) -> int:
    found = re.match(r'"calls";r=(\d+)', field)
    assert found, field
    return int(found[1])


async def test_gateways_share_rates_and_go_on_alone(
    sandbox: Sandbox, tmp_path: Path, database_url: str, valkey: EmbeddedValkey
) -> None:
    environment = {
        "API_KEY": KEY,
        "DATABASE_URL": database_url,
        "REDIS_URL": await valkey.start(),
        "POMBO_RATE_CALLS": f"{QUOTA}/24h",
    }
    async with AsyncExitStack() as stack:
        both = []
        for name in ("north", "south"):
            (tmp_path / name).mkdir()
            gateway = Gateway(tmp_path / name / "data", sandbox, environment)
            stack.push_async_callback(gateway.close)
            await gateway.start()
            both.append(gateway)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{both[1].grpc_port}"))
        caller = Caller(*both, http, channel)
        told = []
        for _ in range(6):
            told += [await caller.over_rest(), await caller.over_grpc()]
        assert told == list(range(QUOTA - 1, QUOTA - 13, -1))

        await valkey.stop()
        # Each has seen six of the twelve, and goes on from there: neither a fresh quota nor an open door.
        for call in (caller.over_rest, caller.over_grpc):
            assert [await call() for _ in range(16)] == [*range(QUOTA - 7, -1, -1), None, None]
        assert "rate_limiter_away" in both[0].log.read_text()

        await valkey.start()

        async def shared_again() -> int | None:
            await asyncio.sleep(0.2)
            return await caller.over_rest()

        assert await until(shared_again) <= QUOTA - 1
        assert "rate_limiter_back" in both[0].log.read_text()
