"""The only way out for the browser of a session with a proxy.

The browser is given a SOCKS5 proxy of ours on loopback, and the way on is ours. So no password gets into a browser or
its command line, SOCKS5 with a password works, WebSockets go the same way as the rest, a site's hosts are all that is
reached, and what a proxy has answered is known.
"""

import asyncio
import ipaddress
import os
import re
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from types import TracebackType
from typing import Final, Self, override

import structlog
from playwright.async_api import BrowserContext, ProxySettings

from adapters.playwright.network import Network
from application.ports.proxy_connector import ProxyConnector, Tunnel
from domain.errors import PomboError, UnavailableError
from domain.proxy import Proxy

_LOG: Final = structlog.get_logger(__name__)
_LOOPBACK: Final = "127.0.0.1"
_CHUNK: Final = 65_536
_HANDSHAKE_SECONDS: Final = 10
_HOST: Final = re.compile(r"[a-z0-9._:-]{1,253}")
"""A name or an address. It goes into a line to the proxy, and patterns take line breaks, too."""
_LOCAL, _REMOTE, _UID = 1, 2, 7
"""Columns of /proc/net/tcp (proc_pid_net(5))."""

_VERSION: Final = 5
_CONNECT: Final = 1
_IPV4, _NAME, _IPV6 = 1, 3, 4
_DONE, _FAILED, _NOT_ALLOWED, _UNSUPPORTED = 0, 1, 2, 7
_EXPLAINED: Final = frozenset({"PAGE_UNREACHABLE", "BRIDGE_FAILED", "PAGE_UNAVAILABLE"})
"""What a page that doesn't load comes to."""


class ProxyRelay(Network):
    """Takes a browser's connections, and makes each through the session's proxy or not at all.

    Attributes:
        trouble: why the last connection through the proxy failed; None once one has succeeded.
        on_trouble: is called when it becomes another.
    """

    def __init__(self, proxy: Proxy, connector: ProxyConnector, hosts: tuple[str, ...], session_id: str) -> None:
        """``hosts`` are all that is reached; patterns as in ``DriverSettings.hosts``."""
        self._proxy = proxy
        self._connector = connector
        self._hosts = hosts
        self._log = _LOG.bind(session_id=session_id)
        self._server: asyncio.Server | None = None
        self._port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.trouble: UnavailableError | None = None
        self.on_trouble: Callable[[], None] = lambda: None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listens on loopback.

        Raises:
            UnavailableError: ``BROWSER_FAILED``.
        """
        try:
            self._server = await asyncio.start_server(self._took, _LOOPBACK, 0)
        except OSError as error:
            raise UnavailableError("BROWSER_FAILED", f"The browser's way out failed: {error.strerror}.") from error
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Ends what goes through. May be called twice."""
        if self._server is not None:
            self._server.close()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    @override
    def proxy(self) -> ProxySettings:
        # Loopback addresses aren't excepted.
        return {"server": f"socks5://{_LOOPBACK}:{self._port}", "bypass": "<-loopback>"}

    @property
    @override
    def resolved(self) -> tuple[str, ...]:
        # The relay's own address: without it the browser couldn't get to the relay either.
        return (_LOOPBACK,)

    @property
    @override
    def stands_in(self) -> bool:
        return False

    @override
    async def stand_in(self, context: BrowserContext) -> None:
        """Requests are seen to as they come."""

    def explain(self, error: PomboError) -> PomboError:
        """Why a page doesn't load: the proxy's own trouble, where it has one."""
        if self.trouble is None or error.reason not in _EXPLAINED:
            return error
        return UnavailableError(self.trouble.reason, self.trouble.message)

    def _took(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._take(reader, writer), name="proxy-relay")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, UnicodeDecodeError):
            pass  # the browser is gone, or it was somebody else
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
        try:
            is_own = await asyncio.to_thread(_is_own, *ends)
        except OSError as error:
            self._log.error("proxy_relay_blind", error=error.strerror)
            return
        if not is_own:
            self._log.warning("proxy_relay_stranger")
            return
        async with asyncio.timeout(_HANDSHAKE_SECONDS):
            asked = await _asked(reader, writer)
        if asked is None:
            await _reply(writer, _UNSUPPORTED)
            return
        host, port = asked
        if not (_HOST.fullmatch(host) and any(fnmatch(host, each) for each in self._hosts)):
            await _reply(writer, _NOT_ALLOWED)
            return
        try:
            tunnel = await self._connector.connect(self._proxy, host, port)
        except UnavailableError as error:
            self._note(error)
            await _reply(writer, _FAILED)
            return
        try:
            self._note(None)
            await _reply(writer, _DONE)
            await _join((reader, writer), tunnel)
        finally:
            tunnel[1].close()

    def _note(self, trouble: UnavailableError | None) -> None:
        before, self.trouble = self.trouble, trouble
        if (before and before.message) == (trouble and trouble.message):
            return
        if trouble is None:
            self._log.info("proxy_answers")
        else:
            self._log.warning("proxy_failed", reason=trouble.reason, why=trouble.message)
        self.on_trouble()


async def _asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int] | None:
    """What the browser wants to be connected to; None where it isn't a thing that we do."""
    version, count = await reader.readexactly(2)
    await reader.readexactly(count)
    if version != _VERSION:
        return None
    writer.write(bytes([_VERSION, 0]))
    version, command, _, kind = await reader.readexactly(4)
    if version != _VERSION or command != _CONNECT:
        return None
    match kind:
        case value if value == _NAME:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode("ascii").lower()
        case value if value == _IPV4:
            host = str(ipaddress.IPv4Address(await reader.readexactly(4)))
        case value if value == _IPV6:
            host = str(ipaddress.IPv6Address(await reader.readexactly(16)))
        case _:
            return None
    return host.removeprefix("[").removesuffix("]"), int.from_bytes(await reader.readexactly(2))


async def _reply(writer: asyncio.StreamWriter, code: int) -> None:
    writer.write(bytes([_VERSION, code, 0, _IPV4, 0, 0, 0, 0, 0, 0]))
    await writer.drain()


async def _join(near: Tunnel, far: Tunnel) -> None:
    """Until one side has ended; what it sent before has arrived by then."""
    ways = {asyncio.create_task(_pump(near[0], far[1])), asyncio.create_task(_pump(far[0], near[1]))}
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await source.read(_CHUNK):
            sink.write(chunk)
            await sink.drain()


def _is_own(peer: tuple[str, int], own: tuple[str, int]) -> bool:
    """Whether a process of our own user made a connection: others of this machine have no business with our proxies."""
    ends = [_hex(*peer), _hex(*own)]
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        columns = line.split()
        if columns[_LOCAL : _REMOTE + 1] == ends:
            return int(columns[_UID]) == os.geteuid()
    return False


def _hex(host: str, port: int) -> str:
    number = int.from_bytes(ipaddress.IPv4Address(host).packed, sys.byteorder)
    return f"{number:08X}:{struct.pack('>H', port).hex().upper()}"
