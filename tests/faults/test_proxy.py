"""Each fault does what it says, to those who are connected and to those who come, and can be taken back."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.faults.proxy import FaultProxy, Way

type Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Upper:
    """A server that answers each line in capitals, and knows how its connections ended."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.open = 0
        self._news = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self._tell()
        with suppress(OSError):
            while (line := await reader.readline()) not in {b"", b"leave\n"}:
                self.heard.append(line)
                self._tell()
                writer.write(line.upper())
                await writer.drain()
        writer.close()
        self.open -= 1
        self._tell()

    def _tell(self) -> None:
        self._news.set()

    async def until_open(self, number: int) -> None:
        async with asyncio.timeout(5):
            while self.open != number:
                self._news.clear()
                await self._news.wait()

    async def until_heard(self, line: bytes) -> None:
        async with asyncio.timeout(5):
            while line not in self.heard:
                self._news.clear()
                await self._news.wait()


@pytest.fixture
def upper() -> Upper:
    return Upper()


@pytest.fixture
async def proxy(upper: Upper, tmp_path: Path) -> AsyncIterator[FaultProxy]:
    path = tmp_path / "s"
    server = await asyncio.start_unix_server(upper.serve, str(path))
    async with FaultProxy.open(path) as proxy:
        yield proxy
    server.close()


@asynccontextmanager
async def connected(proxy: FaultProxy) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def ask(streams: Streams, line: bytes) -> bytes:
    streams[1].write(line)
    async with asyncio.timeout(5):
        return await streams[0].readline()


async def silent(streams: Streams, line: bytes | None = None, seconds: float = 0.15) -> bool:
    if line is not None:
        streams[1].write(line)
    try:
        await asyncio.wait_for(streams[0].readline(), seconds)
    except TimeoutError:
        return True
    return False


async def test_everything_gets_through_and_ends_are_told_in_both_directions(proxy: FaultProxy, upper: Upper) -> None:
    async with connected(proxy) as one, connected(proxy) as other:
        assert await ask(one, b"a\n") == b"A\n"
        assert await ask(other, b"b" * 60_000 + b"\n") == b"B" * 60_000 + b"\n"
        one[1].close()
        await upper.until_open(1)
        other[1].write_eof()
        assert await other[0].read() == b""
    await upper.until_open(0)
    assert (proxy.accepted, proxy.is_well) == (2, True)


async def test_a_server_on_tcp(upper: Upper) -> None:
    server = await asyncio.start_server(upper.serve, "127.0.0.1", 0)
    async with FaultProxy.open(server.sockets[0].getsockname()) as proxy, connected(proxy) as streams:
        assert await ask(streams, b"a\n") == b"A\n"
    server.close()


async def test_a_cut_resets_both_ends_of_every_connection(proxy: FaultProxy, upper: Upper) -> None:
    async with connected(proxy) as one, connected(proxy) as other:
        for streams in (one, other):
            await ask(streams, b"a\n")
        assert proxy.cut() == 2
        for streams in (one, other):
            with pytest.raises(ConnectionResetError):
                await ask(streams, b"b\n")
        await upper.until_open(0)
        assert b"b\n" not in upper.heard
        async with connected(proxy) as third:
            assert await ask(third, b"c\n") == b"C\n"


async def test_refused_are_those_who_come_and_the_port_stays(proxy: FaultProxy) -> None:
    port = proxy.port
    async with connected(proxy) as streams:
        proxy.refuse()
        assert not proxy.is_well
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        assert await ask(streams, b"a\n") == b"A\n"
        await proxy.mend()
        assert (proxy.port, proxy.is_well) == (port, True)
        async with connected(proxy) as other:
            assert await ask(other, b"b\n") == b"B\n"


async def test_a_delay_is_for_each_way_and_not_for_each_byte_after_the_other(proxy: FaultProxy) -> None:
    async with connected(proxy) as streams:
        await ask(streams, b"a\n")
        proxy.delay(0.1)
        began = time.monotonic()
        for _ in range(10):
            streams[1].write(b"b\n")
            await asyncio.sleep(0.01)
        async with asyncio.timeout(5):
            for _ in range(10):
                assert await streams[0].readline() == b"B\n"
        assert 0.2 <= time.monotonic() - began < 1
        await proxy.mend()
        assert await ask(streams, b"c\n") == b"C\n"


async def test_what_is_stalled_arrives_later(proxy: FaultProxy, upper: Upper) -> None:
    async with connected(proxy) as streams:
        await ask(streams, b"a\n")
        proxy.stall()
        assert await silent(streams, b"b\n")
        async with connected(proxy) as other:
            assert await silent(other, b"c\n")
            assert upper.heard == [b"a\n"]
            await proxy.mend()
            assert await streams[0].readline() == b"B\n"
            assert await other[0].readline() == b"C\n"


@pytest.mark.parametrize("way", Way)
async def test_what_is_lost_never_arrives_and_nothing_is_closed(proxy: FaultProxy, upper: Upper, way: Way) -> None:
    async with connected(proxy) as streams, connected(proxy) as idle:
        await ask(streams, b"a\n")
        await ask(idle, b"a\n")
        proxy.lose(frozenset({way}))
        assert await silent(streams, b"b\n")
        async with connected(proxy) as late:
            assert await silent(late, b"c\n")
            assert {b"b\n", b"c\n"} & {*upper.heard} == (set() if way is Way.TO_SERVER else {b"b\n", b"c\n"})
            await proxy.mend()
            # It has a gap now, which TCP never leaves: it stays silent. Who had nothing to say has missed nothing.
            assert await silent(streams, b"d\n")
            assert await silent(late)
            assert await ask(idle, b"e\n") == b"E\n"
        assert proxy.connections >= 2


async def test_it_strikes_at_the_moment_that_it_was_told(proxy: FaultProxy, upper: Upper) -> None:
    async with connected(proxy) as one, connected(proxy) as other:
        proxy.when((b"first", b"second"), proxy.lose)
        assert await ask(one, b"first\n") == b"FIRST\n"
        assert await ask(other, b"second\n") == b"SECOND\n"
        assert await ask(one, b"third\n") == b"THIRD\n"
        assert await silent(one, b"second\n")
        assert upper.heard.count(b"second\n") == 1
        await proxy.mend()
        assert await ask(other, b"first\n") == b"FIRST\n"
        assert await ask(other, b"second\n") == b"SECOND\n"


async def test_the_server_learns_of_a_client_that_has_left_when_the_network_is_back(
    proxy: FaultProxy, upper: Upper
) -> None:
    async with connected(proxy) as streams:
        await ask(streams, b"a\n")
        proxy.lose()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(upper.until_open(0), 0.15)
    await proxy.mend()
    await upper.until_open(0)


async def test_a_client_of_a_server_that_died_meanwhile(proxy: FaultProxy, upper: Upper, tmp_path: Path) -> None:
    async with FaultProxy.open(tmp_path / "nobody") as to_nobody, connected(to_nobody) as streams:
        with suppress(ConnectionResetError):
            assert await streams[0].read() == b""
    async with connected(proxy) as streams:
        await ask(streams, b"a\n")
        proxy.lose(frozenset({Way.TO_CLIENT}))
        streams[1].write(b"leave\n")
        await upper.until_open(0)
        assert await silent(streams)
        await proxy.mend()
        with pytest.raises(ConnectionResetError):
            await ask(streams, b"b\n")


async def test_its_end_is_the_end_of_all_connections(upper: Upper, tmp_path: Path) -> None:
    server = await asyncio.start_unix_server(upper.serve, str(tmp_path / "t"))
    async with FaultProxy.open(tmp_path / "t") as proxy:
        streams = await asyncio.open_connection("127.0.0.1", proxy.port)
        await ask(streams, b"a\n")
        proxy.lose()
        port = proxy.port
    with pytest.raises(ConnectionResetError):
        await ask(streams, b"b\n")
    streams[1].close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    server.close()
