"""What every answer tells browsers, and what browsers are let do."""

import re
from typing import Final

import pytest

from entrypoints.rest.app import create_app
from entrypoints.rest.config import RestConfig
from tests.media_files import picture

from .gateway import KEY, Answer, Client, Gateway

ORIGIN: Final = "https://app.example.org"
SESSIONS: Final = "/api/v1/sessions"
ASKED: Final = {
    "origin": ORIGIN,
    "access-control-request-method": "POST",
    "access-control-request-headers": "x-api-key,content-type",
}


def check(answer: Answer, *, over_tls: bool = False) -> None:
    headers = answer.headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    policy = {part.split()[0]: part.split()[1:] for part in headers["content-security-policy"].split(";")}
    for directive in ("default-src", "base-uri", "form-action", "frame-ancestors"):
        assert policy[directive] == ["'none'"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cache-control"]
    assert headers.get("strict-transport-security") == ("max-age=31536000" if over_tls else None)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_every_kind_of_answer(gateway: Gateway, scheme: str) -> None:
    over_tls = scheme == "https"
    known = Client(gateway.app, scheme=scheme)
    nobody = Client(gateway.app, key=None, scheme=scheme)
    content = picture()
    media = await known.call("POST", "/api/v1/media", body=content, headers={"content-type": "image/jpeg"})
    file = f"/api/v1/media/{media.json()['id']}"
    etag = (await known.get(file)).headers["etag"]
    answers = {
        200: await known.get(SESSIONS),
        201: media,
        206: await known.get(file, range="bytes=0-3"),
        304: await known.get(file, if_none_match=etag),
        400: await known.post("/api/v1/messages/send", "none"),
        401: await nobody.get(SESSIONS),
        404: await known.get("/nowhere"),
        405: await known.call("PUT", SESSIONS),
        413: await known.call("POST", SESSIONS, body=b"x" * 1_100_000),
        416: await known.get(file, range="bytes=999999999-"),
    }
    answers |= {-each.status: each for each in (await nobody.get("/docs"), await nobody.get("/health/live"))}
    gateway.break_database(RuntimeError("a fault"))
    answers[500] = await known.get(SESSIONS)
    assert [abs(status) for status in answers] == [answer.status for answer in answers.values()]
    for answer in answers.values():
        check(answer, over_tls=over_tls)


async def test_nothing_of_the_api_is_kept_by_others(client: Client) -> None:
    """Files may be kept by the caller's own cache, which asks each time whether the key still lets in."""
    media = await client.call("POST", "/api/v1/media", body=picture(), headers={"content-type": "image/jpeg"})
    file = await client.get(f"/api/v1/media/{media.json()['id']}")
    assert file.headers["cache-control"] == "private, no-cache"
    for target in (SESSIONS, "/api/v1/events", "/nowhere", "/openapi.json", "/docs", "/health/ready", "/metrics"):
        assert (await client.get(target)).headers["cache-control"] == "no-store"


async def test_the_documentation_runs_its_own_scripts_only(client: Client) -> None:
    page = await client.get("/docs")
    check(page)
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "connect-src 'self';" in policy
    # So nothing in the page may be written into it, or come from elsewhere.
    text = page.body.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=\"/docs/)|\son\w+=|\sstyle=|//", text)
    for name in re.findall(r"(?:src|href)=\"([^\"]+)\"", text):
        check(await client.get(name))


@pytest.mark.parametrize("origins", [("*",), (ORIGIN,)])
async def test_credentials_of_a_browser_are_never_let_in(gateway: Gateway, origins: tuple[str, ...]) -> None:
    """Neither cookies nor what a browser has remembered for Basic: a page has to know the key itself."""
    app = create_app(gateway.use_cases, RestConfig(cors_origins=origins))
    preflight = await Client(app, key=None).call("OPTIONS", SESSIONS, headers=ASKED)
    answer = await Client(app).get(SESSIONS, origin=ORIGIN, cookie=f"key={KEY}")
    refused = await Client(app, key=None).get(SESSIONS, origin=ORIGIN, cookie=f"x-api-key={KEY}; api_key={KEY}")
    assert (preflight.status, answer.status, refused.status) == (200, 200, 401)
    for each in (preflight, answer, refused):
        assert "access-control-allow-credentials" not in each.headers
        assert each.headers["access-control-allow-origin"] in {"*", ORIGIN}
        check(each)
    assert "set-cookie" not in answer.headers


async def test_a_preflight_tells_nothing_to_others(gateway: Gateway) -> None:
    app = create_app(gateway.use_cases, RestConfig(cors_origins=(ORIGIN,)))
    for target in (SESSIONS, "/api/v1/nowhere"):
        refused = await Client(app, key=None).call("OPTIONS", target, headers={**ASKED, "origin": "https://evil.test"})
        assert refused.status == 400
        assert "access-control-allow-origin" not in refused.headers
        check(refused)


@pytest.mark.parametrize(
    "target",
    [
        f"{SESSIONS}?{name}={KEY}"
        for name in ("api_key", "apikey", "key", "x-api-key", "X-API-Key", "token", "access_token", "authorization")
    ],
)
async def test_a_key_in_an_address_is_no_key(gateway: Gateway, target: str) -> None:
    """Addresses end up in logs and histories."""
    answer = await Client(gateway.app, key=None).get(target)
    assert (answer.status, answer.reason) == (401, "API_KEY_MISSING")
    assert KEY not in f"{answer.headers}{answer.body.decode()}"


async def test_the_host_that_a_request_names_changes_nothing(gateway: Gateway) -> None:
    """A page whose name was made to lead here (DNS rebinding) has no key, and is told nothing that it could use."""
    evil = {"host": "evil.test", "x-forwarded-host": "evil.test", "x-forwarded-proto": "https"}
    refused = await Client(gateway.app, key=None).call("GET", SESSIONS, headers=evil)
    assert refused.status == 401
    made = await gateway.client.call("POST", SESSIONS, json_body={"id": "demo", "start": False}, headers=evil)
    assert made.status == 201
    assert made.headers["location"] == f"{SESSIONS}/demo"
    for answer in (refused, made):
        assert "evil.test" not in f"{answer.headers}{answer.body.decode()}"
