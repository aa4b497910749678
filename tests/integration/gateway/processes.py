"""The sandbox, the gateway and a whatsapp-web.js client, each in a process of its own."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import ssl
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import aiohttp
import pytest

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
DEADLINE = 60
_NOT_INHERITED = {"DATABASE_URL", "REDIS_URL", "PYTHONDONTWRITEBYTECODE"}
"""What would lead a gateway elsewhere; without bytecode each start of it takes seconds longer."""


async def until[T](look: Callable[[], Awaitable[T | None]], seconds: float = DEADLINE) -> T:
    async with asyncio.timeout(seconds):
        while (seen := await look()) is None:  # noqa: ASYNC110 - what is awaited is the state of another process
            await asyncio.sleep(0.05)
        return seen


def descendants(root: int) -> set[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                if stat[0] != "Z":
                    parents[int(entry.name)] = int(stat[1])
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {root}


def alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def end(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(20):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


class Sandbox:
    def __init__(self, addresses: dict[str, str], http: aiohttp.ClientSession, data: Path) -> None:
        self._data = data
        self.page = addresses["page"]
        self.https_port = int(addresses["https"].rstrip("/").rpartition(":")[2])
        self.control = addresses["control"].rstrip("/")
        self._http = http

    @classmethod
    @contextlib.asynccontextmanager
    async def run(cls, data: Path, *options: str) -> AsyncIterator[Self]:
        command = [sys.executable, "-m", "sandbox", "--data-dir", str(data)]
        command += ["--port", "0", "--control-port", "0", "--https-port", "0", *options]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, env=environment)
        try:
            assert process.stdout is not None
            async with asyncio.timeout(DEADLINE):
                ready = json.loads(await process.stdout.readline())
            async with aiohttp.ClientSession() as http:
                yield cls(ready, http, data)
        finally:
            await end(process)

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        async with self._http.request(method, self.control + path, json=body) as answer:
            assert answer.ok, (answer.status, await answer.text())
            return await answer.json() if answer.content_length else None

    async def account(self, phone: str, **settings: object) -> None:
        await self.call("POST", "/accounts", {"phone": phone, "name": f"Phone {phone[-3:]}"})
        if settings:
            await self.call("PATCH", f"/accounts/{phone}", dict(settings))

    async def scan(self, phone: str, qr: str) -> None:
        await self.call("POST", f"/accounts/{phone}/scan", {"qr": qr})

    async def send(self, phone: str, to: str, text: str) -> str:
        return str((await self.call("POST", f"/accounts/{phone}/send", {"to": to, "text": text}))["id"])

    async def bodies(self, phone: str, chat: str) -> list[str]:
        answer = await self.call("GET", f"/accounts/{phone}/messages?chat={chat}")
        messages = answer["messages"]
        return [message["body"] for message in messages if f"{message['from']}".startswith(chat)]

    async def file(self, phone: str, message_id: str) -> bytes:
        """The file of a message as the phone opens it."""
        async with self._http.get(f"{self.control}/accounts/{phone}/media/{message_id}") as answer:
            assert answer.ok, (answer.status, await answer.text())
            return await answer.read()

    async def upload(self, phone: str, content: bytes) -> str:
        """Puts a file on a phone, to be sent once; gives its id."""
        async with self._http.post(f"{self.control}/accounts/{phone}/media", data=content) as answer:
            assert answer.ok, (answer.status, await answer.text())
            return str((await answer.json())["id"])

    def receiving(self) -> bool:
        """Whether a file is being uploaded."""
        return any((self._data / "media/incoming").iterdir())

    async def devices(self, phone: str) -> list[int]:
        answer = await self.call("GET", f"/accounts/{phone}/devices")
        devices = answer["devices"]
        return [device["device"] for device in devices]


class Gateway:
    """``pombo serve`` on a data directory of its own; may be killed and started again."""

    def __init__(
        self,
        data: Path,
        sandbox: Sandbox,
        environment: Mapping[str, str] | None = None,
        *,
        through: Sequence[str] = (),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """``through`` is a program that becomes it; ``tls`` is what its REST is called with."""
        self._through = through
        self.port, self.grpc_port = free_port(), free_port()
        self.key = secrets.token_urlsafe(24)
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{self.port}"
        self.log = data.parent / "gateway.log"
        self._environment = {
            **{name: value for name, value in os.environ.items() if name not in _NOT_INHERITED},
            "PORT": str(self.port),
            "GRPC_PORT": str(self.grpc_port),
            "API_KEY": self.key,
            "POMBO_DATA_DIR": str(data),
            "WHATSAPP_WEB_URL": sandbox.page,
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            **(environment or {}),
        }
        self._process: Process | None = None
        connector = aiohttp.TCPConnector(ssl=True if tls is None else tls)
        self.http = aiohttp.ClientSession(headers={"X-API-Key": self.key}, connector=connector)

    @property
    def process(self) -> Process:
        assert self._process is not None
        return self._process

    async def start(self, *program: str) -> None:
        """Starts it, or a program that takes its place, and waits until it serves."""
        await self.launch(*program)
        await until(self._ready)

    async def launch(self, *program: str) -> None:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(*self._through, sys.executable, "-m", *(program or ("entrypoints.cli", "serve"))),
                stdout=log,
                stderr=log,
                env=self._environment,
            )

    async def live(self) -> None:
        """Waits until it answers, whether all of its parts do or not."""
        await until(lambda: self._answers("/health/live"))

    async def _ready(self) -> bool | None:
        return await self._answers("/health/ready")

    async def _answers(self, path: str) -> bool | None:
        assert self.process.returncode is None, self.log.read_text()[-4000:]
        with contextlib.suppress(aiohttp.ClientError):
            async with self.http.get(self.url + path) as answer:
                return answer.ok or None
        return None

    async def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(15):
            return await self.process.wait()

    async def kill(self) -> None:
        """kill -9, and waits until nothing that it started is left."""
        started = descendants(self.process.pid)
        self.process.kill()
        await self.process.wait()

        async def gone() -> bool | None:
            return not any(alive(pid) for pid in started) or None

        await until(gone, 20)

    async def close(self) -> None:
        await self.http.close()
        if self._process is not None:
            await end(self._process)

    async def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, status: int | None = None
    ) -> Any:
        async with self.http.request(method, self.url + path, json=body) as answer:
            content = await answer.json(content_type=None) if answer.status != 204 else None
            if status is None:
                assert answer.ok, (answer.status, content)
            else:
                assert answer.status == status, (answer.status, content)
            return content

    async def link(self, session: str, sandbox: Sandbox, phone: str) -> None:
        await self.call("POST", "/api/v1/sessions", {"id": session})
        await sandbox.scan(phone, await self.qr(session))
        await self.status(session, "WORKING")

    async def qr(self, session: str) -> str:
        """The QR that a session shows; how long a browser takes to start is the machine's."""

        async def shown() -> str | None:
            async with self.http.get(f"{self.url}/api/v1/sessions/{session}/qr?wait=30") as answer:
                content = await answer.json()
                if content.get("reason") == "QR_NOT_READY":
                    return None
                assert answer.ok, (answer.status, content)
                return str(content["qr"])

        return await until(shown)

    async def status(self, session: str, wanted: str) -> dict[str, Any]:
        found: dict[str, Any] = {}

        async def reached() -> dict[str, Any] | None:
            nonlocal found
            found = await self.call("GET", f"/api/v1/sessions/{session}")
            return found if found["status"] == wanted else None

        try:
            return await until(reached)
        except TimeoutError:
            pytest.fail(f"not {wanted}, but {found}; the log ends with:\n{self.log.read_text()[-6000:]}")

    async def send(self, session: str, to: str, body: str) -> dict[str, Any]:
        request = {"session_id": session, "to": to, "type": "text", "text": {"body": body}}
        message: dict[str, Any] = await self.call("POST", "/api/v1/messages/send", request)
        return message

    async def events(self, *types: str) -> list[dict[str, Any]]:
        page = await self.call("GET", f"/api/v1/events?page_size=1000&types={','.join(types)}")
        items: list[dict[str, Any]] = page["items"]
        return items

    async def received(self, body: str) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            messages = [event["payload"]["message"] for event in await self.events("message.received")]
            found = [message for message in messages if message["type"] == "text" and message["text"]["body"] == body]
            assert len(found) <= 1
            return found[0] if found else None

        return await until(look)


class WhatsAppWebJs:
    """An unmodified whatsapp-web.js client."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._seen: list[dict[str, Any]] = []
        self._news = asyncio.Event()
        self._id = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def run(cls, sandbox: Sandbox, data: Path, browser: str) -> AsyncIterator[Self]:
        config = {"executablePath": browser, "dataPath": str(data), "httpsPort": sandbox.https_port}
        script = ROOT / "web" / "conformance" / "wwebjs-client.mjs"
        process = await asyncio.create_subprocess_exec(
            "node", str(script), json.dumps(config), stdin=PIPE, stdout=PIPE, limit=2**22
        )
        client = cls(process)
        reader = asyncio.create_task(client._read())
        try:
            yield client
        finally:
            assert process.stdin is not None
            process.stdin.close()  # the client closes its browser when this end of the pipe is gone
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(15):
                    await process.wait()
            await end(process)
            await reader

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self._seen.append(json.loads(line))
            self._news.set()

    async def seen(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async with asyncio.timeout(DEADLINE):
            while True:
                self._news.clear()
                for line in self._seen:
                    if wanted(line):
                        return line
                await self._news.wait()

    async def event(self, name: str, **fields: object) -> dict[str, Any]:
        return await self.seen(
            lambda line: line.get("event") == name and all(line.get(key) == value for key, value in fields.items())
        )

    def tell(self, command: str, **arguments: object) -> int:
        self._id += 1
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": self._id, "command": command, **arguments}).encode() + b"\n")
        return self._id

    async def ask(self, command: str, **arguments: object) -> Any:
        number = self.tell(command, **arguments)
        answer = await self.seen(lambda line: line.get("id") == number and "event" not in line)
        assert "error" not in answer, answer
        return answer["result"]
