"""A server on a socket that does what a test wants of it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

type Handler = Callable[["Exchange"], Awaitable[None]]

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass
class Request:
    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Exchange:
    """One request, and the connection it came on."""

    request: Request
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def answer(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()


def status(code: int, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {code} x", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


@dataclass
class Receiver:
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    handler: Handler | None = None
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    def url(self, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}/hook?a=b"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    request = await _read(reader)
                    self.requests.append(request)
                    exchange = Exchange(request, reader, writer)
                    await (self.handler(exchange) if self.handler else exchange.answer(OK))
                    if writer.is_closing():
                        return
        except asyncio.CancelledError:
            pass  # the receiver ends; asyncio's own wrapper would tell of it
        finally:
            self.serving.discard(task)
            writer.close()

    async def drop_all(self) -> None:
        """Ends every connection."""
        tasks = tuple(self.serving)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in head[1:] if line)
    headers = {name.lower(): value for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(head[0], headers, body)


@asynccontextmanager
async def receiving(
    handler: Handler | None = None, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Receiver]:
    receiver = Receiver(handler=handler)
    server = await asyncio.start_server(receiver.serve, host, 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await receiver.drop_all()
        await server.wait_closed()
