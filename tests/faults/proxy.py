"""A proxy that does to connections what networks and dying machines do."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto
from pathlib import Path
from types import TracebackType
from typing import Final, Self

CHUNK: Final = 65_536
_IN_FLIGHT: Final = 64
"""Chunks on their way in one direction; more than that waits in the sender's own socket."""

type Address = tuple[str, int] | Path
"""Host and port of a TCP server, or the path of a UNIX socket."""


class Way(Enum):
    """A direction."""

    TO_SERVER = auto()
    TO_CLIENT = auto()


BOTH: Final = frozenset(Way)


class FaultProxy:
    """Listens on a TCP port of loopback and hands every connection on to one server.

    Everything is switched at run time, for connections that are open and for those to come:

    - `delay`: so many seconds in each direction, for every byte;
    - `stall`: nothing gets through, and everything does afterwards: a network that was away for a while;
    - `lose`: half-open connections. What is sent, the end of a connection too, is swallowed and nothing is closed: a
      machine without power, a firewall that has forgotten. A connection that has lost something stays silent for
      good, since TCP never leaves a gap, until one side gives it up;
    - `refuse`: nobody listens on the port;
    - `cut`: every connection is broken at once, with a reset at either end.

    `mend` takes back all but the cut. It resets the connections that one side has given up while the other couldn't
    learn of it, as the next word between them would.
    """

    def __init__(self, server: Address) -> None:
        self._server = server
        self._delay = 0.0
        self._lost: frozenset[Way] = frozenset()
        self._open_ways = {way: asyncio.Event() for way in Way}
        self._links: dict[_Link, asyncio.Task[None]] = {}
        self._listener: asyncio.Server | None = None
        # Bound and never listening: it keeps the port ours while connections are refused.
        self._place = _bound(0)
        self._ambush: tuple[tuple[bytes, ...], Callable[[], None]] | None = None
        self.accepted = 0
        self._mend_ways()

    @classmethod
    @asynccontextmanager
    async def open(cls, server: Address) -> AsyncIterator[Self]:
        """A proxy that listens; all its connections are cut at the end."""
        async with cls(server) as proxy:
            yield proxy

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.refuse()
        self.cut()
        await asyncio.gather(*self._links.values(), return_exceptions=True)
        self._place.close()

    @property
    def port(self) -> int:
        return int(self._place.getsockname()[1])

    @property
    def connections(self) -> int:
        """How many there are, the half-open ones too."""
        return len(self._links)

    @property
    def is_well(self) -> bool:
        """Whether nothing is switched on."""
        stalled = any(not way.is_set() for way in self._open_ways.values())
        return self._listener is not None and not self._delay and not self._lost and not stalled

    async def listen(self) -> None:
        """Takes connections (again)."""
        if self._listener is None:
            self._listener = await asyncio.start_server(self._serve, sock=_bound(self.port), backlog=256)

    def refuse(self) -> None:
        """Lets nobody connect. Open connections stay."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def delay(self, seconds: float) -> None:
        """Lets every byte take so long."""
        self._delay = seconds

    def stall(self, ways: frozenset[Way] = BOTH) -> None:
        """Holds back what is sent in some directions."""
        for way in ways:
            self._open_ways[way].clear()

    def lose(self, ways: frozenset[Way] = BOTH) -> None:
        """Swallows what is sent in some directions, and what is on its way there."""
        self._lost = ways

    def when(self, said: tuple[bytes, ...], strike: Callable[[], None]) -> None:
        """Strikes once, just before a client's word gets through: the last of these, each said after the one before.

        All on one connection. A word that is torn over two packets isn't known again.
        """
        self._ambush = (said, strike)

    def cut(self) -> int:
        """Breaks all connections; tells how many there were."""
        links = tuple(self._links)
        for link in links:
            link.reset()
        return len(links)

    async def mend(self) -> None:
        """Everything is well again for what is sent from now on."""
        self._delay, self._lost = 0.0, frozenset()
        self._mend_ways()
        for link in tuple(self._links):
            if link.is_given_up:
                link.reset()
        await self.listen()

    def _mend_ways(self) -> None:
        for way in self._open_ways.values():
            way.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        link = _Link(self, writer)
        self._links[link] = task
        try:
            await link.run(reader, self._server)
        except (OSError, asyncio.CancelledError):
            pass  # the server doesn't take connections, or the link was cut
        finally:
            link.reset()
            del self._links[link]

    def overhear(self, chunk: bytes, heard: int) -> int:
        """How many of the words that are waited for a connection has said, with this chunk."""
        if self._ambush is None:
            return 0
        said, strike = self._ambush
        while heard < len(said) and said[heard] in chunk:
            heard += 1
        if heard == len(said):
            self._ambush = None
            strike()
        return heard

    async def pass_through(self, way: Way, left_at: float) -> bool:
        """Waits until a byte that left at a moment comes out; tells whether it does."""
        due = left_at + self._delay - asyncio.get_running_loop().time()
        if due > 0:
            await asyncio.sleep(due)
        await self._open_ways[way].wait()
        return way not in self._lost


class _Link:
    """A client's connection and the one that was made to the server for it."""

    def __init__(self, proxy: FaultProxy, client: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._writers = [client]
        self._silent: set[Way] = set()
        self._ended: set[Way] = set()
        self._task = asyncio.current_task()

    @property
    def is_given_up(self) -> bool:
        """Whether one side has closed and the other will never learn it by itself."""
        return bool(self._ended & self._silent)

    async def run(self, from_client: asyncio.StreamReader, server: Address) -> None:
        if isinstance(server, Path):
            from_server, to_server = await asyncio.open_unix_connection(str(server))
        else:
            from_server, to_server = await asyncio.open_connection(*server)
        to_client = self._writers[0]
        self._writers.append(to_server)
        async with asyncio.TaskGroup() as ways:
            ways.create_task(self._carry(Way.TO_SERVER, from_client, to_server))
            ways.create_task(self._carry(Way.TO_CLIENT, from_server, to_client))
        for writer in self._writers:
            writer.close()
        for writer in self._writers:
            await writer.wait_closed()

    def reset(self) -> None:
        """Breaks both connections, so that their other ends are told so."""
        for writer in self._writers:
            if not writer.is_closing():
                _linger_not(writer)
            writer.transport.abort()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()

    async def _carry(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        flight: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_IN_FLIGHT)
        async with asyncio.TaskGroup() as both:
            both.create_task(_take_in(reader, flight))
            both.create_task(self._let_out(way, flight, writer))

    async def _let_out(
        self, way: Way, flight: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        heard = 0
        while True:
            left_at, chunk = await flight.get()
            if way is Way.TO_SERVER:
                heard = self._proxy.overhear(chunk, heard)
            if not await self._proxy.pass_through(way, left_at):
                self._silent.add(way)
            if not chunk:
                self._ended.add(way)
            if way not in self._silent and not writer.is_closing():
                # Who has reset its connection takes no more; the other way tells of it.
                with suppress(OSError, RuntimeError):
                    if chunk:
                        writer.write(chunk)
                        await writer.drain()
                    else:
                        writer.write_eof()
            if not chunk:
                return


async def _take_in(reader: asyncio.StreamReader, flight: asyncio.Queue[tuple[float, bytes]]) -> None:
    loop = asyncio.get_running_loop()
    chunk = b"-"
    while chunk:
        try:
            chunk = await reader.read(CHUNK)
        except OSError:
            chunk = b""  # reset: an end, too
        await flight.put((loop.time(), chunk))


def _bound(port: int) -> socket.socket:
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    place.bind(("127.0.0.1", port))
    place.setblocking(False)
    return place


def _linger_not(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
