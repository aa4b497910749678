"""A linked session comes up without a QR on a machine that has never seen its profile."""

import asyncio
import base64
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from adapters.crypto.aes_gcm_snapshot_cipher import AesGcmSnapshotCipher
from adapters.playwright import processes
from adapters.redis.connection import open_redis
from adapters.redis.session_store import RedisSessionStore
from domain.ids import SessionId

from .conftest import ANA, BEN
from .processes import Gateway, Sandbox, until

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
SESSION = SessionId("ana")


def text(*keys: bytes) -> str:
    return ",".join(base64.b64encode(key).decode() for key in keys)


class Place:
    """One database and one Redis, and machines that come and go."""

    def __init__(self, home: Path, sandbox: Sandbox, client: Redis, environment: dict[str, str]) -> None:
        self._home = home
        self._sandbox = sandbox
        self._environment = environment
        self._machines = 0
        self.client = client
        self.data = home
        self.store = RedisSessionStore(client, AesGcmSnapshotCipher([KEY]))

    @asynccontextmanager
    async def machine(self, **changes: str) -> AsyncIterator[Gateway]:
        """A gateway on an empty data directory."""
        self._machines += 1
        home = self._home / f"machine{self._machines}"
        home.mkdir()
        self.data = home / "data"
        gateway = Gateway(self.data, self._sandbox, {**self._environment, **changes})
        try:
            await gateway.start()
            yield gateway
        finally:
            await asyncio.shield(gateway.close())
            shutil.rmtree(self.data)

    async def versions(self) -> list[int]:
        return [stored.version for stored in await self.store.versions(SESSION)]

    async def snapshot(self, *, after: int = 0) -> int:
        """Waits for one that is newer."""

        async def taken() -> int | None:
            return next((version for version in await self.versions() if version > after), None)

        return await until(taken)

    async def comes_up(self, sandbox: Sandbox, gateway: Gateway, body: str) -> None:
        """The session works as before, on the link that it had."""
        await gateway.status("ana", "WORKING")
        await gateway.send("ana", BEN, body)
        assert body in await sandbox.bodies(BEN, ANA)
        assert len(await sandbox.devices(ANA)) == 1
        assert len(await gateway.events("session.qr")) == 1


@pytest.fixture
async def place(tmp_path: Path, sandbox: Sandbox, database_url: str, redis_url: str) -> AsyncIterator[Place]:
    environment = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "POMBO_SNAPSHOT_KEY": text(KEY),
        "POMBO_LEASE_SECONDS": "3",
    }
    async with open_redis(redis_url) as client:
        yield Place(tmp_path, sandbox, client, environment)


async def test_after_a_clean_stop(place: Place, sandbox: Sandbox) -> None:
    async with place.machine() as gateway:
        await gateway.link("ana", sandbox, ANA)
        before = await place.snapshot()
        await gateway.send("ana", BEN, "one")
        assert await gateway.stop() == 0
        assert (await place.versions())[0] > before
    async with place.machine() as gateway:
        await place.comes_up(sandbox, gateway, "two")
        assert (place.data / "profiles" / "ana" / "linked").exists()
        assert (place.data / "profiles").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("victim", ["gateway", "browser"])
async def test_after_kill_9(place: Place, sandbox: Sandbox, victim: str) -> None:
    async with place.machine() as gateway:
        await gateway.link("ana", sandbox, ANA)
        await place.snapshot()
        if victim == "browser":
            pid = processes.main_browser_pid(place.data / "profiles" / "ana" / "chromium")
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
        await gateway.kill()
    async with place.machine() as gateway:
        await place.comes_up(sandbox, gateway, "after")


async def test_what_cannot_be_restored_is_said_and_logs_nobody_out(place: Place, sandbox: Sandbox) -> None:
    async with place.machine() as gateway:
        await gateway.link("ana", sandbox, ANA)
        await place.snapshot()
        await gateway.stop()

    async def fails(gateway: Gateway) -> dict[str, Any]:
        session = await gateway.status("ana", "FAILED")
        assert session["me"]["phone"] == ANA
        assert len(await gateway.events("session.qr")) == 1
        return session

    async with place.machine(POMBO_SNAPSHOT_KEY=text(OTHER_KEY)) as gateway:
        session = await fails(gateway)
        assert session["status_reason"] == "SNAPSHOT_UNREADABLE"
        assert "POMBO_SNAPSHOT_KEY" in session["status_detail"]
        await gateway.stop()
    stored = await place.client.hgetall("pombo:snapshots:ana")
    newest = (await place.versions())[0]
    for version in await place.versions():
        await place.client.hset("pombo:snapshots:ana", f"b:{version}", b"broken")
    async with place.machine() as gateway:
        session = await fails(gateway)
        assert session["status_reason"] == "SNAPSHOT_UNREADABLE"
        await place.client.delete("pombo:snapshots:ana")
        await gateway.call("POST", "/api/v1/sessions/ana/start")

        async def missing() -> bool | None:
            found = await gateway.call("GET", "/api/v1/sessions/ana")
            return found["status_reason"] == "LOGIN_MISSING" or None

        await until(missing)
        await fails(gateway)
        # The newest stays broken: the one before it is taken.
        await place.client.hset("pombo:snapshots:ana", mapping={**stored, f"b:{newest}": b"broken"})  # type: ignore[dict-item]
        await gateway.call("POST", "/api/v1/sessions/ana/start")
        await place.comes_up(sandbox, gateway, "back")


async def test_a_key_is_rotated(place: Place, sandbox: Sandbox) -> None:
    async with place.machine() as gateway:
        await gateway.link("ana", sandbox, ANA)
        await place.snapshot()
        await gateway.stop()
    async with place.machine(POMBO_SNAPSHOT_KEY=text(OTHER_KEY, KEY)) as gateway:
        await place.comes_up(sandbox, gateway, "both")
        new = RedisSessionStore(place.client, AesGcmSnapshotCipher([OTHER_KEY]))

        async def rewrapped() -> bool | None:
            return {stored.version for stored in await new.versions(SESSION)} == set(await _readable(new)) or None

        await until(rewrapped)
        await gateway.stop()
    async with place.machine(POMBO_SNAPSHOT_KEY=text(OTHER_KEY)) as gateway:
        await place.comes_up(sandbox, gateway, "the new one alone")


async def _readable(store: RedisSessionStore) -> list[int]:
    found = []
    for stored in await store.versions(SESSION):
        try:
            await store.load(SESSION, stored.version)
        except Exception:  # noqa: BLE001, S112 - it is counted, whatever it is
            continue
        found.append(stored.version)
    return found


async def test_nothing_is_kept_of_a_link_that_has_ended(place: Place, sandbox: Sandbox) -> None:
    async with place.machine() as gateway:
        await gateway.link("ana", sandbox, ANA)
        await place.snapshot()
        await gateway.call("POST", "/api/v1/sessions/ana/logout")
        assert await place.versions() == []
        await gateway.call("POST", "/api/v1/sessions/ana/start")
        qr = await gateway.qr("ana")
        await sandbox.scan(BEN, qr)
        await gateway.status("ana", "WORKING")
        await place.snapshot()
        await gateway.stop()
    async with place.machine() as gateway:
        session = await gateway.status("ana", "WORKING")
        assert session["me"]["phone"] == BEN
        await gateway.call("DELETE", "/api/v1/sessions/ana")
        assert await place.versions() == []
