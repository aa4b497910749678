"""The server on real sockets."""

import asyncio
import io
import json
import signal
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest

from adapters.memory.driver import Hang, Operation
from domain.errors import PomboError
from domain.ids import SessionId
from entrypoints.rest.server import RestServer
from tests.unit.rest.gateway import BEN, Gateway

SEND = "/api/v1/messages/send"
TEXT = {"session_id": "ana", "to": BEN, "type": "text", "text": {"body": "hi"}}


async def test_a_port_in_use_is_told(gateway: Gateway, server: RestServer) -> None:
    second = RestServer(gateway.app, host="127.0.0.1", port=server.port)
    with pytest.raises(PomboError) as failed:
        await second.start()
    assert failed.value.reason == "PORT_IN_USE"
    assert failed.value.metadata["port"] == str(server.port)
    assert failed.value.metadata["setting"] == "PORT"
    assert str(server.port) in failed.value.message


async def test_an_address_that_isnt_ours_is_told(gateway: Gateway) -> None:
    with pytest.raises(PomboError) as failed:
        await RestServer(gateway.app, host="192.0.2.1", port=0).start()
    assert failed.value.reason == "CANNOT_LISTEN"


async def test_serve_ends_when_it_is_cancelled(gateway: Gateway) -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    server = RestServer(gateway.app, host="127.0.0.1", port=0)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(5), aiohttp.ClientSession() as http:
        while not server.port:  # noqa: ASYNC110 - a number that the test can only look at
            await asyncio.sleep(0)
        async with http.get(f"http://127.0.0.1:{server.port}/health/live") as answer:
            assert answer.status == 200
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(f"http://127.0.0.1:{server.port}/health/live")


async def test_a_stop_lets_a_request_finish(gateway: Gateway, server: RestServer, http: aiohttp.ClientSession) -> None:
    await gateway.link()
    gateway.whatsapp.script(SessionId("ana"), Operation.SEND, Hang())
    sending = asyncio.create_task(_post(http, TEXT, prefer="wait=1"))
    await _until_queued(gateway)
    await server.stop()
    assert await sending == (202, "application/json")


async def test_a_stop_answers_who_would_wait_longer_than_it_does(
    gateway: Gateway, server: RestServer, http: aiohttp.ClientSession
) -> None:
    await gateway.link()
    gateway.whatsapp.script(SessionId("ana"), Operation.SEND, Hang())
    sending = asyncio.create_task(_post(http, TEXT, prefer="wait=60"))
    await _until_queued(gateway)
    async with asyncio.timeout(30):  # far less than what the request would wait
        await server.stop()
    # That it is accepted, and not that it left.
    assert await sending == (202, "application/json")


async def _post(http: aiohttp.ClientSession, body: object, *, prefer: str) -> tuple[int, str]:
    async with http.post(SEND, json=body, headers={"Prefer": prefer}) as answer:
        return answer.status, answer.content_type


async def _until_queued(gateway: Gateway) -> None:
    async with asyncio.timeout(5):
        while not any(event.type == "message.queued" for event in await gateway.database.read(after=0, limit=100)):
            await gateway.database.settle()
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize(("path", "megabytes"), [("/api/v1/sessions", 5), (SEND, 25)])
async def test_a_body_too_large_is_answered_and_the_connection_goes_on(
    http: aiohttp.ClientSession, path: str, megabytes: int, chunked: bool
) -> None:
    """A message may hold a file: it has a limit of its own."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(10 * megabytes):
            yield b"x" * 100_000

    body = chunks() if chunked else io.BytesIO(b"x" * 1_000_000 * megabytes)
    async with http.post(path, data=body, headers={"Content-Type": "application/json"}) as answer:
        assert answer.status == 413
        assert answer.content_type == "application/problem+json"
        assert (await answer.json(content_type=None))["reason"] == "BODY_TOO_LARGE"
    async with http.get("/api/v1/sessions") as answer:
        assert answer.status == 200


async def test_a_form_that_is_refused_is_answered_and_the_connection_goes_on(http: aiohttp.ClientSession) -> None:
    async with http.post("/api/v1/media/send", data={"file": io.BytesIO(b"x" * 3_000_000)}) as answer:
        assert answer.status == 400
        assert (await answer.json(content_type=None))["reason"] == "INVALID_REQUEST"
    async with http.get("/api/v1/sessions") as answer:
        assert answer.status == 200


async def test_stopping_twice_and_before_the_start(gateway: Gateway) -> None:
    server = RestServer(gateway.app, host="127.0.0.1", port=0, stop_within=timedelta(seconds=1))
    await server.stop()
    await server.stop()


async def test_a_head_too_large_is_told(server: RestServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    async with asyncio.timeout(10):
        writer.write(b"GET /health/live HTTP/1.1\r\nX-Long: " + b"a" * 66_000)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ")
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["reason"] == "HEADERS_TOO_LARGE"
    writer.close()


@pytest.mark.parametrize(
    "start",
    [
        b"GET /health/live HTTP/1.1\r\nX-Endless: ",
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Endless: ",
    ],
    ids=["head", "trailer"],
)
async def test_headers_without_end_are_cut_off(server: RestServer, start: bytes) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(start)
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(_flood(writer), 10)
    writer.close()


async def test_long_heads_of_one_connection_are_no_endless_one(server: RestServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    async with asyncio.timeout(10):
        for _ in range(10):
            writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 20_000)
            await writer.drain()
            writer.write(b"\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            await reader.readexactly(len(b'{"status":"live"}'))
    writer.close()


@pytest.mark.parametrize(
    "request_", [b"FOO / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b"\x16\x03"]
)
async def test_what_is_no_http_is_told_as_a_problem(server: RestServer, request_: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request_)
    async with asyncio.timeout(10):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["reason"] == "INVALID_REQUEST"
    writer.close()


async def _flood(writer: asyncio.StreamWriter) -> None:
    for _ in range(200):
        writer.write(b"a" * 50_000)
        await writer.drain()
