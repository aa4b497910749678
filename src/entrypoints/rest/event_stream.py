"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from typing import Final, override

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from application.representation import event_to_dict
from domain.errors import PomboError
from domain.event import Event
from entrypoints.rest.json_codec import to_json

EVENT_STREAM: Final = "text/event-stream"
_AHEAD: Final = 256
"""Events that are held ready for a slow reader before the log is read no further."""
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
    """Events as they come, with comments in between so that nobody takes silence for a dead connection."""

    media_type = EVENT_STREAM

    def __init__(self, events: AsyncIterator[Event], *, keep_alive: timedelta, streams: OpenStreams) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no", "Vary": "Accept"})
        del self.headers["content-length"]
        self._events = events
        self._keep_alive = keep_alive.total_seconds()
        self._streams = streams

    @override
    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Streams until the reader leaves, the server stops or the log fails."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        ready: asyncio.Queue[bytes | None] = asyncio.Queue(_AHEAD)
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(self._read(ready))
            ends = {
                tasks.create_task(self._write(ready, send)),
                tasks.create_task(_left(receive)),
                tasks.create_task(self._streams.closing()),
            }
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in (reading, *ends):
                task.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _read(self, ready: asyncio.Queue[bytes | None]) -> None:
        try:
            async for event in self._events:
                await ready.put(_frame(event))
        except PomboError as error:
            # The reader comes back with its cursor, and then gets the error as an answer of its own.
            structlog.get_logger(__name__).warning("rest.stream_broken", reason=error.reason)
        finally:
            if isinstance(self._events, AsyncGenerator):
                await self._events.aclose()
        await ready.put(None)

    async def _write(self, ready: asyncio.Queue[bytes | None], send: Send) -> None:
        body = _OPENING
        while True:
            await send({"type": "http.response.body", "body": body, "more_body": True})
            try:
                async with asyncio.timeout(self._keep_alive):
                    frame = await ready.get()
            except TimeoutError:
                body = _KEEP_ALIVE
                continue
            frames = [frame]
            while not ready.empty():
                frames.append(ready.get_nowait())
            body = b"".join(frame for frame in frames if frame is not None)
            if None in frames:
                await send({"type": "http.response.body", "body": body, "more_body": True})
                return


def _frame(event: Event) -> bytes:
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (event.sequence, event.type.encode(), to_json(event_to_dict(event)))


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
