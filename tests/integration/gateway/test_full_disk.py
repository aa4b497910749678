"""The gateway's disk fills up: what was accepted stays, nothing else is accepted, and no session loses its link."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.disks import Filler, require_mounts, small_disk

from .conftest import ANA, BEN
from .processes import Gateway, Sandbox, until

MEBIBYTE = 1024 * 1024
DISK = 240


@dataclass
class Full:
    """A gateway on a small disk that can be filled."""

    gateway: Gateway
    filler: Filler

    @asynccontextmanager
    async def full(self, *, leave: int = 0) -> AsyncIterator[None]:
        """Keeps the disk full: what is freed on it is taken at once."""

        async def keep() -> None:
            while True:
                await asyncio.to_thread(self.filler.fill, leave=leave)
                await asyncio.sleep(0.02)

        await asyncio.to_thread(self.filler.fill, leave=leave)
        keeping = asyncio.create_task(keep())
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            self.filler.free()

    async def try_send(self, body: str) -> tuple[int, dict[str, Any]]:
        request = {"session_id": "ana", "to": BEN, "type": "text", "text": {"body": body}}
        async with self.gateway.http.post(f"{self.gateway.url}/api/v1/messages/send", json=request) as answer:
            return answer.status, await answer.json()

    async def unready(self) -> list[str]:
        async with self.gateway.http.get(f"{self.gateway.url}/health/ready") as answer:
            return [part["name"] for part in (await answer.json())["parts"] if not part["ready"]]


@pytest.fixture
async def disk(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Full]:
    require_mounts()
    (tmp_path / "disk").mkdir()
    gateway = Gateway(tmp_path / "disk" / "data", sandbox, through=small_disk(tmp_path / "disk", DISK))
    gateway.log = tmp_path / "gateway.log"
    try:
        await gateway.start()
        yield Full(gateway, Filler(gateway.process.pid, tmp_path / "disk"))
    finally:
        await asyncio.shield(gateway.close())


@pytest.mark.timeout(240)
async def test_a_disk_that_fills_up_while_the_gateway_works(disk: Full, sandbox: Sandbox) -> None:
    gateway = disk.gateway
    await gateway.link("ana", sandbox, ANA)
    await gateway.send("ana", BEN, "before")
    assert await disk.unready() == []
    accepted, refused = ["before"], []
    async with disk.full():
        for _ in range(200):
            body = os.urandom(1_500).hex()
            status, answer = await disk.try_send(body)
            if status < 300:
                accepted.append(body)
            else:
                refused.append(answer["reason"])
                assert status == 503, answer
                if len(refused) == 20:
                    break
        assert set(refused) <= {"DISK_FULL", "DATABASE_UNAVAILABLE"}
        assert refused
        assert "disk" in await disk.unready()

    async def again() -> bool | None:
        return (await disk.try_send("after"))[0] < 300 or None

    await until(again)
    await gateway.status("ana", "WORKING")
    assert await disk.unready() == []

    async def arrived() -> bool | None:
        return set(accepted) <= set(await sandbox.bodies(BEN, ANA)) or None

    await until(arrived)
    bodies = await sandbox.bodies(BEN, ANA)
    assert [body for body in accepted if bodies.count(body) != 1] == []
    assert bodies.count("after") == 1
    changes = [event["payload"] for event in await gateway.events("session.status")]
    assert not {"LOGGED_OUT", "FAILED"} & {change["status"] for change in changes}


@pytest.mark.timeout(240)
async def test_a_session_is_not_opened_on_a_full_disk_and_keeps_its_link(disk: Full, sandbox: Sandbox) -> None:
    gateway = disk.gateway
    await gateway.link("ana", sandbox, ANA)
    await gateway.call("POST", "/api/v1/sessions/ana/stop")
    async with disk.full(leave=8 * MEBIBYTE):
        await gateway.call("POST", "/api/v1/sessions/ana/start")

        async def told() -> dict[str, Any] | None:
            session: dict[str, Any] = await gateway.call("GET", "/api/v1/sessions/ana")
            return session if session["status_reason"] == "DISK_FULL" else None

        session = await until(told)
        assert session["status"] == "STARTING"
        assert "Free space" in session["status_detail"]
        assert session["me"] is not None
    await gateway.status("ana", "WORKING")
    assert [
        event for event in await gateway.events("session.status") if event["payload"]["status"] == "LOGGED_OUT"
    ] == []


@pytest.mark.timeout(240)
async def test_an_account_is_not_lost_that_is_linked_when_the_disk_is_full(disk: Full, sandbox: Sandbox) -> None:
    gateway = disk.gateway
    await gateway.call("POST", "/api/v1/sessions", {"id": "ana"})
    qr = await gateway.qr("ana")
    async with disk.full():
        await sandbox.scan(ANA, qr)

        async def saved() -> bool | None:
            """The browser was closed and opened again, so that the login is on the disk, as far as there is room."""
            return "fresh_login_saving" in gateway.log.read_text() or None

        await until(saved)
    session = await gateway.status("ana", "WORKING")
    assert session["me"]["phone"] == ANA
    await gateway.call("POST", "/api/v1/sessions/ana/restart")
    await gateway.status("ana", "WORKING")
