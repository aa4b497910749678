"""whatsapp-web.js under test, through its own API, one browser per account as it is meant to be used."""

import asyncio
import contextlib
import itertools
import json
import os
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Self, override

from benchmarks.system import ROOT, Sandbox, System, end


class WhatsAppWebJs(System):
    """One Node process with a client per account."""

    name = "whatsapp-web.js"

    def __init__(self, process: Process, sandbox: Sandbox, data: Path, browser: Path) -> None:
        self._process = process
        self._sandbox = sandbox
        self._data = data
        self._browser = browser
        self._numbers = itertools.count()
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._ready: dict[str, asyncio.Event] = {}
        self._inbound: dict[str, asyncio.Queue[tuple[str, float]]] = {}

    @classmethod
    @contextlib.asynccontextmanager
    async def run(cls, sandbox: Sandbox, data: Path, browser: Path) -> AsyncIterator[Self]:
        """Starts the Node process and follows what it tells."""
        script = ROOT / "web" / "bench" / "wwebjs-peer.mjs"
        process = await asyncio.create_subprocess_exec("node", str(script), stdin=PIPE, stdout=PIPE, limit=2**22)
        peer = cls(process, sandbox, data, browser)
        reader = asyncio.create_task(peer._follow())
        try:
            yield peer
            for phone in tuple(peer._ready):
                await peer._ask("close", id=phone)
        finally:
            reader.cancel()
            await end(process)

    @property
    @override
    def pid(self) -> int:
        return self._process.pid

    @override
    async def link(self, phone: str) -> None:
        await self._open(phone)

    @override
    async def reopen(self, phone: str) -> float:
        await self._ask("close", id=phone)
        begun = time.monotonic()
        await self._open(phone)
        return time.monotonic() - begun

    @override
    async def send(self, phone: str, recipients: Sequence[str], count: int) -> float:
        lanes = [f"{recipient}@c.us" for recipient in recipients]
        return float((await self._ask("send", id=phone, lanes=lanes, count=count))["seconds"])

    @override
    def received(self, phone: str) -> asyncio.Queue[tuple[str, float]]:
        return self._inbound.setdefault(phone, asyncio.Queue())

    async def _open(self, phone: str) -> None:
        self._ready[phone] = asyncio.Event()
        shell = "headless" in self._browser.name
        args = [f"--host-resolver-rules=MAP web.whatsapp.com 127.0.0.1:{self._sandbox.https_port}"]
        args += ["--ignore-certificate-errors"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
        await self._ask(
            "open",
            id=phone,
            dataPath=str(self._data),
            browser=str(self._browser),
            headless="shell" if shell else True,
            args=args,
        )
        async with asyncio.timeout(60):
            await self._ready[phone].wait()

    async def _ask(self, op: str, **arguments: object) -> Any:
        rid = next(self._numbers)
        answer = self._answers[rid] = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"rid": rid, "op": op, **arguments}).encode() + b"\n")
        return await answer

    async def _follow(self) -> None:
        assert self._process.stdout is not None
        async with asyncio.TaskGroup() as scans:
            async for line in self._process.stdout:
                now = time.monotonic()
                match json.loads(line):
                    case {"event": "done", "rid": rid, "result": result}:
                        self._answers.pop(rid).set_result(result)
                    case {"event": "failed", "rid": rid, "error": error}:
                        self._answers.pop(rid).set_exception(RuntimeError(error))
                    case {"event": "qr", "id": phone, "qr": qr}:
                        scans.create_task(self._sandbox.scan(phone, qr))
                    case {"event": "ready", "id": phone}:
                        self._ready[phone].set()
                    case {"event": "message", "id": phone, "message": message}:
                        self.received(phone).put_nowait((message, now))
