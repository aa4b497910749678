"""Two gateways on one database: each session is run by one of them, whatever becomes of the other."""

import asyncio
import base64
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from adapters.playwright.processes import browser_pids

from .conftest import ANA, BEN
from .processes import Gateway, Sandbox, until

pytestmark = pytest.mark.timeout(300)

CARLA = "15550100300"
UNRECORDED = "taken, and not recorded"
DELIVERED = 2
"""The sandbox's ack of a message that a device of the recipient's has."""


class Node:
    """A gateway with a data directory of its own."""

    def __init__(self, home: Path, sandbox: Sandbox, environment: dict[str, str]) -> None:
        home.mkdir()
        self.data = home / "data"
        self.gateway = Gateway(self.data, sandbox, environment)

    @property
    def name(self) -> str:
        return (self.data / "node").read_text().split()[0]

    @property
    def profile(self) -> Path:
        return self.data / "profiles" / "ana"

    def browsers(self) -> tuple[int, ...]:
        return browser_pids(self.profile / "chromium")


class Pair:
    """Two of them; ``ana`` is linked, and north runs it. South has never seen its profile."""

    def __init__(self, north: Node, south: Node, database_url: str) -> None:
        self.north = north
        self.south = south
        self._database_url = database_url

    async def lease(self) -> dict[str, Any] | None:
        """The valid lease."""
        connection = await asyncpg.connect(self._database_url)
        try:
            row = await connection.fetchrow(
                "SELECT node, epoch FROM pombo.session_leases "
                "WHERE session_id = 'ana' AND owner IS NOT NULL AND expires_at > now()"
            )
        finally:
            await connection.close()
        return None if row is None else dict(row)

    async def owned_by(self, node: Node) -> dict[str, Any]:
        async def owned() -> dict[str, Any] | None:
            lease = await self.lease()
            return lease if lease is not None and lease["node"] == node.name else None

        return await until(owned)

    async def working_at(self, node: Node) -> None:
        """Until the node has the session, and it works there."""
        lease = await self.owned_by(node)

        async def works() -> bool | None:
            status = await node.gateway.call("GET", "/api/v1/sessions/ana/status")
            # What its page can do is known only where the page is.
            return (status["status"] == "WORKING" and bool(status["capabilities"])) or None

        await until(works)
        assert await self.lease() == lease


@asynccontextmanager
async def paired(home: Path, sandbox: Sandbox, database_url: str, redis_url: str, lease: int) -> AsyncIterator[Pair]:
    environment = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "POMBO_LEASE_SECONDS": str(lease)}
    environment["POMBO_SNAPSHOT_KEY"] = base64.b64encode(b"k" * 32).decode()
    north, south = (Node(home / name, sandbox, environment) for name in ("north", "south"))
    pair = Pair(north, south, database_url)
    try:
        await north.gateway.start()
        await north.gateway.link("ana", sandbox, ANA)
        await north.gateway.send("ana", BEN, "hello")
        await south.gateway.start()
        yield pair
    finally:
        for node in (north, south):
            if node.gateway._process is not None and node.gateway.process.returncode is None:
                node.gateway.process.send_signal(signal.SIGCONT)
            await asyncio.shield(node.gateway.close())


async def take_unrecorded(node: Node, sandbox: Sandbox) -> None:
    """Has the page take a message while its gateway stands still. WhatsApp counts it as delivered."""
    await sandbox.call("PATCH", f"/accounts/{ANA}", {"online": False})  # it is the page's receipt that comes
    node.gateway.process.send_signal(signal.SIGSTOP)
    await sandbox.send(BEN, ANA, UNRECORDED)

    async def delivered() -> bool | None:
        held = (await sandbox.call("GET", f"/accounts/{BEN}/messages?chat={ANA}"))["messages"]
        return next(message["ack"] for message in held if message["body"] == UNRECORDED) >= DELIVERED or None

    await until(delivered)
    await sandbox.call("PATCH", f"/accounts/{ANA}", {"online": True})


async def received_by(gateway: Gateway) -> list[dict[str, Any]]:
    return await gateway.events("message.received")


async def post(gateway: Gateway, to: str, body: str) -> str:
    request = {"session_id": "ana", "to": to, "type": "text", "text": {"body": body}}
    async with gateway.http.post(
        f"{gateway.url}/api/v1/messages/send", json=request, headers={"Prefer": "respond-async"}
    ) as answer:
        message = await answer.json()
        assert answer.status == 202, message
        return str(message["id"])


def tell(capsys: pytest.CaptureFixture[str], what: str) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\nfail-over of a gateway that was {what}\n")


async def sent(gateway: Gateway, *ids: str) -> None:
    async def all_sent() -> bool | None:
        found = [await gateway.call("GET", f"/api/v1/messages/{each}") for each in ids]
        return all(message["status"] in {"SENT", "DELIVERED", "READ"} for message in found) or None

    await until(all_sent)


async def test_the_peer_of_a_gateway_that_was_killed_takes_over_what_it_had(
    sandbox: Sandbox, database_url: str, redis_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await sandbox.account(CARLA)
    async with paired(tmp_path, sandbox, database_url, redis_url, 4) as pair:
        north, south = pair.north.gateway, pair.south.gateway
        # One that WhatsApp has and north doesn't know of, and others behind it, at both gateways.
        await sandbox.call("POST", "/faults", {"kind": "lose_acks", "account": ANA, "count": 1})
        ids = [await post(north, BEN, "half sent")]

        async def arrived() -> bool | None:
            return "half sent" in await sandbox.bodies(BEN, ANA) or None

        await until(arrived)
        ids += [await post(gateway, BEN, f"behind {n}") for n, gateway in enumerate((north, south, north, south))]
        ids += [await post(gateway, CARLA, f"beside {n}") for n, gateway in enumerate((south, north, south))]
        before = await pair.owned_by(pair.north)
        await take_unrecorded(pair.north, sandbox)
        north.process.kill()
        killed = time.monotonic()
        await north.process.wait()
        ids += [await post(south, BEN, "meanwhile")]
        after = await pair.owned_by(pair.south)
        owned = time.monotonic()
        assert not pair.north.browsers()
        await pair.working_at(pair.south)
        works = time.monotonic()
        await sent(south, *ids)
        assert after["epoch"] == before["epoch"] + 1
        expected = ["hello", "half sent", *(f"behind {n}" for n in range(4)), "meanwhile"]
        assert await sandbox.bodies(BEN, ANA) == expected
        assert await sandbox.bodies(CARLA, ANA) == [f"beside {n}" for n in range(3)]
        times = f"{owned - killed:.1f} s without an owner, {works - killed:.1f} s until it works"
        tell(capsys, f"killed: {times}; {len(ids)} messages in flight, each on its phone once")
        # What north's page had taken is on its own disk alone, and told once it is back, without the session.
        assert UNRECORDED not in {event["payload"]["message"]["text"]["body"] for event in await received_by(south)}
        await north.start()
        await south.received(UNRECORDED)
        assert await pair.owned_by(pair.south) == after


async def test_a_gateway_that_was_stopped_finds_its_browser_dead_before_its_peer_s_was_started(
    sandbox: Sandbox, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with paired(tmp_path, sandbox, database_url, redis_url, 4) as pair:
        north, south = pair.north.gateway, pair.south.gateway
        lease = await pair.owned_by(pair.north)
        watching = asyncio.Event()
        watch = asyncio.create_task(watch_browsers(pair, watching))
        north.process.send_signal(signal.SIGSTOP)
        assert pair.north.browsers()
        await pair.working_at(pair.south)
        north.process.send_signal(signal.SIGCONT)
        await south.status("ana", "WORKING")

        async def noticed() -> bool | None:
            status = await north.call("GET", "/api/v1/sessions/ana/status")
            return not status["capabilities"] or None

        await until(noticed)
        # Both live, and answer; what north is asked for is done by south.
        ids = [await post(north, BEN, "from north"), await post(south, BEN, "from south")]
        await sent(south, *ids)
        assert await sandbox.bodies(BEN, ANA) == ["hello", "from north", "from south"]
        before = pair.south.browsers()
        await north.call("POST", "/api/v1/sessions/ana/restart")
        await pair.working_at(pair.south)
        assert not set(before) & set(pair.south.browsers())
        # Several of its renewals later it still leaves the session alone.
        await asyncio.sleep(5)
        assert await pair.owned_by(pair.south) == {"node": pair.south.name, "epoch": lease["epoch"] + 1}
        watching.set()
        assert await watch == []
        assert not pair.north.browsers()
        stopped = await north.call("POST", "/api/v1/sessions/ana/stop")
        assert stopped["status"] == "STOPPED"
        assert not pair.south.browsers()
        assert await pair.lease() is None


async def watch_browsers(pair: Pair, until_set: asyncio.Event) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The moments in which both had a browser open."""
    both = []
    while not until_set.is_set():
        north, south = await asyncio.to_thread(lambda: (pair.north.browsers(), pair.south.browsers()))
        if north and south:
            both.append((north, south))
        await asyncio.sleep(0.01)
    return both


async def test_a_gateway_that_stops_in_peace_hands_over_at_once(
    sandbox: Sandbox, database_url: str, redis_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with paired(tmp_path, sandbox, database_url, redis_url, 300) as pair:
        began = time.monotonic()
        stopping = asyncio.create_task(pair.north.gateway.stop())
        await pair.owned_by(pair.south)
        owned = time.monotonic()
        await pair.working_at(pair.south)
        works = time.monotonic()
        assert await stopping == 0
        tell(capsys, f"stopped: {owned - began:.1f} s until the peer owns it, {works - began:.1f} s until it works")
        # One that is killed has its sessions back at its own next start, however long its leases last.
        south = pair.south.gateway
        south.process.kill()
        await south.process.wait()
        await south.start()
        await pair.working_at(pair.south)


async def test_two_that_start_at_once_share_the_sessions(
    sandbox: Sandbox, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with paired(tmp_path, sandbox, database_url, redis_url, 300) as pair:
        for node in (pair.north, pair.south):
            await node.gateway.stop()
        await asyncio.gather(pair.north.gateway.start(), pair.south.gateway.start())

        async def owned() -> dict[str, Any] | None:
            return await pair.lease()

        owner = pair.north if (await until(owned))["node"] == pair.north.name else pair.south
        await pair.working_at(owner)
        assert [bool(node.browsers()) for node in (pair.north, pair.south)] == [
            node is owner for node in (pair.north, pair.south)
        ]
