"""Serves the REST application over HTTP."""

import asyncio
import contextlib
import math
import socket
from collections.abc import Generator
from datetime import timedelta
from typing import Final, override

import uvicorn
from fastapi import FastAPI

from entrypoints.ports import listen_error
from entrypoints.rest.event_socket import MAX_FRAME
from entrypoints.rest.http_protocol import HttpProtocol
from entrypoints.rest.websocket_protocol import WebSocketProtocol
from entrypoints.server_tls import ReloadingContext, ServerTls

_BACKLOG: Final = 2_048
_KEEP_ALIVE_SECONDS: Final = 75
"""How long an idle connection stays open: longer than the pools of common clients and proxies keep theirs."""
_PING_SECONDS: Final = 20.0
"""How often an idle WebSocket shows that it lives."""
_CANCEL_SECONDS: Final = 1.0
_UNREAD_MILLISECONDS: Final = 90_000
"""How long a client may leave unread what was sent to it before the kernel breaks the connection off. Streams watch
themselves, and closer; this is for answers that wait in a buffer, which nothing else looks at."""
_SETTING: Final = "PORT"


class _Uvicorn(uvicorn.Server):
    """uvicorn without its signal handlers: the runtime has its own."""

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class RestServer:
    """One listening address. Starts and stops once."""

    def __init__(
        self,
        app: FastAPI,
        *,
        host: str,
        port: int,
        stop_within: timedelta = timedelta(seconds=5),
        max_connections: int | None = None,
        tls: ServerTls | None = None,
    ) -> None:
        """Prepares; nothing listens yet.

        Args:
            app: what ``create_app`` built.
            host: an address or a name.
            port: 0 lets the operating system choose; ``port`` tells it after the start.
            stop_within: how long a stop lets requests finish before it cuts them off.
            max_connections: how many may be open at a time; None is no limit.
            tls: the certificate to show; None serves plain text.
        """
        self._app = app
        self._host = host
        self._port = port
        self._stop_within = stop_within
        self._server = _Uvicorn(
            uvicorn.Config(
                app,
                http=type("BoundedHttpProtocol", (HttpProtocol,), {"most": max_connections}),
                ws=WebSocketProtocol,
                ws_max_size=MAX_FRAME,
                ws_ping_interval=_PING_SECONDS,
                # A pong comes behind all that its sender hasn't read yet: no pong says nothing of a slow reader.
                ws_ping_timeout=None,
                ws_per_message_deflate=False,
                ssl_context_factory=None if tls is None else lambda *_: ReloadingContext.of(tls),
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=_BACKLOG,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=max(1, math.ceil(stop_within.total_seconds())),
            )
        )
        self._running: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port that is listened on; before the start the one that was asked for."""
        return self._port

    async def start(self) -> None:
        """Listens, and returns when requests are taken.

        Raises:
            ConflictError: ``PORT_IN_USE``.
            UnavailableError: ``CANNOT_LISTEN``.
        """
        listener = await _listen(self._host, self._port)
        self._port = listener.getsockname()[1]
        # Accepting begins with the listener: what connects before uvicorn looks waits in the backlog.
        self._running = asyncio.create_task(self._server.serve(sockets=[listener]), name="rest-server")

    async def serve(self) -> None:
        """Starts, serves until it is stopped or cancelled, and stops.

        Raises:
            ConflictError: as ``start``.
            UnavailableError: as ``start``.
        """
        await self.start()
        try:
            await self._ended()
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Takes no more connections, ends event streams, and lets other requests finish for a while.

        Who waits for a message to leave waits half of it, so that there is time for the answer: it is accepted.

        May be called twice, and before the start.
        """
        self._app.state.open_streams.close()
        self._app.state.end_waits(self._stop_within / 2)
        self._server.should_exit = True
        await self._ended()
        cut_off = set(self._server.server_state.tasks)
        if cut_off:
            await asyncio.wait(cut_off, timeout=_CANCEL_SECONDS)

    async def _ended(self) -> None:
        if self._running is not None:
            # Whoever waits for the end may be cancelled; the end itself goes on in order.
            await asyncio.shield(self._running)


async def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, so that a taken port is told before anything else starts."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise listen_error(error, host, port, _SETTING) from error
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        # A port whose last connections are still closing is free; one that is listened on isn't.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # What is accepted inherits it.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MILLISECONDS)
        listener.bind(address)
        listener.listen(_BACKLOG)
        listener.setblocking(False)  # noqa: FBT003 - the socket's own way
    except OSError as error:
        listener.close()
        raise listen_error(error, host, port, _SETTING) from error
    return listener
