"""WebSockets as uvicorn speaks them, with refusals in the form of all other errors, and an end for who doesn't read."""

import logging
from http import HTTPStatus
from typing import Any, Final, override

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import MAX_LINE_LENGTH, MAX_NUM_HEADERS, Request, Response
from websockets.server import ServerProtocol

from entrypoints.rest.http_protocol import HEAD_TOO_LARGE
from entrypoints.rest.json_codec import to_json
from entrypoints.rest.problem import INTERNAL, PROBLEM_JSON, UPGRADE_REQUIRED, InvalidRequestError, Problem
from entrypoints.rest.security_headers import security_headers

FORCE_CLOSE: Final = "pombo.force_close"
"""The key in the ASGI scope's extensions: closes with a code and a reason though nothing can be sent."""

_LINGER_SECONDS: Final = 10.0
"""How long one who was too slow, or has closed, still has to read what was sent."""
_NO_HANDSHAKE: Final = Problem(
    status=HTTPStatus.BAD_REQUEST,
    title="Invalid request",
    reason=InvalidRequestError(()).reason,
    detail="This isn't the opening of a WebSocket (RFC 6455).",
)
_LINE_TOO_LONG: Final = Problem(
    status=HEAD_TOO_LARGE.status,
    title=HEAD_TOO_LARGE.title,
    reason=HEAD_TOO_LARGE.reason,
    detail=f"The opening of a WebSocket has at most {MAX_NUM_HEADERS} headers and lines of {MAX_LINE_LENGTH} bytes.",
    metadata={"limit_bytes": str(MAX_LINE_LENGTH)},
)
_PROBLEMS: Final = {
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: _LINE_TOO_LONG,
    HTTPStatus.REQUEST_URI_TOO_LONG: _LINE_TOO_LONG,
    HTTPStatus.UPGRADE_REQUIRED: UPGRADE_REQUIRED,
    HTTPStatus.INTERNAL_SERVER_ERROR: INTERNAL,
}

# uvicorn's own line for each connection has the query and the caller's address; ours is the request's.
_log: Final = logging.getLogger("pombo.websocket")
_log.setLevel(logging.WARNING)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One connection, from its upgrade on."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.logger = _log
        self.conn = _Handshake(over_tls=self.config.is_ssl, max_size=self.config.ws_max_size, logger=_log)

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            # What couldn't be read as a request at all isn't told to uvicorn.
            unsent = b"".join(self.conn.data_to_send())
            self.transport.write(unsent or self.conn.reject(HTTPStatus.BAD_REQUEST, "").serialize())
            self.transport.close()
        if self.transport.is_closing() and not self.disconnected and self.close_timer is None:
            # It closes when all is read, which may be never.
            self.close_timer = self.loop.call_later(_LINGER_SECONDS, self.transport.abort)

    @override
    def handle_ping(self) -> None:
        pongs = b"".join(self.conn.data_to_send())
        # Who reads nothing isn't answered: a later ping's pong stands for all before it (RFC 6455, 5.5.3).
        if self.writable.is_set():
            self.transport.write(pongs)

    @override
    def handle_cont(self, event: Frame) -> None:
        # Empty pieces count nothing towards a message's size, and there may be any number of them.
        if event.data or event.fin:
            super().handle_cont(event)

    @override
    async def send(self, message: Any) -> None:
        await super().send(message)
        # uvicorn takes a refusal for a handshake that the application forgot, and says so as an error.
        self.handshake_complete = self.handshake_complete or self.close_sent

    @override
    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["extensions"][FORCE_CLOSE] = self.force_close  # type: ignore[assignment]  # uvicorn's own are empty

    def force_close(self, code: int, reason: str) -> None:
        """Puts the end behind what waits to be read, and breaks off when that isn't read in time either."""
        if self.close_sent or self.transport.is_closing():
            return
        self.stop_keepalive()
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(_LINGER_SECONDS, self.transport.abort)


class _Handshake(ServerProtocol):
    """Refuses with a problem instead of a line of text."""

    def __init__(self, *, over_tls: bool, **options: Any) -> None:
        super().__init__(**options)
        self._over_tls = over_tls

    @override
    def reject(self, status: Any, text: str) -> Response:
        problem = _PROBLEMS.get(HTTPStatus(status), _NO_HANDSHAKE)
        response = super().reject(problem.status, to_json(problem.to_dict(None)).decode())
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = PROBLEM_JSON
        for name, value in security_headers(over_tls=self._over_tls):
            response.headers[name] = value
        return response
