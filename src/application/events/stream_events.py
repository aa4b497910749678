"""Stream events as they come."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from application.events.feed import EventFeed
from application.events.list_events import check_cursor
from application.events.selection import EventSelection
from application.ports.event_log import EventLog
from domain.event import Event

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEventsQuery:
    """``after`` None starts with what comes from now on."""

    selection: EventSelection
    after: int | None = None


class StreamEvents:
    """Follows the log: what is behind the cursor first, then what comes, each event once, in order."""

    def __init__(self, log: EventLog, feed: EventFeed) -> None:
        self._log = log
        self._feed = feed

    async def execute(self, query: StreamEventsQuery) -> AsyncIterator[Event]:
        """Checks the query, then gives the stream. It ends only when the reader leaves.

        Raises:
            InvalidArgumentError: ``INVALID_CURSOR``.
            UnavailableError: ``DATABASE_UNAVAILABLE``, here or from the stream.
        """
        head = await self._log.settle()
        if query.after is None:
            return self._follow(query.selection, head)
        await check_cursor(self._log, query.after)
        return self._follow(query.selection, query.after)

    async def _follow(self, selection: EventSelection, cursor: int) -> AsyncIterator[Event]:
        while True:
            head = await self._feed.wait_beyond(cursor)
            events = await self._log.read(
                after=cursor, limit=_BATCH, session_id=selection.session_id, types=selection.types
            )
            for event in events:
                yield event
            # A short batch means that everything up to the head has been looked at, wanted or not.
            cursor = events[-1].sequence if len(events) == _BATCH else max(head, events[-1].sequence if events else 0)
