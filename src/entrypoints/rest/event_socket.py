"""Events over a WebSocket (RFC 6455)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from starlette.types import Receive, Scope, Send

from application.events.stream_events import StreamItem, StreamLag
from application.representation.events import event_to_dict
from domain.errors import ErrorKind, PomboError
from entrypoints.rest.event_stream import OpenStreams, error_to_dict, lag_to_dict
from entrypoints.rest.json_codec import to_json
from entrypoints.rest.problem import REQUEST_ID
from entrypoints.rest.websocket_protocol import FORCE_CLOSE

MAX_FRAME: Final = 4_096
"""Bytes of a message from the client. Nothing that it sends is looked at."""

SERVICE_RESTART: Final = 1012
_INTERNAL_ERROR: Final = 1011
_TRY_AGAIN: Final = 1013
UNAUTHENTICATED: Final = 4001
NOT_ALLOWED: Final = 4003
TOO_SLOW: Final = 4008
EXPIRED: Final = 4010
_CODES: Final = {
    ErrorKind.UNAUTHENTICATED: UNAUTHENTICATED,
    ErrorKind.PERMISSION_DENIED: NOT_ALLOWED,
    ErrorKind.GONE: EXPIRED,
    ErrorKind.INTERNAL: _INTERNAL_ERROR,
}


@dataclass(frozen=True, slots=True)
class _Ending:
    """Why the gateway ends a connection; the client sees both."""

    code: int
    reason: str


class EventSocket:
    """One connection: each text frame is an event in its envelope, or a notice of the stream's own."""

    def __init__(self, events: AsyncIterator[StreamItem], *, stall: timedelta, streams: OpenStreams) -> None:
        self._events = events
        self._stall = stall.total_seconds()
        self._streams = streams

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Accepts, and sends until the reader leaves, is too slow, the server stops or the log fails."""
        await send({"type": "websocket.accept"})
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(self._send_events(scope, send))
            stopping = tasks.create_task(self._streams.closing())
            leaving = tasks.create_task(_left(receive))
            await asyncio.wait({sending, stopping, leaving}, return_when=asyncio.FIRST_COMPLETED)
            for task in (sending, stopping, leaving):
                task.cancel()
        if leaving.done() and not leaving.cancelled():
            return
        ending = _Ending(SERVICE_RESTART, "SERVER_STOPPING") if sending.cancelled() else sending.result()
        if ending is not None:
            await self._close(ending, scope, send)

    async def _send_events(self, scope: Scope, send: Send) -> _Ending | None:
        """Gives why the gateway ends it; None when the reader has."""
        try:
            async for item in self._events:
                await self._send(_item(item), send)
        except TimeoutError:
            structlog.get_logger(__name__).warning("rest.consumer_too_slow", stalled_seconds=self._stall)
            return _Ending(TOO_SLOW, "CONSUMER_TOO_SLOW")
        except PomboError as error:
            structlog.get_logger(__name__).warning("rest.stream_broken", reason=error.reason)
            problem = error_to_dict(error, scope.get(REQUEST_ID))
            with suppress(OSError):  # a TimeoutError among them: the close code says it, too
                await self._send({"type": "stream.error", "error": problem}, send)
            return _Ending(_CODES.get(error.kind, _TRY_AGAIN), problem["reason"])
        except OSError:
            return None  # how ASGI servers say that the reader left while this was on its way
        finally:
            if isinstance(self._events, AsyncGenerator):
                await self._events.aclose()
        return _Ending(SERVICE_RESTART, "SERVER_STOPPING")

    async def _send(self, frame: dict[str, Any], send: Send) -> None:
        async with asyncio.timeout(self._stall):
            await send({"type": "websocket.send", "text": to_json(frame).decode()})

    async def _close(self, ending: _Ending, scope: Scope, send: Send) -> None:
        force = scope.get("extensions", {}).get(FORCE_CLOSE)
        if force is not None:
            # Whatever ends it, one who doesn't read mustn't hold it up.
            force(ending.code, ending.reason)
        else:
            await send({"type": "websocket.close", "code": ending.code, "reason": ending.reason})


def _item(item: StreamItem) -> dict[str, Any]:
    return {"type": "stream.lag", **lag_to_dict(item)} if isinstance(item, StreamLag) else event_to_dict(item)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass
