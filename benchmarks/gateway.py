"""The gateway under test, through its REST API with durable commits."""

import asyncio
import contextlib
import json
import os
import secrets
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Self, override

import aiohttp

from benchmarks.system import ROOT, Sandbox, System, end, free_port


class Gateway(System):
    """``pombo serve`` with its embedded servers."""

    name = "pombo"

    def __init__(self, process: Process, url: str, key: str, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
        self._process = process
        self._url = url
        self._key = key
        self._http = http
        self._sandbox = sandbox
        self._inbound: dict[str, asyncio.Queue[tuple[str, float]]] = {}

    @classmethod
    @contextlib.asynccontextmanager
    async def run(cls, sandbox: Sandbox, data: Path, browser: Path) -> AsyncIterator[Self]:
        """Starts it and follows its events."""
        port, key = free_port(), secrets.token_urlsafe(24)
        environment = {
            **os.environ,
            "PORT": str(port),
            "GRPC_PORT": str(free_port()),
            "POMBO_DATA_DIR": str(data),
            "API_KEY": key,
            "WHATSAPP_WEB_URL": sandbox.page,
            "BROWSER_PATH": str(browser),
            "POMBO_LOG_LEVEL": "warning",
        }
        pombo = ROOT / ".venv" / "bin" / "pombo"
        process = await asyncio.create_subprocess_exec(str(pombo), "serve", stdout=DEVNULL, env=environment)
        try:
            connector = aiohttp.TCPConnector(limit=0)
            async with aiohttp.ClientSession(connector=connector, headers={"X-API-Key": key}) as http:
                gateway = cls(process, f"http://127.0.0.1:{port}", key, http, sandbox)
                await gateway._await_ready()
                events = asyncio.create_task(gateway._follow())
                try:
                    yield gateway
                finally:
                    events.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await events
        finally:
            await end(process)

    @property
    @override
    def pid(self) -> int:
        return self._process.pid

    @override
    async def link(self, phone: str) -> None:
        await self._call("POST", "/api/v1/sessions", {"id": phone})
        qr = await self._call("GET", f"/api/v1/sessions/{phone}/qr?wait=60")
        await self._sandbox.scan(phone, qr["qr"])
        await self._await_working(phone)

    @override
    async def reopen(self, phone: str) -> float:
        await self._call("POST", f"/api/v1/sessions/{phone}/stop")
        begun = time.monotonic()
        await self._call("POST", f"/api/v1/sessions/{phone}/start")
        await self._await_working(phone)
        return time.monotonic() - begun

    @override
    async def send(self, phone: str, recipients: Sequence[str], count: int) -> float:
        async def lane(to: str) -> None:
            for number in range(count):
                body = {"session_id": phone, "to": to, "type": "text", "text": {"body": f"benchmark {number}"}}
                message = await self._call("POST", "/api/v1/messages/send", body)
                assert message["status"] not in {"QUEUED", "SENDING", "FAILED"}, message["status"]

        begun = time.monotonic()
        await asyncio.gather(*(lane(to) for to in recipients))
        return time.monotonic() - begun

    @override
    def received(self, phone: str) -> asyncio.Queue[tuple[str, float]]:
        return self._inbound.setdefault(phone, asyncio.Queue())

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        async with self._http.request(method, self._url + path, json=body) as answer:
            if not answer.ok:
                raise RuntimeError(f"{method} {path}: {answer.status} {await answer.text()}")
            return await answer.json()

    async def _await_ready(self) -> None:
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with self._http.get(self._url + "/health/ready") as answer:
                        if answer.ok:
                            return
                await asyncio.sleep(0.1)

    async def _await_working(self, phone: str) -> None:
        async with asyncio.timeout(60):
            while (await self._call("GET", f"/api/v1/sessions/{phone}"))["status"] != "WORKING":  # noqa: ASYNC110 - the state is another process's
                await asyncio.sleep(0.02)

    async def _follow(self) -> None:
        headers, timeout = {"Accept": "text/event-stream"}, aiohttp.ClientTimeout(total=None)
        url = self._url + "/api/v1/events?types=message.received"
        async with self._http.get(url, headers=headers, timeout=timeout, read_bufsize=2**22) as answer:
            async for line in answer.content:
                if line.startswith(b"data:"):
                    event = json.loads(line[5:])
                    whatsapp_id = event["payload"]["message"]["whatsapp_id"]
                    self.received(event["session_id"]).put_nowait((whatsapp_id.split("_")[2], time.monotonic()))
