"""The outermost layer: a request's id, its log line, the headers of every answer, and the last line of defence."""

import os
import re
import time
from http import HTTPStatus
from typing import Final

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.rest.problem import INTERNAL, REASON, REQUEST_ID

_VALID_ID: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_NAME: Final = b"x-request-id"
_QUIET: Final = ("/health/", "/docs")
_SERVER_ERROR: Final = 500
_INTERNAL_ERROR: Final = 1011
"""A WebSocket's close code."""

_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
_DEFAULTS: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)


class RequestContextMiddleware:
    """Gives each request an id, binds it to the log's context, and logs how the request ended.

    The log names the route's template, never the path, which may hold an id, nor the query. An exception that
    nobody handled becomes a 500 that tells nothing but the request's id.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = structlog.get_logger(__name__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope[REQUEST_ID] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        answer = _Answer(send, request_id)
        started = time.perf_counter()
        try:
            await self._app(scope, receive, answer.send)
        except ClientDisconnect:
            self._log.debug("rest.client_left")
        except Exception:  # noqa: BLE001 - a fault of ours must not reach the caller in its own words
            self._log.exception("rest.request_failed")
            # Where the answer has begun, the server breaks the connection off, which the caller notices.
            if answer.status is None:
                await INTERNAL.response(scope)(scope, receive, answer.send)
            elif answer.status == HTTPStatus.SWITCHING_PROTOCOLS:
                await send({"type": "websocket.close", "code": _INTERNAL_ERROR, "reason": INTERNAL.reason})
        finally:
            self._tell(scope, answer.status, time.perf_counter() - started)

    def _tell(self, scope: Scope, status: int | None, seconds: float) -> None:
        quiet = scope["path"].startswith(_QUIET)
        level = self._log.warning if status and status >= _SERVER_ERROR else self._log.info
        (self._log.debug if quiet else level)(
            "rest.request",
            method=scope.get("method", "WEBSOCKET"),
            route=getattr(scope.get("route"), "path", None),
            status=status,
            reason=scope.get(REASON),
            duration_ms=round(seconds * 1000, 2),
        )


class _Answer:
    """Notes the answer's status and completes its headers."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id.encode()
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        """Passes a message on."""
        if message["type"] == "websocket.accept":
            self.status = HTTPStatus.SWITCHING_PROTOCOLS.value
            message["headers"] = [*message.get("headers", ()), (_NAME, self._request_id)]
        elif message["type"] in {"http.response.start", "websocket.http.response.start"}:
            self.status = message["status"]
            headers = list(message.get("headers", ()))
            names = {name for name, _ in headers}
            headers += (header for header in _DEFAULTS if header[0] not in names)
            headers += (_NOSNIFF, (_NAME, self._request_id))
            message["headers"] = headers
        await self._send(message)


def _request_id(scope: Scope) -> str:
    """The caller's own id where it is a decent one, else a new one."""
    for name, value in scope["headers"]:
        if name == _NAME and _VALID_ID.fullmatch(value):
            given: bytes = value
            return given.decode("ascii")
    return os.urandom(16).hex()
