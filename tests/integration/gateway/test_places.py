"""Profiles, snapshots and the places they are in: taken by somebody else, out of reach, outrun by another machine."""

import asyncio
import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from adapters.crypto.aes_gcm_snapshot_cipher import AesGcmSnapshotCipher
from adapters.redis.connection import open_redis
from adapters.redis.session_store import RedisSessionStore
from domain.ids import SessionId
from tests.faults.proxy import FaultProxy

from .conftest import ANA, BEN
from .processes import Gateway, Sandbox, until
from .test_snapshots import KEY, text

SESSION = SessionId("ana")


@asynccontextmanager
async def serving(gateway: Gateway, *program: str) -> AsyncIterator[Gateway]:
    try:
        await gateway.start(*program)
        yield gateway
    finally:
        await asyncio.shield(gateway.close())


async def reason(gateway: Gateway, wanted: str) -> dict[str, Any]:
    async def told() -> dict[str, Any] | None:
        found: dict[str, Any] = await gateway.call("GET", "/api/v1/sessions/ana")
        return found if found["status_reason"] == wanted else None

    return await until(told)


async def test_a_profile_that_another_process_has_open(gateway: Gateway, sandbox: Sandbox, tmp_path: Path) -> None:
    await gateway.link("ana", sandbox, ANA)
    await gateway.call("POST", "/api/v1/sessions/ana/stop")
    lock = tmp_path / "data" / "profiles" / "ana" / "lock"
    with lock.open("r+") as foreign:
        fcntl.flock(foreign, fcntl.LOCK_EX)
        await gateway.call("POST", "/api/v1/sessions/ana/start")
        session = await reason(gateway, "PROFILE_IN_USE")
        assert session["status"] == "STARTING"
        assert str(lock) in session["status_detail"]
        assert session["me"]["phone"] == ANA
    # By itself, as soon as it lets go.
    await gateway.status("ana", "WORKING")
    await gateway.send("ana", BEN, "after")
    assert len(await gateway.events("session.qr")) == 1
    assert len(await sandbox.devices(ANA)) == 1


@pytest.fixture
async def redis_proxy(redis_url: str) -> AsyncIterator[FaultProxy]:
    parts = urlsplit(redis_url)
    server = Path(unquote(parts.path)) if parts.scheme == "unix" else (parts.hostname or "", parts.port or 6379)
    async with FaultProxy.open(server) as proxy:
        yield proxy


async def test_redis_goes_away_and_comes_back_while_a_session_works(
    sandbox: Sandbox, tmp_path: Path, database_url: str, redis_url: str, redis_proxy: FaultProxy
) -> None:
    number = parse_qs(urlsplit(redis_url).query)["db"][0]
    environment = {
        "DATABASE_URL": database_url,
        "REDIS_URL": f"redis://127.0.0.1:{redis_proxy.port}/{number}",
        "POMBO_SNAPSHOT_KEY": text(KEY),
        "POMBO_SNAPSHOT_MINUTES": "0.02",
    }
    gateway = Gateway(tmp_path / "data", sandbox, environment)

    async def part() -> str | None:
        async with gateway.http.get(f"{gateway.url}/health/ready") as answer:
            parts = {part["name"]: part["problem"] for part in (await answer.json())["parts"]}
        problem: str | None = parts["snapshots"]
        return problem

    async with (
        open_redis(redis_url) as client,
        serving(gateway, "tests.integration.gateway.hasty_gateway", "serve"),
    ):
        store = RedisSessionStore(client, AesGcmSnapshotCipher([KEY]))

        async def newest(after: int = 0) -> int:
            async def taken() -> int | None:
                return next((each.version for each in await store.versions(SESSION) if each.version > after), None)

            return await until(taken)

        async def well() -> bool | None:
            return await part() is None or None

        await gateway.link("ana", sandbox, ANA)
        await newest()
        redis_proxy.refuse()
        redis_proxy.cut()
        assert "overdue" in await until(part)
        await gateway.send("ana", BEN, "without Redis")
        await sandbox.send(BEN, ANA, "likewise")
        await gateway.received("likewise")
        (before, *_) = [each.version for each in await store.versions(SESSION)]
        changes = len(await gateway.events("session.status"))
        await redis_proxy.mend()
        await newest(after=before)
        await until(well)
        assert len(await gateway.events("session.status")) == changes
        assert (await gateway.call("GET", "/api/v1/sessions/ana"))["status"] == "WORKING"
        assert await sandbox.bodies(BEN, ANA) == ["without Redis"]


async def test_a_newer_snapshot_takes_the_place_of_a_profile_that_is_outrun(
    sandbox: Sandbox, tmp_path: Path, database_url: str, redis_url: str
) -> None:
    environment = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "POMBO_SNAPSHOT_KEY": text(KEY),
        "POMBO_LEASE_SECONDS": "3",
    }

    def machine(name: str) -> Gateway:
        (tmp_path / name).mkdir(exist_ok=True)
        return Gateway(tmp_path / name / "data", sandbox, environment)

    def restored(gateway: Gateway) -> int:
        return gateway.log.read_bytes().count(b"profile_restored")

    async with serving(machine("north")) as north:
        await north.link("ana", sandbox, ANA)
        await north.send("ana", BEN, "one")
        assert await north.stop() == 0
    async with serving(machine("south")) as south:
        await south.status("ana", "WORKING")
        assert restored(south) == 1
        await sandbox.send(BEN, ANA, "to the south")
        await south.received("to the south")
        assert await south.stop() == 0
    async with serving(machine("north")) as north:
        await north.status("ana", "WORKING")
        assert restored(north) == 1
        await north.send("ana", BEN, "two")
        await north.received("to the south")
        assert await sandbox.bodies(BEN, ANA) == ["one", "two"]
        assert len(await sandbox.devices(ANA)) == 1
        assert len(await north.events("session.qr")) == 1
