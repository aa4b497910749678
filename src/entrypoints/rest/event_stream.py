"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any, Final, override

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from application.events.stream_events import StreamItem, StreamLag
from application.representation.events import event_to_dict
from domain.errors import ErrorKind, PomboError
from entrypoints.rest.http_protocol import ABORT
from entrypoints.rest.json_codec import to_json
from entrypoints.rest.problem import INTERNAL, REQUEST_ID, Problem

EVENT_STREAM: Final = "text/event-stream"
_AHEAD: Final = 64
"""Events that are held ready for a slow reader before the log is read no further."""
_CHUNK: Final = 65_536
"""Bytes that are written at once, and that a reader must take in a stall's time."""
_OPENING: Final = b"retry: 1000\n: open\n\n"
"""Tells the headers' arrival to whoever buffers, and how soon to come back after a break."""
_KEEP_ALIVE: Final = b": keep-alive\n\n"


class OpenStreams:
    """The streams that are open: a stop ends them, since they would never end by themselves."""

    def __init__(self) -> None:
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Ends every stream, and those that would open now."""
        self._closing.set()

    async def closing(self) -> None:
        """Waits for the end."""
        await self._closing.wait()


class EventStreamResponse(Response):
    """Events as they come, with comments in between so that nobody takes silence for a dead connection.

    Args:
        events: what to send.
        keep_alive: how long it may be silent.
        stall: how long a reader may take nothing.
        streams: tells of the server's stop.
        until_end: what is held as long as the stream is open.
    """

    media_type = EVENT_STREAM

    def __init__(
        self,
        events: AsyncIterator[StreamItem],
        *,
        keep_alive: timedelta,
        stall: timedelta,
        streams: OpenStreams,
        until_end: ExitStack,
    ) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no", "Vary": "Accept"})
        del self.headers["content-length"]
        self._events = events
        self._keep_alive = keep_alive.total_seconds()
        self._stall = stall.total_seconds()
        self._streams = streams
        self._until_end = until_end

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Streams until the reader leaves, takes nothing for too long, the server stops or the log fails."""
        with self._until_end:
            await self._stream(scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        ready: asyncio.Queue[bytes | None] = asyncio.Queue(_AHEAD)
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(self._read(ready, scope))
            writing = tasks.create_task(self._write(ready, send))
            ends = {writing, tasks.create_task(_left(receive)), tasks.create_task(self._streams.closing())}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in (reading, *ends):
                task.cancel()
        if not writing.cancelled() and writing.result() is False:
            structlog.get_logger(__name__).warning("rest.consumer_too_slow", stalled_seconds=self._stall)
            # An end in order would wait behind what isn't read.
            if abort := scope.get("extensions", {}).get(ABORT):
                abort()
                await _left(receive)
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _read(self, ready: asyncio.Queue[bytes | None], scope: Scope) -> None:
        try:
            async for item in self._events:
                await ready.put(_frame(item))
        except PomboError as error:
            # The reader comes back with its cursor, and then gets the error as an answer of its own.
            structlog.get_logger(__name__).warning("rest.stream_broken", reason=error.reason)
            await ready.put(_notice(b"stream.error", error_to_dict(error, scope.get(REQUEST_ID))))
        finally:
            if isinstance(self._events, AsyncGenerator):
                await self._events.aclose()
        await ready.put(None)

    async def _write(self, ready: asyncio.Queue[bytes | None], send: Send) -> bool:
        """Tells whether the reader took it all."""
        body, ended = _OPENING, False
        while True:
            try:
                async with asyncio.timeout(self._stall):
                    await send({"type": "http.response.body", "body": body, "more_body": True})
            except TimeoutError:
                return False
            if ended:
                return True
            body, ended = await self._next(ready)

    async def _next(self, ready: asyncio.Queue[bytes | None]) -> tuple[bytes, bool]:
        """What to write next, and whether it is the last."""
        try:
            async with asyncio.timeout(self._keep_alive):
                frame = await ready.get()
        except TimeoutError:
            return _KEEP_ALIVE, False
        body = bytearray()
        while frame is not None:
            body += frame
            if ready.empty() or len(body) >= _CHUNK:
                return bytes(body), False
            frame = ready.get_nowait()
        return bytes(body), True


def lag_to_dict(lag: StreamLag) -> dict[str, Any]:
    """What a reader that is far behind is told."""
    return {"behind": lag.behind, "head": lag.head}


def error_to_dict(error: PomboError, request_id: str | None) -> dict[str, Any]:
    """The problem that ends a stream. As in any answer, a fault of ours isn't told in its own words."""
    problem = INTERNAL if error.kind is ErrorKind.INTERNAL else Problem.of(error)
    return problem.to_dict(request_id)


def _frame(item: StreamItem) -> bytes:
    if isinstance(item, StreamLag):
        return _notice(b"stream.lag", lag_to_dict(item))
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (item.sequence, item.type.encode(), to_json(event_to_dict(item)))


def _notice(name: bytes, data: dict[str, Any]) -> bytes:
    """What isn't an event: without an id, so that the reader's cursor stays."""
    return b"event: %b\ndata: %b\n\n" % (name, to_json(data))


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
