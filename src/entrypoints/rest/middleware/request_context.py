"""The outermost layer: a request's id, its log line, the headers of every answer, and the last line of defence."""

import os
import re
import time
from http import HTTPStatus
from typing import Final

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from application.observability import catalogue
from application.observability.instruments import NO_INSTRUMENTS, Instruments
from application.ports.tracer import Span, SpanKind
from entrypoints.log_context import note_session
from entrypoints.rest.problem import INTERNAL, REASON, REQUEST_ID
from entrypoints.rest.security_headers import as_bytes, security_headers

_VALID_ID: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_NAME: Final = b"x-request-id"
_TRACE: Final = b"traceparent"
_QUIET: Final = ("/health/", "/docs", "/metrics")
_UNMATCHED: Final = "unmatched"
_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "WEBSOCKET"})
_SERVER_ERROR: Final = 500
_INTERNAL_ERROR: Final = 1011
"""A WebSocket's close code."""

_HEADERS: Final = {over_tls: as_bytes(security_headers(over_tls=over_tls)) for over_tls in (False, True)}
_SECURE: Final = frozenset({"https", "wss"})


class RequestContextMiddleware:
    """Gives each request an id, binds it to the log's context, and logs how the request ended.

    The log names the route's template, never the path, which may hold an id, nor the query. An exception that
    nobody handled becomes a 500 that tells nothing but the request's id. A span goes on with the caller's trace.
    """

    def __init__(self, app: ASGIApp, instruments: Instruments = NO_INSTRUMENTS) -> None:
        self._app = app
        self._instruments = instruments
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
        with self._instruments.tracer.span(
            "request", kind=SpanKind.SERVER, parent=_header(scope, _TRACE), request_id=request_id
        ) as span:
            answer = _Answer(send, request_id, over_tls=scope.get("scheme") in _SECURE)
            await self._answer(scope, receive, answer, span)

    async def _answer(self, scope: Scope, receive: Receive, answer: "_Answer", span: Span) -> None:
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
                await answer.send({"type": "websocket.close", "code": _INTERNAL_ERROR, "reason": INTERNAL.reason})
        finally:
            self._tell(scope, answer.status, time.perf_counter() - started, span)

    def _tell(self, scope: Scope, status: int | None, seconds: float, span: Span) -> None:
        method, route = scope.get("method", "WEBSOCKET"), getattr(scope.get("route"), "path", None)
        session_id = scope.get("path_params", {}).get("session_id")
        if session_id is not None:
            note_session(session_id)
        # A caller must not be able to make labels: names of routes and usual methods alone.
        name = _UNMATCHED if route is None else f"{method if method in _METHODS else 'OTHER'} {route}"
        self._measure(name, status, seconds, span, scope.get(REASON))
        quiet = scope["path"].startswith(_QUIET)
        level = self._log.warning if status and status >= _SERVER_ERROR else self._log.info
        (self._log.debug if quiet else level)(
            "rest.request",
            method=method,
            route=route,
            status=status,
            reason=scope.get(REASON),
            duration_ms=round(seconds * 1000, 2),
        )

    def _measure(self, name: str, status: int | None, seconds: float, span: Span, reason: str | None) -> None:
        word = "aborted" if status is None else str(status)
        self._instruments.metrics.observe(catalogue.REQUESTS, seconds, "rest", name, word)
        span.rename(name)
        span.note("status", word)
        if status is not None and status >= _SERVER_ERROR:
            span.fail(reason or word)


class _Answer:
    """Notes the answer's status and completes its headers."""

    def __init__(self, send: Send, request_id: str, *, over_tls: bool) -> None:
        self._send = send
        self._headers = _HEADERS[over_tls]
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
            headers += (header for header in self._headers if header[0] not in names)
            headers.append((_NAME, self._request_id))
            message["headers"] = headers
        await self._send(message)


def _header(scope: Scope, wanted: bytes) -> str | None:
    for name, value in scope["headers"]:
        if name == wanted:
            text: bytes = value
            return text.decode("latin-1")
    return None


def _request_id(scope: Scope) -> str:
    """The caller's own id where it is a decent one, else a new one."""
    for name, value in scope["headers"]:
        if name == _NAME and _VALID_ID.fullmatch(value):
            given: bytes = value
            return given.decode("ascii")
    return os.urandom(16).hex()
