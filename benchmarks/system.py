"""What the benchmark asks of a system under test, and the sandbox that all of them stand on."""

import asyncio
import contextlib
import json
import os
import socket
import sys
from abc import ABC, abstractmethod
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Self

import aiohttp

ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def end(process: Process) -> None:
    """Asks a process of ours to stop, and makes sure that it does."""
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(20):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


class Sandbox:
    """The sandbox in a process of its own, and its control API."""

    def __init__(self, process: Process, addresses: dict[str, str], http: aiohttp.ClientSession) -> None:
        self._process = process
        self._http = http
        self.page = addresses["page"]
        self.https_port = int(addresses["https"].rpartition(":")[2].rstrip("/"))
        self._control = addresses["control"].rstrip("/")

    @classmethod
    @contextlib.asynccontextmanager
    async def run(cls, data: Path) -> AsyncIterator[Self]:
        """Starts it on free ports."""
        command = [sys.executable, "-m", "sandbox", "--data-dir", str(data)]
        command += ["--port", "0", "--control-port", "0", "--https-port", "0"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, env=environment)
        assert process.stdout is not None
        try:
            ready = json.loads(await process.stdout.readline())
            async with aiohttp.ClientSession() as http:
                yield cls(process, ready, http)
        finally:
            await end(process)

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One call of the control API."""
        async with self._http.request(method, self._control + path, json=body) as answer:
            if not answer.ok:
                raise RuntimeError(f"{method} {path}: {answer.status} {await answer.text()}")
            return await answer.json() if answer.status != 204 else None

    async def account(self, phone: str) -> None:
        """Adds an account whose phone takes and doesn't read."""
        await self.call("POST", "/accounts", {"phone": phone, "name": f"Phone {phone[-4:]}"})

    async def scan(self, phone: str, qr: str) -> None:
        """Lets a phone scan a QR."""
        await self.call("POST", f"/accounts/{phone}/scan", {"qr": qr})

    async def send(self, phone: str, to: str) -> str:
        """Lets a phone write; gives the message's id."""
        answer = await self.call("POST", f"/accounts/{phone}/send", {"to": to, "text": "benchmark"})
        return str(answer["id"])


class System(ABC):
    """A gateway or library under test, with any number of linked accounts."""

    name: str

    @property
    @abstractmethod
    def pid(self) -> int:
        """The root of its process tree."""

    @abstractmethod
    async def link(self, phone: str) -> None:
        """Links an account by its QR and waits until it can send."""

    @abstractmethod
    async def reopen(self, phone: str) -> float:
        """Closes the account's browser and opens it again; seconds from the call to open to ready."""

    @abstractmethod
    async def send(self, phone: str, recipients: Sequence[str], count: int) -> float:
        """Sends ``count`` messages to each recipient, one after another, to all recipients side by side; seconds."""

    @abstractmethod
    def received(self, phone: str) -> asyncio.Queue[tuple[str, float]]:
        """Ids and times (monotonic) of the messages that came in, as they come."""
