"""Events over a WebSocket: checked like a request before the upgrade, then a stream."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import ValidationError
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send

from application.events.selection import EventSelection
from application.events.stream_events import StreamEventsQuery, StreamItem
from domain.errors import ErrorKind, PomboError
from entrypoints.caller import CALLER
from entrypoints.rest.config import API_PREFIX, RestConfig
from entrypoints.rest.event_socket import MAX_FRAME, EventSocket
from entrypoints.rest.event_stream import OpenStreams
from entrypoints.rest.field_errors import field_errors
from entrypoints.rest.models import events as models
from entrypoints.rest.problem import INTERNAL, UPGRADE_REQUIRED, InvalidRequestError, OriginNotAllowedError, Problem
from entrypoints.rest.reasons import problems
from entrypoints.rest.routes.events import parse_cursor
from entrypoints.use_cases import UseCases

PATH: Final = f"{API_PREFIX}/events/ws"
_DOCUMENT: Final[dict[int | str, dict[str, Any]]] = {
    101: {
        "description": "A WebSocket. Each text frame is one event in its envelope, as in the list; or "
        '`{"type": "stream.lag", "behind": …, "head": …}`; or, last, `{"type": "stream.error", "error": …}` with a '
        f"problem. Messages of the client aren't looked at; one over {MAX_FRAME:,} bytes ends with 1009. The gateway "
        "ends with 1012 (it restarts), 4001 (the key has ended: `API_KEY_REVOKED`, say), 4008 "
        "(`CONSUMER_TOO_SLOW`), 4010 (`CURSOR_EXPIRED`), 1013 (a part is away) or "
        "1011 (a fault of its own).",
    },
    426: {
        "description": "- `UPGRADE_REQUIRED`: the request doesn't open a WebSocket.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    },
}


class EventSocketRoutes:
    """The WebSocket, and what plain HTTP gets at its address."""

    def __init__(self, use_cases: UseCases, config: RestConfig, streams: OpenStreams) -> None:
        self._use_cases = use_cases
        self._config = config
        self._streams = streams
        self.path = PATH
        """What the request's log line calls it."""

    def add_to(self, router: APIRouter) -> None:
        """Adds them to a router."""
        router.routes.append(WebSocketRoute(PATH, self, name="streamEventsOverWebSocket"))
        router.add_api_route(
            PATH,
            self.refuse,
            methods=["GET"],
            operation_id="streamEventsOverWebSocket",
            tags=["Events"],
            status_code=101,
            response_model=None,
            responses=_DOCUMENT
            | problems(
                *("INVALID_REQUEST", "INVALID_CURSOR", "INVALID_SESSION_ID", "UNKNOWN_EVENT_TYPE"),
                *("CURSOR_EXPIRED", "ORIGIN_NOT_ALLOWED", "TOO_MANY_STREAMS"),
            ),
        )

    async def refuse(self, request: Request, _query: Annotated[models.EventSocketQuery, Query()]) -> Response:
        """Opens a WebSocket (RFC 6455) that sends events as they come.

        The key comes in a header, as ever. Without `after` it starts with what comes from now on. A request that
        isn't accepted is answered before the upgrade, with a status and a problem as everywhere. Web pages may
        connect only from the origins in `POMBO_CORS_ORIGINS`.
        """
        return UPGRADE_REQUIRED.response(request.scope)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one opening."""
        scope["route"] = self
        await receive()  # websocket.connect
        with ExitStack() as stack:
            try:
                stack.enter_context(self._use_cases.limits.streams.hold(CALLER.get().scope))
                events = await self._events(scope)
            except PomboError as error:
                problem = INTERNAL if error.kind is ErrorKind.INTERNAL else Problem.of(error)
                await problem.response(scope)(scope, receive, send)
                return
            await EventSocket(events, stall=self._config.stall, streams=self._streams).serve(scope, receive, send)

    async def _events(self, scope: Scope) -> AsyncIterator[StreamItem]:
        self._check_origin(scope)
        query = _parse(scope)
        after = None if query.after is None else parse_cursor(query.after, "after")
        selection = EventSelection.parse(session_id=query.session_id, types=query.types)
        return await self._use_cases.stream_events.execute(StreamEventsQuery(selection=selection, after=after))

    def _check_origin(self, scope: Scope) -> None:
        # Programs send no Origin; browsers always do, and ask no preflight before a WebSocket.
        allowed = self._config.cors_origins
        for name, value in scope["headers"]:
            if name == b"origin" and "*" not in allowed and value.decode("latin-1") not in allowed:
                raise OriginNotAllowedError


def _parse(scope: Scope) -> models.EventSocketQuery:
    given = QueryParams(scope["query_string"])
    try:
        return models.EventSocketQuery.model_validate(dict(given))
    except ValidationError as error:
        raise InvalidRequestError(field_errors(error.errors())) from error
