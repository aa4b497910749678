"""The control API's edge: who may call it, and how it answers."""

import ipaddress
import logging
from typing import Any
from urllib.parse import urlsplit

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox.errors import SandboxError, bad_request
from sandbox.frames import Json

_log = logging.getLogger(__name__)


def answer(body: Json, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(
        body=orjson.dumps(body),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )


def refusal(status: int, code: str, message: str) -> web.Response:
    """An error answer."""
    return answer({"error": {"code": code, "message": message}}, status)


async def body_of(request: web.Request) -> dict[str, Any]:
    """The JSON object in a request's body.

    Raises:
        SandboxError: 400 `INVALID_JSON`.
    """
    raw = await request.read()
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise bad_request("the body is a JSON object", "INVALID_JSON") from error
    if not isinstance(body, dict):
        raise bad_request("the body is a JSON object", "INVALID_JSON")
    return body


def only(body: dict[str, Any], *names: str) -> None:
    """Refuse fields that the call doesn't know, so that a misspelt one isn't ignored.

    Raises:
        SandboxError: 400.
    """
    unknown = sorted(set(body) - set(names))
    if unknown:
        raise bad_request(f"unknown field {unknown[0][:40]}; known: {', '.join(names)}")


def guard(extra_hosts: tuple[str, ...]) -> Middleware:
    """A middleware that lets in the phones' own page and programs, and no other page.

    Another page's requests carry its `Origin`; a page behind a name that was made to resolve to the loopback address
    (DNS rebinding) carries that name in `Host`.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _own_host(request.host, extra_hosts):
            return refusal(403, "HOST_REFUSED", "the control API answers to loopback names only")
        origin = request.headers.get("Origin")
        if origin is not None and origin.lower() != f"http://{request.host.lower()}":
            return refusal(403, "ORIGIN_REFUSED", "the control API isn't for pages of another origin")
        try:
            return await handler(request)
        except SandboxError as error:
            return refusal(error.status, error.code, error.message)
        except web.HTTPException as error:
            return refusal(error.status, error.reason.upper().replace(" ", "_"), f"{request.method}: {error.reason}")
        except Exception:  # noqa: BLE001 - the caller gets a typed answer whatever happens
            _log.exception("sandbox.control_failed")
            return refusal(500, "INTERNAL", "the sandbox failed; its log says why")

    return middleware


def _own_host(host: str, extra: tuple[str, ...]) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name in extra:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
