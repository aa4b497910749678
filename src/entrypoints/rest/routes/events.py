"""Events: a page by cursor, or a stream."""

import re
from contextlib import ExitStack
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from application.events.list_events import ListEventsQuery
from application.events.selection import EventSelection
from application.events.stream_events import StreamEventsQuery
from application.representation.events import event_to_dict
from domain.errors import InvalidArgumentError
from entrypoints.caller import CALLER
from entrypoints.rest.config import API_PREFIX, RestConfig
from entrypoints.rest.event_stream import EVENT_STREAM, EventStreamResponse, OpenStreams
from entrypoints.rest.field_errors import FieldError, field_known_as
from entrypoints.rest.json_codec import JSON, json_response
from entrypoints.rest.models import events as models
from entrypoints.rest.negotiation import negotiate
from entrypoints.rest.problem import InvalidRequestError
from entrypoints.rest.reasons import problems
from entrypoints.use_cases import UseCases

_CURSOR: Final = re.compile(r"[0-9]{1,19}")
_DOCUMENT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A page of events, or with `Accept: text/event-stream` a stream of them: each with its "
        "sequence as `id`, its type as `event` and its envelope as `data`. A reader that is far behind gets "
        "`stream.lag` with `behind` and `head` now and then, and where the stream fails a last `stream.error` with a "
        "problem; both without an `id`. One that takes nothing for a minute is cut off.",
        "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
    },
    406: {
        "description": "- `NOT_ACCEPTABLE`: the Accept header names neither form.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    },
}


class EventRoutes:
    """The routes of events."""

    def __init__(self, use_cases: UseCases, config: RestConfig, streams: OpenStreams) -> None:
        self._use_cases = use_cases
        self._config = config
        self._streams = streams

    def add_to(self, router: APIRouter) -> None:
        """Adds them to a router."""
        router.add_api_route(
            f"{API_PREFIX}/events",
            self.read,
            methods=["GET"],
            operation_id="listEvents",
            tags=["Events"],
            response_model=models.EventList,
            responses=_DOCUMENT
            | problems(
                *("INVALID_REQUEST", "INVALID_CURSOR", "INVALID_SESSION_ID", "UNKNOWN_EVENT_TYPE", "INVALID_PAGE_SIZE"),
                *("CURSOR_EXPIRED", "TOO_MANY_STREAMS"),
            ),
        )

    async def read(
        self,
        query: Annotated[models.EventsQuery, Query()],
        accept: Annotated[str | None, Header(include_in_schema=False)] = None,
        last_event_id: Annotated[
            str | None,
            Header(
                alias="Last-Event-ID",
                description="A stream goes on behind this event. Browsers give it by themselves; it wins.",
            ),
        ] = None,
    ) -> Response:
        """Lists events behind a cursor, or streams them with `Accept: text/event-stream`.

        No event is skipped and none comes twice for who goes on with the cursor. A list without a cursor, or with
        0, starts with the oldest event that is kept, a stream without one with what comes from now on. A cursor
        from before retention gets 410 with the oldest that works. The same stream over a WebSocket is
        `/api/v1/events/ws`.
        """
        selection = EventSelection.parse(session_id=query.session_id, types=query.types)
        after, name = _after(query)
        if negotiate(accept, (JSON, EVENT_STREAM)) == EVENT_STREAM:
            if last_event_id:
                name = "Last-Event-ID"
                after = parse_cursor(last_event_id, name)
            with field_known_as(name, "after"):
                return await self._stream(selection, after)
        with field_known_as(name, "after"):
            page = await self._use_cases.list_events.execute(
                ListEventsQuery(selection=selection, after=after or 0, limit=query.page_size)
            )
        return json_response(
            {"items": [event_to_dict(event) for event in page.items], "next_page_token": str(page.cursor)},
            headers={"Vary": "Accept"},
        )

    async def _stream(self, selection: EventSelection, after: int | None) -> Response:
        with ExitStack() as stack:
            stack.enter_context(self._use_cases.limits.streams.hold(CALLER.get().scope))
            # Awaited before the answer begins: a bad cursor or a database that is away still gets a status of its own.
            events = await self._use_cases.stream_events.execute(StreamEventsQuery(selection=selection, after=after))
            return EventStreamResponse(
                events,
                keep_alive=self._config.keep_alive,
                stall=self._config.stall,
                streams=self._streams,
                until_end=stack.pop_all(),
            )


def _after(query: models.EventsQuery) -> tuple[int | None, str]:
    """The cursor, and under which name it was given."""
    given = {name: value for name in ("after", "page_token") if (value := getattr(query, name)) is not None}
    if len(set(given.values())) > 1:
        raise InvalidRequestError([FieldError("page_token", "Give a cursor as 'after' or as 'page_token', not two.")])
    return next(((parse_cursor(value, name), name) for name, value in given.items()), (None, "after"))


def parse_cursor(text: str, field: str) -> int:
    """The number that a caller gave.

    Raises:
        InvalidArgumentError: ``INVALID_CURSOR``.
    """
    if not _CURSOR.fullmatch(text):
        raise InvalidArgumentError("INVALID_CURSOR", "A cursor is the sequence of an event.", field=field)
    return int(text)
