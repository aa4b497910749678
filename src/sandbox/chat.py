"""The devices' endpoint, `/ws/chat`."""

import asyncio
import contextlib
import logging
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web

from sandbox import frames
from sandbox.connection import Connection
from sandbox.conversation import Linked, Opening, Unlinked
from sandbox.core import Core
from sandbox.errors import ProtocolError, SandboxError
from sandbox.faults import FaultKind
from sandbox.frames import Json

_log = logging.getLogger(__name__)

_HEARTBEAT_SECONDS: Final = 30.0
_CLOSE_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 0.8


class ChatEndpoint:
    """Accepts devices' connections and runs the protocol on them."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._connections: set[Connection] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection, from the upgrade to its end."""
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
            raise web.HTTPForbidden(text="devices connect from the page's own origin")
        if self._stopping or any(
            fault.kind is FaultKind.DROP_SOCKET and fault.account is None for fault in self._core.faults.active()
        ):
            raise web.HTTPServiceUnavailable
        # The heartbeat is answered by the browser itself, so it finds dead peers and spares throttled pages.
        socket = web.WebSocketResponse(
            timeout=_CLOSE_SECONDS,
            heartbeat=_HEARTBEAT_SECONDS,
            max_msg_size=frames.MAX_FRAME_BYTES,
            compress=False,
            decode_text=False,
        )
        await socket.prepare(request)
        connection = Connection(socket, request.transport)
        self._connections.add(connection)
        self._idle.clear()
        pump = asyncio.create_task(_pump(connection))
        device = _Device(self._core, connection)
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    connection.close(frames.CLOSE_MALFORMED, "frames are text")
                    continue
                device.take(message.data)
                await connection.room()
        finally:
            connection.closing = True
            connection.feed = None
            pump.cancel()
            device.gone()
            await asyncio.wait([pump])
            self._connections.discard(connection)
            if not self._connections:
                self._idle.set()
        return socket

    async def stop(self) -> None:
        """Close every connection with 4503."""
        self._stopping = True
        for connection in list(self._connections):
            connection.close(frames.CLOSE_GOING_DOWN, "server going down")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await self._idle.wait()
        for connection in list(self._connections):
            connection.drop()


async def _pump(connection: Connection) -> None:
    try:
        await connection.pump()
    except ConnectionError:  # the device has gone; its handler ends by itself
        connection.drop()
    except Exception:  # noqa: BLE001 - a fault of ours ends this connection, not the others
        _log.exception("sandbox.send_failed")
        connection.drop()


class _Device:
    """The state of one connection, and the answers to its frames."""

    def __init__(self, core: Core, connection: Connection) -> None:
        self._core = core
        self._connection = connection
        self._state: Opening | Unlinked | Linked = Opening(core, connection)

    def take(self, data: bytes) -> None:
        """Handle a frame; whatever is wrong with it ends at most this connection."""
        if self._connection.closing:
            return
        rid: int | None = None
        try:
            frame = frames.decode(data)
            rid = frame.get("rid")
            self._handle(frame, rid)
        except ProtocolError as error:
            self._connection.close(frames.CLOSE_MALFORMED, str(error))
        except SandboxError as error:
            if rid is None:
                self._connection.close(frames.CLOSE_MALFORMED, error.message)
            else:
                self._answer(frames.error(rid, error.status, error.message))
        except Exception:  # noqa: BLE001 - a fault of ours must not take other connections along
            _log.exception("sandbox.frame_failed")
            self._connection.close(frames.CLOSE_INTERNAL, "internal error")

    def gone(self) -> None:
        """The connection has ended."""
        if not isinstance(self._state, Opening):
            self._state.gone()

    def _handle(self, frame: Json, rid: int | None) -> None:
        if isinstance(self._state, Opening):
            following = self._state.handle(frame)
            if following is not None:
                self._state = following
            return
        result = self._state.handle(frame)
        if rid is not None and result is not None:
            self._answer(frames.result(rid, result))

    def _answer(self, frame: bytes) -> None:
        self._core.database.after_commit(partial(self._connection.send, frame))
