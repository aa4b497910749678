"""The programs of a run: the sandbox and one gateway, each a process, and the receiver."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.chaos import children
from tests.chaos.whatsapp import WhatsApp
from tests.load.plan import RATE_SENDS, SESSIONS
from tests.load.receiver import SlowReceiver
from tests.load.tally import Posts

_START_SECONDS: Final = 600.0
"""The first start may unpack a browser. A bound, not a measure, as all of these are."""

_LINK_SECONDS: Final = 300.0
_STOP_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.1
_STATUS_SECONDS: Final = 0.3
_SLOW_SECONDS: Final = 0.25
"""What the receiver takes for each post."""

_FOREIGN: Final = ("DATABASE_URL", "REDIS_URL", "WEBHOOK_URL", "PYTHONDONTWRITEBYTECODE")


class Gateway:
    """``pombo serve`` with servers of its own, and its administrator's calls."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, ports: tuple[int, int], key: str) -> None:
        self.process = process
        self.log = log
        self.url = f"http://127.0.0.1:{ports[0]}"
        self.grpc_address = f"127.0.0.1:{ports[1]}"
        self._http = aiohttp.ClientSession(headers={"X-API-Key": key})
        self._users: dict[str, str] = {}

    async def close(self) -> None:
        await self._http.close()
        await children.end(self.process, _STOP_SECONDS)

    async def until_ready(self) -> None:
        """Waits for its start.

        Raises:
            RuntimeError: it has ended, and why.
        """
        async with asyncio.timeout(_START_SECONDS):
            while not await self._is_ready():
                if self.process.returncode is not None:
                    raise RuntimeError(f"the gateway has ended: {self.log.read_text(errors='replace')[-500:]}")
                await asyncio.sleep(_LOOK_SECONDS)

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """An answer's JSON; refusals for a rate are waited out.

        Raises:
            aiohttp.ClientError: there was none, or it wasn't a success.
        """
        while True:
            async with self._http.request(method, f"{self.url}/api/v1{path}", json=body) as answer:
                if answer.status != HTTPStatus.TOO_MANY_REQUESTS:
                    answer.raise_for_status()
                    return await answer.json()
                wait = float(answer.headers["Retry-After"])
            await asyncio.sleep(wait)

    async def key(self, role: str, name: str) -> str:
        """A new key's secret."""
        if (user := self._users.get(role)) is None:
            user = self._users[role] = (await self.call("POST", "/users", {"name": role, "role": role}))["id"]
        made = await self.call("POST", "/api-keys", {"user_id": user, "name": name, "role": role})
        return str(made["secret"])

    async def _is_ready(self) -> bool:
        with suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with self._http.get(self.url + "/health/ready", timeout=aiohttp.ClientTimeout(total=2)) as answer:
                return answer.ok
        return False


@dataclass(slots=True)
class World:
    """What runs."""

    gateway: Gateway
    whatsapp: WhatsApp
    receiver: SlowReceiver
    webhook: str = ""


@asynccontextmanager
async def open_world(home: Path, posts: Posts) -> AsyncIterator[World]:
    """Starts everything below a directory that has a `logs` in it; at the end nothing of it is running."""
    ports = children.Ports()
    async with AsyncExitStack() as stack:
        whatsapp = WhatsApp(home / "whatsapp", home / "logs" / "sandbox.log", ports.take(), ports.take())
        stack.push_async_callback(whatsapp.close)
        receiver = SlowReceiver(ports.take(), _SLOW_SECONDS, posts)
        stack.push_async_callback(receiver.close)
        await asyncio.gather(whatsapp.start(), receiver.start())
        gateway = await _launch(home, whatsapp.page, (ports.take(), ports.take()))
        stack.push_async_callback(gateway.close)
        await gateway.until_ready()
        yield World(gateway, whatsapp, receiver)


async def link(world: World, numbers: list[str]) -> None:
    """Links the sessions, and makes the phones of those whom they write to."""
    for number in (*SESSIONS.values(), *numbers):
        await world.whatsapp.call("POST", "/accounts", {"phone": number, "name": f"Phone {number[-4:]}"})
    for session, number in SESSIONS.items():
        await world.gateway.call("POST", "/sessions", {"id": session})
        async with asyncio.timeout(_LINK_SECONDS):
            await world.whatsapp.call("POST", f"/accounts/{number}/scan", {"qr": await _qr(world, session)})
            while (await world.gateway.call("GET", f"/sessions/{session}"))["status"] != "WORKING":  # noqa: ASYNC110 - a state of another process
                await asyncio.sleep(_STATUS_SECONDS)


async def _launch(home: Path, page: str, ports: tuple[int, int]) -> Gateway:
    inherited = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    inherited = {name: value for name, value in inherited.items() if not name.startswith("POMBO_")}
    key, log = secrets.token_urlsafe(24), home / "logs" / "gateway.log"
    environment = {
        **inherited,
        "API_KEY": key,
        "PORT": str(ports[0]),
        "GRPC_PORT": str(ports[1]),
        "WHATSAPP_WEB_URL": page,
        "POMBO_DATA_DIR": str(home / "gateway"),
        "POMBO_LOG_FORMAT": "json",
        "POMBO_WEBHOOK_ALLOW_PRIVATE": "127.0.0.0/8",
        "POMBO_RATE_SENDS": RATE_SENDS,
    }
    process = await children.launch(("entrypoints.cli", "serve"), log, environment)
    return Gateway(process, log, ports, key)


async def _qr(world: World, session: str) -> str:
    while True:
        try:
            return str((await world.gateway.call("GET", f"/sessions/{session}/qr?wait=20"))["qr"])
        except aiohttp.ClientResponseError:
            await asyncio.sleep(0.5)
