"""Who has no good key gets 401 and UNAUTHENTICATED from everything that there is, and from what there isn't.

A gateway as it is run, with every route of the application and of the API's document, every method of HTTP, WebSockets,
and every method of every service, gRPC's own included.
"""

import asyncio
import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import aiohttp
import grpc
import grpc.aio
import pytest
import pytest_asyncio
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub
from starlette.routing import WebSocketRoute
from yarl import URL

from entrypoints.grpc.server import DESCRIPTORS
from tests.integration.grpc.gateway import info
from tests.unit.rest.gateway import Gateway as GatewayInMemory
from tests.unit.rest.gateway import running

from .processes import ROOT, Gateway, Sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")

METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY")
OPEN: Final = frozenset({"/health/live", "/health/ready"})
HEALTH: Final = "/grpc.health.v1.Health/"
WRONG: Final = "pombo_wrong-key-of-a-scan"
ELSEWHERE: Final = (
    *("/", "/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/sessions", "/v1/sessions"),
    *("/health", "/health/", "/health/live/", "/health/live/x", "/health/ready/", "/HEALTH/LIVE", "//health/live"),
    *("/health/live/../../api/v1/sessions", "/health/live%2f..%2f..%2fapi/v1/sessions", "/health/live;/api/v1/x"),
    *("/api/v1/sessions/", "/api/v1//sessions", "/api/v1/sessions%00", "/docs/", "/docs/../api/v1/sessions"),
    *("/redoc", "/docs/oauth2-redirect", "/openapi.yaml", "/metrics/", "/debug", "/.env", "/.git/config"),
    *(
        "/API/V1/SESSIONS",
        "/favicon.ico",
        "/robots.txt",
        "/admin",
        "/server-status",
        "/actuator/health",
        "/pombo.v1.SessionService/ListSessions",
    ),
)
UNKNOWN_METHODS: Final = (
    *("/pombo.v1.SessionService/Nothing", "/pombo.v2.SessionService/ListSessions", "/pombo.v1.sessionservice/Get"),
    *("/grpc.health.v1.Health/Nothing", "/grpc.health.v1.Health/../pombo.v1.SessionService/ListSessions"),
    *("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/grpc.channelz.v1.Channelz/GetServers"),
    *("/grpc.admin.v1.Admin/GetState", "/", "/x"),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    home = tmp_path_factory.mktemp("scan")
    # A scan calls more often than an address may without a good key; that limit has tests of its own.
    settings = {"POMBO_RATE_REFUSED_KEYS": "0", "BROWSER_PATH": str(home / "none"), "POMBO_LOG_LEVEL": "debug"}
    async with Sandbox.run(home / "sandbox") as sandbox:
        gateway = Gateway(home / "data", sandbox, settings)
        try:
            await gateway.launch()
            await gateway.live()
            await gateway.call("POST", "/api/v1/sessions", {"id": "there", "start": False})
            yield gateway
        finally:
            await asyncio.shield(gateway.close())


async def routes() -> tuple[set[str], set[str]]:
    """The paths of the application's routes, and which of them are WebSockets."""
    async with running(GatewayInMemory()) as inner:
        routes = inner.app.router.routes
        # As the document has them: without the form that a name has to have.
        found = {re.sub(r"{(\w+):\w+}", r"{\1}", str(getattr(route, "path", route))) for route in routes}
        sockets = {route.path for route in routes if isinstance(route, WebSocketRoute)}
    return found, sockets


def named(path: str) -> str:
    """A path with something in the place of its names: what is there, where there is something."""
    return path.replace("{session_id}", "there").replace("{name}", "start.js").replace("{", "").replace("}", "")


def wrong_ways(key: str, *, basic: bool = True) -> Iterator[tuple[str, dict[str, Any]]]:
    """A good key where none is looked for, and ones that aren't good."""
    yield "no key", {}
    yield "a wrong key", {"headers": {"X-API-Key": WRONG}}
    yield "a wrong token", {"headers": {"Authorization": f"Bearer {WRONG}"}}
    yield "an empty key", {"headers": {"X-API-Key": ""}}
    yield "a longer key", {"headers": {"X-API-Key": f"{key}x"}}
    yield "a shorter key", {"headers": {"X-API-Key": key[:-1]}}
    yield "two keys in one", {"headers": {"X-API-Key": f"{WRONG}, {key}"}}
    yield "no scheme", {"headers": {"Authorization": key}}
    yield "another scheme", {"headers": {"Authorization": f"Token {key}"}}
    yield "a cookie", {"headers": {"Cookie": f"api_key={key}; X-API-Key={key}; session={key}"}}
    for header in ("Api-Key", "X-Auth-Token", "Proxy-Authorization", "X-Forwarded-User", "Sec-WebSocket-Protocol"):
        yield f"the header {header}", {"headers": {header: key}}
    for name in ("api_key", "X-API-Key", "key", "token", "access_token"):
        yield f"the address's {name}", {"params": {name: key}}
    yield "a body", {"json": {"api_key": key, "key": key}}
    yield "a form", {"data": {"api_key": key, "X-API-Key": key}}
    if basic:
        yield "Basic", {"headers": {"Authorization": "Basic " + b64encode(f"x:{key}".encode()).decode()}}
        yield "Basic's name", {"headers": {"Authorization": "Basic " + b64encode(f"{key}:x".encode()).decode()}}


async def check(http: aiohttp.ClientSession, method: str, url: str, told: str, options: dict[str, Any]) -> None:
    async with http.request(method, URL(url, encoded=True), allow_redirects=False, **options) as answer:
        body = await answer.read()
    what = (method, url, told, answer.status, body)
    assert answer.status == 401, what
    assert answer.content_type == "application/problem+json", what
    assert answer.headers["WWW-Authenticate"].startswith(("Bearer ", "Basic ")), what
    assert {"Allow", "Location", "Set-Cookie", "RateLimit"}.isdisjoint(answer.headers), what
    if method != "HEAD":
        problem = json.loads(body)
        assert problem["reason"] in {"API_KEY_MISSING", "API_KEY_INVALID"}, what
        # Nothing of what is behind it: the same is told everywhere.
        told_of = {name for name, value in problem.items() if value}
        assert told_of == {"type", "title", "status", "detail", "reason", "request_id"}, what


async def test_every_route_by_every_method(gateway: Gateway) -> None:
    found, _ = await routes()
    document = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"].keys()
    async with gateway.http.get(f"{gateway.url}/openapi.json") as answer:
        served = (await answer.json())["paths"].keys()
    assert set(document) == set(served)
    # What isn't in the document is in the application, and the other way round.
    assert found - set(served) == {"/openapi.json", "/docs", "/docs/{name}"}
    assert set(served) <= found
    assert len(found) > 80
    tried = 0
    async with aiohttp.ClientSession() as http:
        for path in sorted(found - OPEN):
            for method in METHODS:
                for told, options in (*wrong_ways(gateway.key),)[:2]:
                    await check(http, method, gateway.url + named(path), told, options)
                    tried += 1
    assert tried > 1_400


async def test_a_good_key_in_the_wrong_place(gateway: Gateway) -> None:
    found, _ = await routes()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        for path in sorted(found - OPEN):
            browsed = path.startswith(("/docs", "/openapi"))
            for told, options in wrong_ways(gateway.key, basic=not browsed):
                method = "POST" if {"json", "data"} & options.keys() else "GET"
                await check(http, method, gateway.url + named(path), told, options)


async def test_what_is_not_there(gateway: Gateway) -> None:
    async with aiohttp.ClientSession() as http:
        for path in ELSEWHERE:
            for method in METHODS:
                await check(http, method, gateway.url + path, "no key", {})


async def test_only_health_is_open(gateway: Gateway) -> None:
    async with aiohttp.ClientSession() as http:
        for path in OPEN:
            for method in METHODS:
                async with http.request(method, gateway.url + path) as answer:
                    # It is read, and nothing else can be done with it; the gateway here has no browser.
                    expected = {"/health/live": {200}, "/health/ready": {503}}[path] if method == "GET" else {405}
                    assert answer.status in expected, (method, path)
        async with http.get(f"{gateway.url}/health/ready") as answer:
            assert "there" not in json.dumps((await answer.json(content_type=None))["parts"])


async def test_websockets(gateway: Gateway) -> None:
    found, sockets = await routes()
    assert sockets == {"/api/v1/events/ws"}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        for path in sorted(found - OPEN):
            for _, options in wrong_ways(gateway.key) if path in sockets else [("no key", {})]:
                if {"json", "data"} & options.keys():
                    continue
                with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                    await http.ws_connect(gateway.url + named(path), **options)
                assert refused.value.status == 401, (path, options)
        for path in OPEN:
            with pytest.raises(aiohttp.WSServerHandshakeError) as missing:
                await http.ws_connect(gateway.url + path)
            assert missing.value.status == 404
        # A page of another site has nothing that the browser would add by itself; with a key it is told by its origin.
        for headers in ({"Origin": "https://evil.test"}, {"Origin": "null", "Cookie": f"api_key={gateway.key}"}):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(f"{gateway.url}/api/v1/events/ws", headers=headers)
            assert refused.value.status == 401
        with pytest.raises(aiohttp.WSServerHandshakeError) as foreign:
            await gateway.http.ws_connect(f"{gateway.url}/api/v1/events/ws", headers={"Origin": gateway.url})
        assert foreign.value.status == 403


def methods() -> set[str]:
    """Of the published description, health and reflection."""
    published = {
        f"/pombo.v1.{service}/{method}"
        for file in (ROOT / "proto" / "pombo" / "v1").glob("*.proto")
        for service, body in re.findall(r"^service (\w+) {$(.*?)^}$", file.read_text(), re.MULTILINE | re.DOTALL)
        for method in re.findall(r"^  rpc (\w+)\(", body, re.MULTILINE)
    }
    served = {f"/{service.full_name}/{method.name}" for service in DESCRIPTORS for method in service.methods}
    assert published == served
    assert len(served) > 80
    return served | {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}


async def outcome(channel: grpc.aio.Channel, method: str, metadata: tuple[tuple[str, str], ...]) -> tuple[Any, str]:
    """How a call ends: its status, and its reason."""
    waits = {f"/{s.full_name}/{m.name}" for s in DESCRIPTORS for m in s.methods if not m.client_streaming}
    if method in waits:
        call = channel.unary_stream(method)(b"", metadata=metadata, timeout=20)
    else:
        # Nothing is written: the answer may be there before.
        call = channel.stream_stream(method)(metadata=metadata, timeout=20)
    with pytest.raises(grpc.aio.AioRpcError) as ended:
        await call.read()
    return ended.value.code(), info(ended.value).reason


async def test_every_method_of_every_service(gateway: Gateway) -> None:
    key = gateway.key
    ways: tuple[tuple[tuple[str, str], ...], ...] = (
        (),
        (("x-api-key", WRONG),),
        (("authorization", f"Bearer {WRONG}"),),
        (("authorization", key),),
        (("authorization", "Basic " + b64encode(f"x:{key}".encode()).decode()),),
        (("api-key", key),),
        (("api_key", key), ("cookie", f"api_key={key}"), ("key", key), ("token", key)),
        (("x-api-key", WRONG), ("x-api-key", key)),
        (("grpc-internal-key", key), ("x-forwarded-for", "127.0.0.1")),
    )
    async with grpc.aio.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel:
        for method in sorted(methods() | set(UNKNOWN_METHODS)):
            for metadata in ways:
                code, reason = await outcome(channel, method, metadata)
                assert code is grpc.StatusCode.UNAUTHENTICATED, (method, metadata, reason)
                assert reason in {"API_KEY_MISSING", "API_KEY_INVALID"}, (method, metadata)
        # With a key what isn't there is told in gRPC's own way.
        for method in UNKNOWN_METHODS:
            code, reason = await outcome(channel, method, (("x-api-key", key),))
            assert (code, reason) == (grpc.StatusCode.UNIMPLEMENTED, "METHOD_NOT_FOUND"), method


async def test_reflection_lists_what_was_scanned_and_health_is_open(gateway: Gateway) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel:
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        metadata = (("x-api-key", gateway.key),)
        call = ServerReflectionStub(channel).ServerReflectionInfo(iter([asked]), metadata=metadata)
        (answer,) = [each async for each in call]
        services = {service.name for service in answer.list_services_response.service}
        assert services == {method[1:].rpartition("/")[0] for method in methods()} | {HEALTH.strip("/")}
        health = await HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        # Which of its parts is away is told to nobody here.
        assert health.status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert len(health.ListFields()) == 1


async def test_nothing_of_it_is_in_the_log(gateway: Gateway) -> None:
    """Runs last: neither keys nor what callers made up."""
    log = gateway.log.read_text()
    assert "rest.request" in log
    assert "grpc.call" in log
    for text in (gateway.key, WRONG, "api_key=", "evil.test", "pombo.v2", "server-status", "oauth2-redirect"):
        assert text not in log, text
