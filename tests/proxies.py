"""Small proxies that count what goes through them: HTTP CONNECT with Basic authentication, and SOCKS5."""

import asyncio
import base64
import contextlib
import ipaddress
import ssl
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self, override

type Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def callers_of(port: int) -> set[int]:
    """The ports that a server on loopback has been called from of late: connections, and those that have ended."""
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        own, peer = (int(end.rpartition(":")[2], 16) for end in line.split()[1:3])
        if port in (own, peer) and line.split()[3] != "0A":
            found.add(peer if own == port else own)
    return found


class SmallProxy(ABC):
    """A proxy on loopback, which takes every name for its own machine.

    Attributes:
        passed: what it has connected to, as it was told.
        ports: where its connections came from.
        barred: hosts that it can't reach.
        turned_away: how many had no right.
        sent, received: bytes, on the way out and back.
    """

    scheme: str

    def __init__(self, username: str | None = None, password: str | None = None) -> None:
        self.username, self.password = username, password
        self.passed: list[tuple[str, int]] = []
        self.ports: set[int] = set()
        self.barred: set[str] = set()
        self.turned_away = 0
        self.sent = self.received = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @classmethod
    @contextlib.asynccontextmanager
    async def run(cls, username: str | None = None, password: str | None = None) -> AsyncIterator[Self]:
        proxy = cls(username, password)
        await proxy.start()
        try:
            yield proxy
        finally:
            await proxy.stop()

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        """At the port of before, where there was one."""
        self._server = await asyncio.start_server(self._took, "127.0.0.1", self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Breaks off whatever goes through."""
        if self._server is not None:
            self._server.close()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _took(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._take(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._serve((reader, writer))
        finally:
            writer.close()

    async def _serve(self, near: Ends) -> None:
        target = await self.asked(near)
        if target is None:
            self.turned_away += 1
            return
        try:
            if target[0] in self.barred:
                raise OSError
            far = await asyncio.open_connection("127.0.0.1", target[1])
        except OSError:
            await self.answer(near[1], through=False)
            return
        self.passed.append(target)
        self.ports.add(far[1].get_extra_info("sockname")[1])
        await self.answer(near[1], through=True)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pump(near[0], far[1], outward=True))
                tasks.create_task(self._pump(far[0], near[1], outward=False))
        finally:
            far[1].close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, outward: bool) -> None:
        while chunk := await source.read(65_536):
            if outward:
                self.sent += len(chunk)
            else:
                self.received += len(chunk)
            sink.write(chunk)
            await sink.drain()
        sink.close()

    @abstractmethod
    async def asked(self, near: Ends) -> tuple[str, int] | None:
        """Where to; None, when that is answered already, for who has no right."""

    @abstractmethod
    async def answer(self, writer: asyncio.StreamWriter, *, through: bool) -> None:
        """Says whether it has got there."""


class HttpProxy(SmallProxy):
    scheme = "http"

    @override
    async def asked(self, near: Ends) -> tuple[str, int] | None:
        reader, writer = near
        line, *headers = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = line.split(" ")
        given = dict(header.split(": ", 1) for header in headers if header)
        token = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        if self.username is not None and given.get("Proxy-Authorization") != f"Basic {token}":
            writer.write(b'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n')
            await writer.drain()
            return None
        assert method == "CONNECT", line
        host, _, port = target.rpartition(":")
        return host.removeprefix("[").removesuffix("]"), int(port)

    @override
    async def answer(self, writer: asyncio.StreamWriter, *, through: bool) -> None:
        writer.write(b"HTTP/1.1 200 Yes\r\n\r\n" if through else b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()


class HttpsProxy(HttpProxy):
    scheme = "https"


class Socks5Proxy(SmallProxy):
    scheme = "socks5"

    @override
    async def asked(self, near: Ends) -> tuple[str, int] | None:
        reader, writer = near
        version, count = await reader.readexactly(2)
        assert version == 5
        methods = await reader.readexactly(count)
        wanted = 0 if self.username is None else 2
        if wanted not in methods:
            writer.write(b"\x05\xff")
            await writer.drain()
            return None
        writer.write(bytes([5, wanted]))
        if wanted == 2:
            assert (await reader.readexactly(1))[0] == 1
            username = await reader.readexactly((await reader.readexactly(1))[0])
            password = await reader.readexactly((await reader.readexactly(1))[0])
            good = (username.decode(), password.decode()) == (self.username, self.password)
            writer.write(bytes([1, 0 if good else 1]))
            await writer.drain()
            if not good:
                return None
        version, command, _, kind = await reader.readexactly(4)
        assert (version, command) == (5, 1)
        match kind:
            case 3:
                host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
            case 1:
                host = str(ipaddress.IPv4Address(await reader.readexactly(4)))
            case _:
                host = str(ipaddress.IPv6Address(await reader.readexactly(16)))
        return host, int.from_bytes(await reader.readexactly(2))

    @override
    async def answer(self, writer: asyncio.StreamWriter, *, through: bool) -> None:
        writer.write(bytes([5, 0 if through else 4, 0, 1, 0, 0, 0, 0, 0, 0]))
        await writer.drain()
