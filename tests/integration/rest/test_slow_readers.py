"""Readers of streams that don't read: they are told, ended, and in nobody's way."""

import asyncio
import base64
import os
import socket
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
import structlog

from entrypoints.rest.config import RestConfig
from entrypoints.rest.server import RestServer
from entrypoints.rest.websocket_protocol import WebSocketProtocol
from tests.integration.logs import until_logged
from tests.integration.rest.streams import events
from tests.unit.rest.gateway import ANA, BEN, KEY, Gateway, running

EVENTS = "/api/v1/events"
STREAM = {"Accept": "text/event-stream"}
MANY = 250
BODY = "x" * 60_000
"""Together more than what the kernel takes off a server whose client doesn't read."""


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    config = RestConfig(keep_alive=timedelta(milliseconds=50), stall=timedelta(milliseconds=500))
    async with running(Gateway(config)) as gateway:
        yield gateway


async def opened(server: RestServer, request: str) -> socket.socket:
    """A connection whose client has a small window and reads nothing."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", server.port))
    await loop.sock_sendall(client, request.encode())
    return client


async def read_all(client: socket.socket) -> bytes:
    """What comes until the end."""
    loop = asyncio.get_running_loop()
    data = bytearray()
    async with asyncio.timeout(10):
        try:
            while piece := await loop.sock_recv(client, 1 << 20):
                data += piece
        except ConnectionResetError:
            pass
    return bytes(data)


async def write_many(gateway: Gateway) -> None:
    await gateway.link()
    for number in range(MANY):
        gateway.whatsapp.phone_sends(BEN, ANA, f"{number} {BODY}")


async def reads_all(http: aiohttp.ClientSession) -> list[str]:
    """What a reader gets that keeps up."""
    got: list[str] = []
    async with http.get(f"{EVENTS}?after=0&types=message.received", headers=STREAM) as stream:
        async for event in events(stream):
            if event.id:
                got.append(event.data["payload"]["message"]["text"]["body"].split(" ")[0])
            if len(got) == MANY:
                return got
    return got


async def test_sse_that_isnt_read_is_broken_off(
    gateway: Gateway, server: RestServer, http: aiohttp.ClientSession
) -> None:
    with structlog.testing.capture_logs() as lines:
        slow = await opened(
            server, f"GET {EVENTS}?after=0 HTTP/1.1\r\nHost: g\r\nX-API-Key: {KEY}\r\nAccept: text/event-stream\r\n\r\n"
        )
        await write_many(gateway)
        # It holds up nobody.
        assert await asyncio.wait_for(reads_all(http), 20) == [str(number) for number in range(MANY)]
        await until_logged(lines, "rest.consumer_too_slow")
        data = await read_all(slow)
        slow.close()
    assert data.startswith(b"HTTP/1.1 200 ")
    # No last chunk: the reader sees that this wasn't the end.
    assert not data.endswith(b"0\r\n\r\n")
    assert [line["log_level"] for line in lines if line["log_level"] == "error"] == []


async def test_a_websocket_that_isnt_read_is_ended_and_told_and_goes_on(
    gateway: Gateway, server: RestServer, http: aiohttp.ClientSession
) -> None:
    nonce = base64.b64encode(os.urandom(16)).decode()
    with structlog.testing.capture_logs() as lines:
        slow = await opened(
            server,
            f"GET {EVENTS}/ws?after=0&types=message.received HTTP/1.1\r\nHost: g\r\nX-API-Key: {KEY}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {nonce}\r\n\r\n",
        )
        await write_many(gateway)
        assert await asyncio.wait_for(reads_all(http), 20) == [str(number) for number in range(MANY)]
        await until_logged(lines, "rest.consumer_too_slow")
    # What was on its way is still there, whole, and behind it the reason.
    loop = asyncio.get_running_loop()
    data = bytearray()
    async with asyncio.timeout(10):
        while b"CONSUMER_TOO_SLOW" not in data:
            data += await loop.sock_recv(slow, 1 << 20)
    assert data.endswith(b"\x88\x13" + (4008).to_bytes(2) + b"CONSUMER_TOO_SLOW")
    slow.close()
    got = data.count(b'"type":"message.received"')
    assert 0 < got < MANY
    last = int(data.rpartition(b'"sequence":')[2].partition(b",")[0])
    async with http.ws_connect(f"{EVENTS}/ws?after={last}&types=message.received", max_msg_size=0) as resumed:
        for number in range(got, MANY):
            frame = await resumed.receive_json(timeout=10)
            assert frame["payload"]["message"]["text"]["body"].startswith(f"{number} ")


@pytest.mark.parametrize("way", ["stream", "socket"])
async def test_a_stop_doesnt_wait_for_who_reads_nothing(way: str) -> None:
    async with running(Gateway()) as gateway:  # with the stall's default of a minute
        server = RestServer(gateway.app, host="127.0.0.1", port=0, stop_within=timedelta(seconds=1))
        await server.start()
        more = "Accept: text/event-stream\r\n"
        if way == "socket":
            more = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            more += f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
        path = EVENTS if way == "stream" else f"{EVENTS}/ws"
        slow = await opened(server, f"GET {path}?after=0 HTTP/1.1\r\nHost: g\r\nX-API-Key: {KEY}\r\n{more}\r\n")
        await write_many(gateway)
        async with asyncio.timeout(5):
            await server.stop()
        slow.close()


async def test_who_is_far_behind_is_told(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    await gateway.link()
    for number in range(2_000):
        gateway.whatsapp.phone_sends(BEN, ANA, str(number))
    async with asyncio.timeout(10), http.get(f"{EVENTS}?after=1", headers=STREAM) as stream:
        first = await anext(events(stream))
        assert (first.event, first.id) == ("stream.lag", "")
        assert first.data["behind"] == first.data["head"] - 1 > 1_000
    async with http.ws_connect(f"{EVENTS}/ws?after=1") as socket:
        frame = await socket.receive_json(timeout=10)
        assert (frame["type"], frame["behind"]) == ("stream.lag", frame["head"] - 1)
        assert (await socket.receive_json(timeout=10))["sequence"] == 2


PINGS = 60_000


async def upgraded(server: RestServer) -> socket.socket:
    """A WebSocket on which no event comes, and of which nothing but the opening's answer is read."""
    nonce = base64.b64encode(os.urandom(16)).decode()
    client = await opened(
        server,
        f"GET {EVENTS}/ws?types=webhook.disabled HTTP/1.1\r\nHost: g\r\nX-API-Key: {KEY}\r\nConnection: Upgrade\r\n"
        f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {nonce}\r\n\r\n",
    )
    assert (await asyncio.get_running_loop().sock_recv(client, 4_096)).startswith(b"HTTP/1.1 101 ")
    return client


def frame(first: int, payload: bytes = b"") -> bytes:
    return bytes([first, 0x80 | len(payload)]) + bytes(4) + payload


async def send_pings(server: RestServer, client: socket.socket) -> WebSocketProtocol:
    """Asks for more pongs than the kernel takes off a server whose client doesn't read."""
    (connection,) = server._server.server_state.connections
    assert isinstance(connection, WebSocketProtocol)
    await asyncio.get_running_loop().sock_sendall(client, frame(0x89, b"x" * 125) * PINGS + frame(0x01, b"read"))
    async with asyncio.timeout(10):
        while connection.frames != [b"read"]:  # noqa: ASYNC110 - a piece of a message is told to nobody
            await asyncio.sleep(0.01)
    return connection


async def test_pongs_that_arent_read_pile_up_nowhere(server: RestServer) -> None:
    client = await upgraded(server)
    connection = await send_pings(server, client)
    assert connection.transport.get_write_buffer_size() < 1 << 20
    client.close()


async def test_who_closes_and_reads_nothing_is_broken_off(server: RestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrypoints.rest.websocket_protocol._LINGER_SECONDS", 0.1)
    client = await upgraded(server)
    connection = await send_pings(server, client)
    await asyncio.get_running_loop().sock_sendall(client, frame(0x88, (1000).to_bytes(2)))
    async with asyncio.timeout(5):
        while connection in server._server.server_state.connections:  # noqa: ASYNC110 - uvicorn tells nobody
            await asyncio.sleep(0.01)
    client.close()


async def test_a_message_in_endless_empty_pieces_takes_no_room(server: RestServer) -> None:
    client = await upgraded(server)
    (connection,) = server._server.server_state.connections
    assert isinstance(connection, WebSocketProtocol)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(client, frame(0x01, b"a") + frame(0x00) * 10_000 + frame(0x89, b"seen"))
    async with asyncio.timeout(10):
        assert await loop.sock_recv(client, 100) == b"\x8a\x04seen"
    assert len(connection.frames) == 1
    client.close()
