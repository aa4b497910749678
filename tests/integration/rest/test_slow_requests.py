"""Requests that don't come to an end, and connections that say nothing, on real sockets."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import pytest

from application.limits.call_rates import CallRates
from entrypoints.rest.config import RestConfig
from entrypoints.rest.http_protocol import HttpProtocol
from entrypoints.rest.server import RestServer
from tests.unit.rest.gateway import KEY, Gateway, running

EVENTS = "/api/v1/events"
QUICK = 0.2


@asynccontextmanager
async def serving(
    *, config: RestConfig | None = None, rates: CallRates | None = None, max_connections: int | None = None
) -> AsyncIterator[tuple[Gateway, RestServer]]:
    async with running(Gateway(config, rates=rates)) as gateway:
        server = RestServer(
            gateway.app,
            host="127.0.0.1",
            port=0,
            stop_within=timedelta(seconds=1),
            max_connections=max_connections,
        )
        await server.start()
        try:
            yield gateway, server
        finally:
            await server.stop()


async def read_all(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(60):
        return await reader.read()


def reason(answer: bytes) -> tuple[bytes, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0], str(json.loads(body)["reason"])


@pytest.mark.parametrize("sent", [b"G", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_a_head_that_doesnt_end(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(HttpProtocol, "head_within", QUICK)
    async with serving() as (_, server):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(sent)
        assert reason(await read_all(reader)) == (b"HTTP/1.1 408 Request Timeout", "REQUEST_TOO_SLOW")
        writer.close()


async def test_a_head_that_trickles_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpProtocol, "head_within", QUICK)
    async with serving() as (_, server):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /health/live HTTP/1.1\r\n")
        reading = asyncio.create_task(read_all(reader))
        while not reading.done():
            writer.write(b"X-Slow: x\r\n")
            await asyncio.wait({reading}, timeout=QUICK / 10)
        # Who still writes may find the connection reset before the answer is read.
        outcome = reading.exception() or reason(reading.result())[1]
        assert isinstance(outcome, ConnectionError) or outcome == "REQUEST_TOO_SLOW"
        writer.close()


async def test_what_is_left_of_a_refused_body_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpProtocol, "rest_within", QUICK)
    async with serving() as (_, server):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 401")
        reading = asyncio.create_task(read_all(reader))
        while not reading.done():
            writer.write(b"1\r\nx\r\n")
            await asyncio.wait({reading}, timeout=QUICK / 10)
        assert isinstance(reading.exception(), ConnectionError | None)
        writer.close()


async def test_a_connection_that_says_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpProtocol, "head_within", QUICK)
    async with serving() as (_, server):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert await read_all(reader) == b""
        writer.close()


async def test_the_next_request_of_a_connection_is_waited_for_and_its_head_only_so_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(HttpProtocol, "head_within", QUICK)
    async with serving() as (_, server):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for _ in range(2):
            writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert json.loads(await reader.readexactly(17)) == {"status": "live"}
            # Nothing is open that could be awaited: that the connection outlives its head's time is the point.
            await asyncio.sleep(2 * QUICK)
        writer.write(b"GET /health/live HTTP/1.1\r\n")
        assert reason(await read_all(reader))[1] == "REQUEST_TOO_SLOW"
        writer.close()


@pytest.mark.parametrize("path", ["/api/v1/messages/send", "/api/v1/sessions", "/api/v1/media"])
async def test_a_body_that_doesnt_come(path: str) -> None:
    async with serving(config=RestConfig(stall=timedelta(seconds=QUICK))) as (_, server):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        kind = "multipart/form-data; boundary=x" if path.endswith("media") else "application/json"
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\nContent-Type: {kind}\r\nContent-Length: 900\r\n"
        begun = '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nab' if "form" in kind else "{"
        writer.write(f"{head}\r\n{begun}".encode())
        answer = await read_all(reader)
        assert reason(answer) == (b"HTTP/1.1 408 Request Timeout", "REQUEST_TOO_SLOW")
        writer.close()


async def test_a_request_that_takes_long_isnt_a_slow_one() -> None:
    async with (
        serving(config=RestConfig(stall=timedelta(seconds=QUICK), keep_alive=timedelta(milliseconds=50))) as (
            _,
            server,
        ),
        aiohttp.ClientSession(f"http://127.0.0.1:{server.port}", headers={"X-API-Key": KEY}) as http,
        http.get(EVENTS, headers={"Accept": "text/event-stream"}) as answer,
    ):
        # Its body has ended long ago: three stalls' time of keep-alives.
        for _ in range(15):
            assert await answer.content.readline()


async def test_more_connections_than_are_taken() -> None:
    async with serving(max_connections=2) as (_, server):
        held = [await _hold(server) for _ in range(2)]
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /api/v1/sessions HTTP/1.1\r\nHost: x\r\n\r\n")
        assert reason(await read_all(reader)) == (b"HTTP/1.1 503 Service Unavailable", "TOO_MANY_CONNECTIONS")
        writer.close()
        held[0][1].close()
        await held[0][1].wait_closed()
        async with asyncio.timeout(20), aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as http:
            # The server hears of the end a moment later.
            while (await _status(http)) == 503:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)
        held[1][1].close()


async def _hold(server: RestServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A place that makes room for nobody: a stream's."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = f"GET {EVENTS} HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\nAccept: text/event-stream\r\n\r\n"
    writer.write(head.encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    return reader, writer


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
async def test_health_has_places_of_its_own(path: str) -> None:
    async with serving(max_connections=1) as (_, server):
        held = [await _hold(server)]
        # Those that say nothing hold none of them for long: they make room for the next, as everywhere.
        held += [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2 * HttpProtocol.reserved)]
        for _ in range(2 * HttpProtocol.reserved):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            # Nor does it stay: the place is for one question.
            answer = await read_all(reader)
            assert (answer.split(b"\r\n")[0], b"\r\nconnection: close\r\n" in answer) == (b"HTTP/1.1 200 OK", True)
            writer.close()
        for _, writer in held:
            writer.close()


@pytest.mark.parametrize("upgrade", ["", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"])
@pytest.mark.parametrize("behind", [b"", b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_the_places_of_health_are_for_nothing_else(upgrade: str, behind: bytes) -> None:
    async with serving(max_connections=1) as (gateway, server):
        _, held = await _hold(server)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        fields = f"X-API-Key: {KEY}\r\nSec-WebSocket-Key: {'A' * 22}==\r\n{upgrade}"
        writer.write(f"GET {EVENTS}/ws HTTP/1.1\r\nHost: x\r\n{fields}\r\n".encode() + behind)
        assert reason(await read_all(reader)) == (b"HTTP/1.1 503 Service Unavailable", "TOO_MANY_CONNECTIONS")
        assert _open(gateway) == 1
        for each in (held, writer):
            each.close()


async def _status(http: aiohttp.ClientSession) -> int:
    async with http.get("/api/v1/sessions") as answer:
        return answer.status


async def test_what_isnt_read_doesnt_hold_a_connection_for_ever() -> None:
    async with serving() as (_, server):
        with socket.create_connection(("127.0.0.1", server.port)):
            async with asyncio.timeout(20):
                while not server._server.server_state.connections:  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0)
            (protocol,) = server._server.server_state.connections
            accepted = protocol.transport.get_extra_info("socket")
            assert 0 < accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 120_000


async def test_streams_of_a_key_over_sse_and_websocket() -> None:
    config = RestConfig(keep_alive=timedelta(milliseconds=50))
    async with (
        serving(config=config, rates=CallRates(streams=2)) as (gateway, server),
        aiohttp.ClientSession(f"http://127.0.0.1:{server.port}", headers={"X-API-Key": KEY}) as http,
    ):
        accept = {"Accept": "text/event-stream"}
        sse = await http.get(EVENTS, headers=accept)
        socket_ = await http.ws_connect(f"{EVENTS}/ws")
        assert sse.status == 200
        async with http.get(EVENTS, headers=accept) as refused:
            assert (refused.status, (await refused.json(content_type=None))["reason"]) == (429, "TOO_MANY_STREAMS")
        with pytest.raises(aiohttp.WSServerHandshakeError) as handshake:
            await http.ws_connect(f"{EVENTS}/ws")
        assert handshake.value.status == 429
        # One that is refused for another reason holds nothing.
        await socket_.close()
        await _until_open(gateway, 1)
        for _ in range(3):
            async with http.get(f"{EVENTS}?after=x", headers=accept) as wrong:
                assert wrong.status == 400
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await http.ws_connect(f"{EVENTS}/ws?after=x")
        assert _open(gateway) == 1
        sse.close()
        await _until_open(gateway, 0)


def _open(gateway: Gateway) -> int:
    return gateway.use_cases.limits.streams._open.total()


async def _until_open(gateway: Gateway, count: int) -> None:
    async with asyncio.timeout(20):
        while _open(gateway) != count:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, key: str = "") -> int:
    """The status of a request on a connection that stays open."""
    fields = f"X-API-Key: {key}\r\n" if key else ""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n{fields}\r\n".encode())
    async with asyncio.timeout(20):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
    return int(head.split()[1])


@pytest.mark.parametrize("path", ["/nothing", "/health/live", None])
async def test_connections_without_a_key_keep_nobody_away(path: str | None) -> None:
    async with serving(max_connections=3) as (_, server):
        held = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
        if path is not None:
            assert {await ask(*connection, path) for connection in held} <= {200, 401}
        probe = await asyncio.open_connection("127.0.0.1", server.port)
        assert await ask(*probe, "/health/live") == 200
        # The one that was silent for longest has made room.
        assert await read_all(held[0][0]) == b""
        for _, writer in (*held, probe):
            writer.close()


async def test_who_has_shown_a_key_stays_longer_than_who_has_not() -> None:
    async with serving(max_connections=2) as (_, server):
        known = await asyncio.open_connection("127.0.0.1", server.port)
        assert await ask(*known, "/api/v1/sessions", KEY) == 200
        unknown = await asyncio.open_connection("127.0.0.1", server.port)
        assert await ask(*unknown, "/nothing") == 401
        last = await asyncio.open_connection("127.0.0.1", server.port)
        assert await ask(*last, "/health/live") == 200
        assert await read_all(unknown[0]) == b""
        assert await ask(*known, "/api/v1/sessions", KEY) == 200
        for _, writer in (known, unknown, last):
            writer.close()
