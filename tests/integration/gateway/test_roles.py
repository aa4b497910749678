"""One gateway serves the API, and others run the sessions: they come and go, and nothing is lost or sent twice."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.playwright.processes import browser_pids

from .conftest import ANA, BEN
from .processes import Gateway, Sandbox, until

pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True)
class Cluster:
    """Gateways on one database and one Redis, each with a data directory of its own."""

    home: Path
    sandbox: Sandbox
    environment: dict[str, str]

    @asynccontextmanager
    async def gateway(self, name: str, role: str, **settings: str) -> AsyncIterator[Gateway]:
        home = self.home / name
        home.mkdir()
        gateway = Gateway(home / "data", self.sandbox, {**self.environment, "POMBO_ROLE": role, **settings})
        try:
            await gateway.start()
            yield gateway
        finally:
            await asyncio.shield(gateway.close())

    def browsers(self, name: str) -> tuple[int, ...]:
        return browser_pids(self.home / name / "data" / "profiles" / "ana" / "chromium")


@pytest.fixture
def cluster(tmp_path: Path, sandbox: Sandbox, database_url: str, redis_url: str) -> Cluster:
    environment = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "POMBO_SNAPSHOT_KEY": base64.b64encode(b"k" * 32).decode(),
        "POMBO_API_KEY_SECRET": base64.b64encode(b"s" * 32).decode(),
        "POMBO_LEASE_SECONDS": "3",
    }
    return Cluster(tmp_path, sandbox, environment)


async def statuses(gateway: Gateway, *paths: str) -> list[int | None]:
    found: list[int | None] = []
    for path in paths:
        try:
            async with gateway.http.get(gateway.url + path) as answer:
                found.append(answer.status)
        except aiohttp.ClientConnectionError:
            found.append(None)
    return found


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def test_each_does_its_part(cluster: Cluster, sandbox: Sandbox) -> None:
    async with cluster.gateway("api", "api") as api, cluster.gateway("worker", "worker") as worker:
        await api.link("ana", sandbox, ANA)
        assert (await api.send("ana", BEN, "through the worker"))["status"] != "QUEUED"
        await sandbox.send(BEN, ANA, "an answer")
        await api.received("an answer")
        assert (cluster.browsers("api"), bool(cluster.browsers("worker"))) == ((), True)
        # A worker tells its health, and nothing else to anybody.
        paths = ("/health/live", "/health/ready", "/api/v1/sessions", "/docs", "/openapi.json")
        assert await statuses(worker, *paths) == [200, 200, 404, 404, 404]
        assert await statuses(api, *paths) == [200] * 5
        assert (await listens(api.grpc_port), await listens(worker.grpc_port)) == (True, False)
        # What the API says is done, wherever it has to be.
        await api.call("POST", "/api/v1/sessions/ana/stop")
        await api.status("ana", "STOPPED")
        await api.call("POST", "/api/v1/sessions/ana/start")
        await api.status("ana", "WORKING")
        await api.call("POST", "/api/v1/sessions/ana/logout")
        assert await sandbox.devices(ANA) == []
        await api.call("DELETE", "/api/v1/sessions/ana")
        assert await statuses(api, "/api/v1/sessions/ana") == [404]


async def answers(gateway: Gateway, key: str | None) -> list[int]:
    """What a caller with this key, or without one, gets of what a worker tells."""
    found = []
    async with aiohttp.ClientSession(headers={} if key is None else {"X-API-Key": key}) as caller:
        for path in ("/metrics", "/api/v1/health"):
            async with caller.get(gateway.url + path) as answer:
                found.append(answer.status)
    return found


async def test_a_worker_knows_the_keys_of_the_database(cluster: Cluster) -> None:
    async with cluster.gateway("api", "api") as api, cluster.gateway("worker", "worker") as worker:
        owner = await api.call("POST", "/api/v1/users", {"name": "Prometheus", "role": "reader"})
        asked = {"user_id": owner["id"], "name": "Prometheus", "role": "reader"}
        made = await api.call("POST", "/api/v1/api-keys", asked)
        assert await answers(worker, made["secret"]) == await answers(api, made["secret"]) == [200, 200]
        assert await answers(worker, None) == [401, 401]
        assert await answers(worker, "pombo_no-key-of-anybody") == [401, 401]
        await api.call("POST", f"/api/v1/api-keys/{made['id']}/rotate", {"overlap": 60})
        # One with another secret knows none of them, and says so; what is open is open to everybody.
        other = base64.b64encode(b"o" * 32).decode()
        async with cluster.gateway("other", "worker", POMBO_API_KEY_SECRET=other, POMBO_METRICS="open") as stranger:
            assert await answers(stranger, made["secret"]) == [200, 401]
            assert await answers(stranger, None) == [200, 401]
            assert "under another secret: 2." in stranger.log.read_text()
        assert "under another secret" not in worker.log.read_text() + api.log.read_text()
        await api.call("POST", f"/api/v1/api-keys/{made['id']}/revoke")

        async def refused() -> bool | None:
            return await answers(worker, made["secret"]) == [401, 401] or None

        await until(refused)


async def test_workers_are_exchanged_while_messages_are_accepted(cluster: Cluster, sandbox: Sandbox) -> None:
    accepted: list[dict[str, Any]] = []
    stop = asyncio.Event()

    async def send(api: Gateway) -> None:
        # One after another, without waiting for WhatsApp: each is a promise that it will be sent, once.
        while not stop.is_set():
            body = f"message {len(accepted)}"
            request = {"session_id": "ana", "to": BEN, "type": "text", "text": {"body": body}}
            async with api.http.post(
                f"{api.url}/api/v1/messages/send", json=request, headers={"Prefer": "respond-async"}
            ) as answer:
                assert answer.status in {201, 202}, await answer.text()
                accepted.append(await answer.json())
            await asyncio.sleep(0.4)

    async with cluster.gateway("api", "api") as api:
        async with cluster.gateway("first", "worker") as first:
            await api.link("ana", sandbox, ANA)
            sending = asyncio.create_task(send(api))
            await sent(api, accepted, 5)
            assert await first.stop() == 0
        before = len(accepted)
        async with cluster.gateway("second", "worker") as second:
            await sent(api, accepted, before + 5)
            stop.set()
            await sending
            await sent(api, accepted, len(accepted))
            assert len(await api.events("session.qr")) == 1
            bodies = [body for body in await sandbox.bodies(BEN, ANA) if body.startswith("message ")]
            assert bodies == [f"message {number}" for number in range(len(accepted))]
            assert await second.stop() == 0


async def sent(api: Gateway, accepted: list[dict[str, Any]], count: int) -> None:
    """Until so many of those that were accepted have left."""

    async def left() -> bool | None:
        page = await api.call("GET", "/api/v1/messages?page_size=500")
        on_the_way = {"QUEUED", "SENDING"}
        statuses = {message["id"]: message["status"] for message in page["items"]}
        return sum(statuses.get(message["id"], "QUEUED") not in on_the_way for message in accepted) >= count or None

    await until(left, 120)


async def test_a_gateway_of_several_that_names_no_servers(tmp_path: Path, sandbox: Sandbox) -> None:
    gateway = Gateway(tmp_path / "data", sandbox, {"POMBO_ROLE": "worker"})
    try:
        await gateway.launch()
        assert await gateway.process.wait() == 2
        assert "POMBO_ROLE: worker shares its servers with other gateways" in gateway.log.read_text()
    finally:
        await gateway.close()
