"""HTTP/1.1 as uvicorn speaks it, with a bounded head and with errors in the form of all others."""

import asyncio
from http import HTTPStatus
from typing import Any, Final, override

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from entrypoints.rest.json_codec import to_json
from entrypoints.rest.problem import PROBLEM_JSON, REQUEST_TOO_SLOW, InvalidRequestError, Problem
from entrypoints.rest.security_headers import security_headers

MAX_HEAD: Final = 65_536
"""Bytes of a request's line and headers, as most servers bound them. A read that goes a bit beyond still passes."""

_NOT_HTTP: Final = Problem(
    status=HTTPStatus.BAD_REQUEST,
    title="Invalid request",
    reason=InvalidRequestError(()).reason,
    detail="This isn't an HTTP/1.1 request.",
)
HEAD_TOO_LARGE: Final = Problem(
    status=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    title="Too large",
    reason="HEADERS_TOO_LARGE",
    detail=f"A request's line and headers have at most {MAX_HEAD} bytes.",
    metadata={"limit_bytes": str(MAX_HEAD)},
)
_TOO_MANY: Final = Problem(
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    title="Unavailable",
    reason="TOO_MANY_CONNECTIONS",
    detail="As many connections are open as the gateway takes; come back in a moment.",
)

HEALTH: Final = frozenset({"/health/live", "/health/ready"})
"""What asks for no key, and has connections in reserve: who asks ends a process that doesn't answer."""

ABORT: Final = "pombo.abort"
"""The key in the ASGI scope's extensions: breaks the connection off, and with it what waits to be read."""
ADMITTED: Final = "pombo.admitted"
"""Another: tells the connection that a request of it had a good key."""


class HttpProtocol(HttpToolsProtocol):
    """One connection.

    The parser keeps an unfinished header whatever its length, before anybody is asked for a key. So what is read is
    counted from the last piece of a body or end of a request on: heads, trailers and chunk extensions alike. And a head
    must be whole in time, from the connection's first moment or the head's first byte on, as must what is left of a
    body that was answered before its end; a connection that waits for its next request is uvicorn's own to close.

    Where as many are open as may be, one that has no request under way makes room for the next: first those of which
    nobody has shown a key, the longest silent ahead. So who holds connections without a key keeps nobody away. Where
    requests are under way on all of them, a few more are taken that are asked for health alone, once each.
    """

    head_within = 20.0
    """Seconds for a head."""
    rest_within = 60.0
    """Seconds for what is left of a body, which is read and dropped."""
    most: int | None = None
    """How many connections may be open; None is no limit."""
    reserved = 8
    """How many more may be, to be asked for health."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._unfinished = 0
        self._got_on = False
        self._in_request = False
        self._awaited: asyncio.TimerHandle | None = None
        self._is_admitted = False
        self._is_reserved = False
        self._idle_since = self.loop.time()

    @override
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if self.most is not None and len(self.connections) > self.most and not self._find_place(self.most):
            self._refuse(_TOO_MANY)
            transport.close()
            return
        self._expect(self.head_within)

    def _find_place(self, most: int) -> bool:
        if self._make_room(most, reserved=False):
            return True
        if not self._make_room(self.reserved, reserved=True):
            return False
        self._is_reserved, self.app = True, _HealthAlone(self.app)
        return True

    def _make_room(self, most: int, *, reserved: bool) -> bool:
        """Whether there is a place beside the others of a kind, of which one that has nothing to do makes room."""
        others = [
            other
            for other in self.connections - {self}
            if not _is_closing(other) and getattr(other, "_is_reserved", False) is reserved
        ]
        if len(others) < most:
            return True
        idle = [other for other in others if isinstance(other, HttpProtocol) and other.is_idle]
        if idle:
            min(idle, key=HttpProtocol.worth).transport.close()
        return bool(idle)

    @property
    def is_idle(self) -> bool:
        """Whether no answer is under way."""
        return self._is_answered and self.transport.get_write_buffer_size() == 0

    def worth(self) -> tuple[bool, float]:
        """The less, the sooner it makes room."""
        return self._is_admitted, self._idle_since

    @property
    def _is_answered(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _admit(self) -> None:
        self._is_admitted = True

    @override
    def on_response_complete(self) -> None:
        self._idle_since = self.loop.time()
        super().on_response_complete()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._have()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        self._got_on = False
        super().data_received(data)
        if self.transport.get_protocol() is not self:
            self._have()
            return  # upgraded: what comes now is another's
        self._unfinished = 0 if self._got_on else self._unfinished + len(data)
        is_answered = self._is_answered
        if self._unfinished > MAX_HEAD and not self.transport.is_closing():
            if is_answered:
                self._refuse(HEAD_TOO_LARGE)
            # An answer under way can't be followed by another: breaking off is all that is left.
            self.transport.close()
        elif is_answered and self._in_request:
            self._expect(self.rest_within)
        elif is_answered and self._unfinished:
            self._expect(self.head_within)

    @override
    def handle_websocket_upgrade(self) -> None:
        if self._is_reserved:
            self._refuse(_TOO_MANY)
            self.transport.close()
        else:
            super().handle_websocket_upgrade()

    @override
    def on_headers_complete(self) -> None:
        self._have()
        self._in_request = True
        super().on_headers_complete()

    def _expect(self, seconds: float) -> None:
        if self._awaited is None:
            self._awaited = self.loop.call_later(seconds, self._give_up)

    def _have(self) -> None:
        if self._awaited is not None:
            self._awaited.cancel()
            self._awaited = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            # Who has said nothing at all isn't answered: a connection opened ahead may wait for its first request.
            if self._unfinished and not self._in_request:
                self._refuse(REQUEST_TOO_SLOW)
            self.transport.close()

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {  # uvicorn's own are empty
            ABORT: self.transport.abort,  # type: ignore[dict-item]
            ADMITTED: self._admit,  # type: ignore[dict-item]
        }

    @override
    def on_body(self, body: bytes) -> None:
        self._got_on = True
        super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        self._got_on = True
        self._in_request = False
        self._have()
        super().on_message_complete()

    @override
    def send_400_response(self, msg: str) -> None:
        self._refuse(_NOT_HTTP)
        self.transport.close()

    def _refuse(self, problem: Problem) -> None:
        body = to_json(problem.to_dict(None))
        status = HTTPStatus(problem.status)
        fields = security_headers(over_tls=self.config.is_ssl)
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            f"content-type: {PROBLEM_JSON}\r\n"
            f"content-length: {len(body)}\r\n"
            f"{''.join(f'{name}: {value}\r\n' for name, value in fields)}"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)


class _HealthAlone:
    """What a connection in reserve is asked: health, and then it is closed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def close(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        if scope["path"] in HEALTH:
            await self._app(scope, receive, close)
        else:
            await _TOO_MANY.response(scope)(scope, receive, close)


def _is_closing(connection: Any) -> bool:
    transport: asyncio.Transport = connection.transport
    return transport.is_closing()
