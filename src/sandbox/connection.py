"""One WebSocket: what leaves on it, in order, at the pace of its reader."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from aiohttp import WSMsgType, web

from sandbox import frames
from sandbox.frames import Json

_CROWDED: Final = 512
_FULL: Final = 4096


class _Close(NamedTuple):
    code: int
    reason: str


class Connection:
    """The sending side of a device's WebSocket.

    Nobody waits for a device here: frames are put into an outbox that one task empties. What is durable needn't be in
    the outbox: when it is crowded, the rest stays in the device's queue in the store and `feed` brings it once there
    is room.

    Attributes:
        closing: Whether a close has been decided; what arrives after that is ignored.
        feed: Asked for more frames whenever the outbox is empty; None while nothing is fed.
    """

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self.closing = False
        self.feed: Callable[[], list[bytes]] | None = None
        self._socket = socket
        self._transport = transport
        self._outbox: deque[bytes | _Close] = deque()
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    @property
    def crowded(self) -> bool:
        """Whether durable frames should wait in the store instead."""
        return len(self._outbox) >= _CROWDED

    def send(self, frame: bytes) -> None:
        """Put a frame into the outbox; after a close it is dropped."""
        if self.closing:
            return
        self._outbox.append(frame)
        if len(self._outbox) >= _FULL:
            self._room.clear()
        self._wake.set()

    def send_object(self, frame: Json) -> None:
        """Put an object's frame into the outbox."""
        self.send(frames.encode(frame))

    def close(self, code: int, reason: str, last: Json | None = None) -> None:
        """Send what is in the outbox and `last`, then close."""
        if self.closing:
            return
        if last is not None:
            self.send_object(last)
        self.closing = True
        self.feed = None
        self._outbox.append(_Close(code, reason))
        self._wake.set()

    def drop(self) -> None:
        """Break the connection as a network does: no close frame, what is in the outbox is lost."""
        self.closing = True
        self.feed = None
        self._outbox.clear()
        self._room.set()
        if self._transport is not None:
            self._transport.abort()

    def nudge(self) -> None:
        """Have `feed` asked."""
        self._wake.set()

    async def room(self) -> None:
        """Wait until the outbox has room: the reader's back-pressure for a device that asks without reading."""
        await self._room.wait()

    async def pump(self) -> None:
        """Empty the outbox until a close has been sent; one task per connection runs this."""
        try:
            await self._pump()
        finally:
            self._room.set()

    async def _pump(self) -> None:
        while True:
            while self._outbox:
                item = self._outbox.popleft()
                if isinstance(item, _Close):
                    await self._socket.close(code=item.code, message=item.reason.encode()[:120])
                    return
                await self._socket.send_frame(item, WSMsgType.TEXT)
            self._room.set()
            more = self.feed() if self.feed is not None else []
            if more:
                self._outbox.extendleft(reversed(more))
                continue
            if self._outbox:
                continue
            self._wake.clear()
            await self._wake.wait()
