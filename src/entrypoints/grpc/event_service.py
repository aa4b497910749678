"""EventService: see proto/pombo/v1/event_service.proto."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, Final, override

import grpc.aio

from application.events.list_events import ListEventsQuery
from application.events.selection import EventSelection
from application.events.stream_events import StreamEventsQuery, StreamLag
from entrypoints.grpc.converters.events import event_to_proto
from entrypoints.grpc.gen.pombo.v1 import event_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.event_service_pb2_grpc import EventServiceServicer
from entrypoints.grpc.stopping import Stopping
from entrypoints.use_cases import UseCases

type Context = grpc.aio.ServicerContext[Any, Any]

_DEFAULT_PAGE: Final = 100


class EventService(EventServiceServicer):
    """The event log over gRPC."""

    def __init__(self, use_cases: UseCases, stopping: Stopping) -> None:
        self._use_cases = use_cases
        self._stopping = stopping

    @override
    async def ListEvents(self, request: pb.ListEventsRequest, context: Context) -> pb.ListEventsResponse:
        query = ListEventsQuery(
            selection=_selection(request), after=request.after, limit=request.page_size or _DEFAULT_PAGE
        )
        page = await self._use_cases.list_events.execute(query)
        return pb.ListEventsResponse(events=[event_to_proto(event) for event in page.items], cursor=page.cursor)

    @override
    async def StreamEvents(
        self, request: pb.StreamEventsRequest, context: Context
    ) -> AsyncIterator[pb.StreamEventsResponse]:
        after = request.after if request.HasField("after") else None
        events = await self._use_cases.stream_events.execute(
            StreamEventsQuery(selection=_selection(request), after=after)
        )
        # The first event may be long in coming: this tells the caller that nothing from here on is missed.
        await context.send_initial_metadata(())
        async with aclosing(self._stopping.follow(events)) as following:
            lag = None
            async for item in following:
                # Beside an event, never alone: who doesn't know of notices would take it for an event of zeros.
                if isinstance(item, StreamLag):
                    lag = pb.StreamLag(behind=item.behind, head=item.head)
                else:
                    yield pb.StreamEventsResponse(event=event_to_proto(item), lag=lag)
                    lag = None


def _selection(request: pb.ListEventsRequest | pb.StreamEventsRequest) -> EventSelection:
    return EventSelection.parse(session_id=request.session_id or None, types=",".join(request.types))
