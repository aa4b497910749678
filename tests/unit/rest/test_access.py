"""Who gets in, and what is told of how a request went."""

import base64
from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import LogCapture

from domain.errors import UnavailableError
from entrypoints.rest.app import create_app
from entrypoints.rest.config import RestConfig

from .gateway import BEN, KEY, Client, Gateway

SESSIONS = "/api/v1/sessions"


@pytest.fixture
def logs() -> Iterator[LogCapture]:
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, capture])
    yield capture
    structlog.configure(**before)


@pytest.mark.parametrize(
    "headers",
    [{"x-api-key": KEY}, {"authorization": f"Bearer {KEY}"}, {"authorization": f"bearer  {KEY} "}],
)
async def test_the_key_lets_in(gateway: Gateway, headers: dict[str, str]) -> None:
    answer = await Client(gateway.app, key=None).call("GET", SESSIONS, headers=headers)
    assert answer.status == 200


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "API_KEY_MISSING"),
        ({"x-api-key": ""}, "API_KEY_MISSING"),
        ({"authorization": "Bearer"}, "API_KEY_MISSING"),
        ({"authorization": KEY}, "API_KEY_MISSING"),
        ({"authorization": basic(KEY)}, "API_KEY_MISSING"),
        ({"x-api-key": KEY + "x"}, "API_KEY_INVALID"),
        ({"x-api-key": "\xff\xfe"}, "API_KEY_INVALID"),
        ({"authorization": "Bearer wrong"}, "API_KEY_INVALID"),
        ({"x-api-key": "wrong", "authorization": f"Bearer {KEY}"}, "API_KEY_INVALID"),
    ],
)
@pytest.mark.parametrize("target", [SESSIONS, "/api/v1/messages/send", "/nothing/here", "/health/other", "/docsx"])
async def test_nobody_else_gets_in(gateway: Gateway, headers: dict[str, str], reason: str, target: str) -> None:
    answer = await Client(gateway.app, key=None).call("POST", target, headers=headers)
    assert (answer.status, answer.reason) == (401, reason)
    assert answer.headers["www-authenticate"] == 'Bearer realm="pombo"'
    assert KEY not in answer.body.decode()


@pytest.mark.parametrize("target", ["/docs", "/docs/swagger-ui.css", "/openapi.json"])
async def test_browsers_get_the_documentation_with_the_key_as_a_password(gateway: Gateway, target: str) -> None:
    browser = Client(gateway.app, key=None)
    for headers in ({}, {"authorization": basic("wrong")}, {"authorization": "Basic ="}):
        refused = await browser.call("GET", target, headers=headers)
        assert refused.status == 401
        assert refused.headers["www-authenticate"].startswith("Basic ")
    assert (await browser.call("GET", target, headers={"authorization": basic(KEY)})).status == 200
    assert (await Client(gateway.app).get(target)).status == 200


async def test_a_database_that_is_away_keeps_everybody_out(gateway: Gateway) -> None:
    gateway.break_database(UnavailableError("DATABASE_UNAVAILABLE", "The database doesn't answer."))
    # A configured key is known without asking; any other has to be looked up.
    answer = await Client(gateway.app, key="some other key").get(SESSIONS)
    assert (answer.status, answer.reason) == (503, "DATABASE_UNAVAILABLE")
    assert (await gateway.client.get(SESSIONS)).reason == "DATABASE_UNAVAILABLE"


async def test_health_needs_no_key(gateway: Gateway) -> None:
    nobody = Client(gateway.app, key=None)
    assert (await nobody.get("/health/live")).json() == {"status": "live"}
    ready = await nobody.get("/health/ready")
    assert (ready.status, ready.json()["status"]) == (200, "ready")
    snapshots = {"name": "snapshots", "ready": True, "problem": None, "needed": False}
    assert ready.json()["parts"] == [
        {"name": "database", "ready": True, "problem": None, "needed": True},
        snapshots,
    ]
    gateway.part.problem = "connection refused"
    away = await nobody.get("/health/ready")
    assert (away.status, away.reason) == (503, "NOT_READY")
    assert away.json()["parts"] == [
        {"name": "database", "ready": False, "problem": "connection refused", "needed": True},
        snapshots,
    ]
    assert (await nobody.get("/health/live")).status == 200


async def test_routing_errors_are_problems(client: Client) -> None:
    unknown = await client.get("/api/v1/nothing")
    assert (unknown.status, unknown.reason) == (404, "ROUTE_NOT_FOUND")
    assert (await client.get(f"{SESSIONS}/")).reason == "ROUTE_NOT_FOUND"
    method = await client.call("PUT", SESSIONS)
    assert (method.status, method.reason) == (405, "METHOD_NOT_ALLOWED")
    assert method.headers["allow"] == "GET, POST"
    one = await client.call("PUT", f"{SESSIONS}/demo")
    assert one.headers["allow"] == "DELETE, GET, PATCH"
    # Not a message of that name.
    send = await client.get("/api/v1/messages/send")
    assert (send.status, send.headers["allow"]) == (405, "POST")
    assert (await client.get("/docs/../../secret")).reason == "ROUTE_NOT_FOUND"
    assert (await client.get("/docs/index.html")).reason == "ROUTE_NOT_FOUND"


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("target", ["/api/v1/messages/send", SESSIONS])
async def test_a_body_too_large(gateway: Gateway, announced: bool, target: str) -> None:
    app = create_app(gateway.use_cases, RestConfig(max_body_bytes=1_000, max_inline_bytes=1_000))
    client = Client(app, chunks=10)
    headers = {"content-type": "application/json"} | ({} if announced else {"content-length": ""})
    answer = await client.call("POST", target, body=b'"' + b"x" * 999 + b'"', headers=headers)
    assert (answer.status, answer.reason) == (413, "BODY_TOO_LARGE")
    assert answer.json()["metadata"] == {"limit_bytes": "1000"}
    just = await client.call("POST", target, body=b'"' + b"x" * 998 + b'"', headers=headers)
    assert just.reason == "INVALID_REQUEST"


async def test_every_answer_has_its_headers(client: Client) -> None:
    for answer in [await client.get(SESSIONS), await client.get("/nothing"), await client.get("/openapi.json")]:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert len(answer.headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1.2:3_x", True), ("", False), ("a b", False), ("é", False), ("x" * 129, False)]
)
async def test_a_decent_request_id_is_kept(client: Client, given: str, kept: bool) -> None:
    answer = await client.get(SESSIONS, x_request_id=given)
    assert (answer.headers["x-request-id"] == given) is kept
    problem = await client.get("/nothing", x_request_id=given)
    assert problem.json()["request_id"] == problem.headers["x-request-id"]


async def test_a_fault_of_ours_tells_nothing(gateway: Gateway, client: Client, logs: LogCapture) -> None:
    gateway.break_database(RuntimeError("secret of the inside"))
    answer = await client.get(SESSIONS)
    assert (answer.status, answer.reason) == (500, "INTERNAL")
    assert b"secret" not in answer.body
    failed = next(entry for entry in logs.entries if entry["event"] == "rest.request_failed")
    assert failed["request_id"] == answer.headers["x-request-id"]
    assert failed["exc_info"]


async def test_the_log_has_a_line_for_each_request_and_no_secrets(client: Client, logs: LogCapture) -> None:
    await client.get(f"/api/v1/messages?chat_id={BEN}", x_request_id="request-1")
    await client.post(
        "/api/v1/messages/send", {"session_id": "ana", "to": BEN, "type": "text", "text": {"body": "s3cret"}}
    )
    await client.get("/api/v1/sessions/ana/qr")
    lines = [entry for entry in logs.entries if entry["event"] == "rest.request"]
    assert [(line["method"], line["route"], line["status"], line["reason"]) for line in lines] == [
        ("GET", "/api/v1/messages", 200, None),
        ("POST", "/api/v1/messages/send", 404, "SESSION_NOT_FOUND"),
        ("GET", "/api/v1/sessions/{session_id}/qr", 404, "SESSION_NOT_FOUND"),
    ]
    assert lines[0]["request_id"] == "request-1"
    assert all(line["duration_ms"] >= 0 for line in lines)
    assert not any(secret in str(logs.entries) for secret in (BEN, "s3cret", KEY))


async def test_cors_is_off_unless_set(gateway: Gateway, client: Client) -> None:
    asks = {"origin": "https://app.example.org", "access-control-request-method": "POST"}
    asks["access-control-request-headers"] = "x-api-key,content-type"
    refused = await Client(gateway.app, key=None).call("OPTIONS", SESSIONS, headers=asks)
    assert refused.status == 401
    assert "access-control-allow-origin" not in (await client.get(SESSIONS, origin="https://app.example.org")).headers

    app = create_app(gateway.use_cases, RestConfig(cors_origins=("https://app.example.org",)))
    allowed = await Client(app, key=None).call("OPTIONS", SESSIONS, headers=asks)
    assert allowed.status == 200
    assert allowed.headers["access-control-allow-origin"] == "https://app.example.org"
    answer = await Client(app).get(SESSIONS, origin="https://app.example.org")
    assert answer.headers["access-control-allow-origin"] == "https://app.example.org"
    other = await Client(app).get(SESSIONS, origin="https://evil.example.org")
    assert "access-control-allow-origin" not in other.headers
    for method in {each.upper() for paths in app.openapi()["paths"].values() for each in paths}:
        preflight = {**asks, "access-control-request-method": method}
        assert (await Client(app, key=None).call("OPTIONS", SESSIONS, headers=preflight)).status == 200, method
