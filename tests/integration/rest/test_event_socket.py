"""Events over a WebSocket, by a client on a socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import structlog

from domain.errors import GoneError, PomboError, UnavailableError
from entrypoints.rest.config import RestConfig
from entrypoints.rest.server import RestServer
from tests.integration.logs import until_logged
from tests.unit.rest.gateway import ANA, BEN, KEY, Gateway, running

PATH = "/api/v1/events/ws"
ORIGIN = "https://app.example.org"


async def next_frame(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    frame: dict[str, Any] = await socket.receive_json(timeout=10)
    return frame


async def closing(socket: aiohttp.ClientWebSocketResponse) -> tuple[int | None, str | None]:
    """Reads up to the end, and gives its code and reason."""
    while (message := await socket.receive(timeout=10)).type is aiohttp.WSMsgType.TEXT:
        pass
    assert message.type is aiohttp.WSMsgType.CLOSE
    return message.data, message.extra


@asynccontextmanager
async def serving(config: RestConfig) -> AsyncIterator[tuple[Gateway, aiohttp.ClientSession]]:
    async with running(Gateway(config)) as gateway:
        server = RestServer(gateway.app, host="127.0.0.1", port=0, stop_within=timedelta(seconds=1))
        await server.start()
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}", headers={"X-API-Key": KEY}) as http:
                yield gateway, http
        finally:
            await server.stop()


async def test_frames_are_the_events_of_the_list(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    await gateway.link()
    gateway.whatsapp.phone_sends(BEN, ANA, "first")
    async with http.get("/api/v1/events?page_size=1000") as answer:
        listed = (await answer.json())["items"]
    async with http.ws_connect(f"{PATH}?after=0") as socket:
        assert [await next_frame(socket) for _ in listed] == listed
        gateway.whatsapp.phone_sends(BEN, ANA, "second")
        while (frame := await next_frame(socket))["type"] != "message.received":
            pass
        assert frame["payload"]["message"]["text"]["body"] in {"first", "second"}


async def test_without_a_cursor_it_begins_now_and_filters(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    await gateway.link()
    async with http.ws_connect(f"{PATH}?types=message.received&session_id=ana") as socket:
        assert socket._response.headers["X-Request-ID"]
        gateway.whatsapp.phone_sends(BEN, ANA, "now")
        assert (await next_frame(socket))["payload"]["message"]["text"]["body"] == "now"


@pytest.mark.parametrize(
    ("query", "headers", "status", "reason"),
    [
        ("", {"X-API-Key": "wrong-key-of-no-use"}, 401, "API_KEY_INVALID"),
        ("?after=1000000", {}, 400, "INVALID_CURSOR"),
        ("?after=99999999999999999999", {}, 400, "INVALID_CURSOR"),
        ("?after=-1", {}, 400, "INVALID_CURSOR"),
        ("?types=nonsense", {}, 400, "UNKNOWN_EVENT_TYPE"),
        ("?session_id=A%20B", {}, 400, "INVALID_SESSION_ID"),
        ("?page_size=5", {}, 400, "INVALID_REQUEST"),
        ("", {"Origin": "https://evil.example"}, 403, "ORIGIN_NOT_ALLOWED"),
        ("", {"Sec-WebSocket-Version": "12"}, 400, "INVALID_REQUEST"),
        ("", {"X-Long": "a" * 20_000}, 431, "HEADERS_TOO_LARGE"),
        ("/none", {}, 404, "ROUTE_NOT_FOUND"),
    ],
)
async def test_a_refusal_comes_before_the_upgrade(
    server: RestServer, query: str, headers: dict[str, str], status: int, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer, problem = await upgrade(server.port, PATH + query, {"X-API-Key": KEY} | headers)
    assert (int(answer.split()[1]), problem["status"], problem["reason"]) == (status, status, reason)
    assert "content-type: application/problem+json" in answer
    # It is no fault of the gateway's.
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def upgrade(port: int, target: str, headers: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """The answer to an opening that is refused, byte for byte as it comes: its head in small letters, its problem."""
    opening = {"Host": "gateway", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    opening |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} | headers
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in opening.items())
    writer.write(f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode())
    async with asyncio.timeout(10):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return head.decode().lower(), json.loads(body)


async def test_a_cursor_from_before_retention_is_refused(gateway: Gateway, server: RestServer) -> None:
    await gateway.link()
    await gateway.event_head()
    later = datetime.now(UTC) + timedelta(days=40)
    await gateway.database.prune(now=later, keep=timedelta(days=30), needed_from=None, limit=2)
    answer, problem = await upgrade(server.port, f"{PATH}?after=1", {"X-API-Key": KEY})
    assert (answer.split()[1], problem["reason"]) == ("410", "CURSOR_EXPIRED")
    assert problem["metadata"] == {"oldest_cursor": "2"}


async def test_no_key_is_challenged(server: RestServer) -> None:
    answer, problem = await upgrade(server.port, PATH, {})
    assert problem["reason"] == "API_KEY_MISSING"
    assert problem["request_id"]
    assert "www-authenticate: bearer" in answer


async def test_what_is_no_handshake_is_told(server: RestServer) -> None:
    answer, problem = await upgrade(server.port, PATH, {"X-API-Key": KEY, "Sec-WebSocket-Key": "short"})
    assert (answer.split()[1], problem["reason"]) == ("400", "INVALID_REQUEST")


async def test_plain_http_is_told_to_upgrade(http: aiohttp.ClientSession) -> None:
    async with http.get(PATH) as answer:
        assert (answer.status, answer.headers["Upgrade"]) == (426, "websocket")
        assert (await answer.json(content_type=None))["reason"] == "UPGRADE_REQUIRED"


async def test_web_pages_of_allowed_origins_may_connect() -> None:
    async with serving(RestConfig(cors_origins=(ORIGIN,))) as (_, http):
        async with http.ws_connect(PATH, headers={"Origin": ORIGIN}) as socket:
            assert not socket.closed
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(PATH, headers={"Origin": "https://app.example.org.evil.example"})
        assert refused.value.status == 403
    async with serving(RestConfig(cors_origins=("*",))) as (_, http), http.ws_connect(PATH, origin="null"):
        pass


async def test_a_bearer_token_is_a_key(server: RestServer) -> None:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as http,
        http.ws_connect(f"http://127.0.0.1:{server.port}{PATH}") as socket,
    ):
        assert not socket.closed


async def test_what_the_client_sends_is_ignored_and_bounded(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    await gateway.link()
    async with http.ws_connect(f"{PATH}?types=message.received") as socket:
        for _ in range(20):
            await socket.send_str("x" * 4_000)
            await socket.send_bytes(b"x")
        gateway.whatsapp.phone_sends(BEN, ANA, "still there")
        assert (await next_frame(socket))["payload"]["message"]["text"]["body"] == "still there"
        await socket.send_str("x" * 5_000)
        assert (await closing(socket))[0] == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_a_stop_says_that_it_is_a_restart(server: RestServer, http: aiohttp.ClientSession) -> None:
    async with http.ws_connect(PATH) as socket:
        stopping = asyncio.create_task(server.stop())
        assert await closing(socket) == (1012, "SERVER_STOPPING")
        await stopping


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnavailableError("DATABASE_UNAVAILABLE", "The database doesn't answer."), 1013),
        (GoneError("CURSOR_EXPIRED", "Too late.", metadata={"oldest_cursor": "7"}), 4010),
    ],
)
async def test_a_failure_in_mid_stream_is_told(
    gateway: Gateway, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch, error: PomboError, code: int
) -> None:
    await gateway.link()

    async def fail(**_: object) -> None:
        raise error

    async with http.ws_connect(PATH) as socket:
        monkeypatch.setattr(gateway.database, "scan", fail)
        gateway.whatsapp.phone_sends(BEN, ANA, "now")
        frame = await next_frame(socket)
        assert (frame["type"], frame["error"]["reason"]) == ("stream.error", error.reason)
        assert frame["error"]["metadata"] == error.metadata
        assert await closing(socket) == (code, error.reason)


async def test_a_fault_in_mid_stream_isnt_told_in_its_own_words(
    gateway: Gateway, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gateway.link()

    async def fail(**_: object) -> None:
        raise ZeroDivisionError("secret")

    with structlog.testing.capture_logs() as lines:
        async with http.ws_connect(PATH) as socket:
            monkeypatch.setattr(gateway.database, "scan", fail)
            gateway.whatsapp.phone_sends(BEN, ANA, "now")
            assert await closing(socket) == (1011, "INTERNAL")
            await until_logged(lines, "rest.request")
    assert [line["status"] for line in lines if line["event"] == "rest.request"] == [101]


async def test_readers_who_leave_leave_nothing_behind(http: aiohttp.ClientSession) -> None:
    def sockets() -> int:
        return sum("EventSocket" in str(task.get_coro()) for task in asyncio.all_tasks())

    for _ in range(3):
        async with http.ws_connect(PATH):
            assert sockets() > 0
    async with asyncio.timeout(5):
        while sockets():  # noqa: ASYNC110 - tasks end without telling
            await asyncio.sleep(0.01)
