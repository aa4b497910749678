"""List events by cursor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from application.events.cursors import check_cursor
from application.events.selection import EventSelection
from application.ports.event_log import EventLog
from domain.errors import InvalidArgumentError
from domain.event import Event

MAX_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEventsQuery:
    """``after`` is the sequence of the last event that was read; 0 starts with the oldest that is kept."""

    selection: EventSelection
    after: int = 0
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Events in order. ``cursor`` is what to ask with next.

    Everything up to it has been looked at: who reads few types doesn't have the others looked through each time.
    """

    items: Sequence[Event]
    cursor: int


class ListEvents:
    """Reads a page of the log."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def execute(self, query: ListEventsQuery) -> EventPage:
        """Reads.

        Raises:
            InvalidArgumentError: ``INVALID_PAGE_SIZE``, ``INVALID_CURSOR``, ``UNKNOWN_EVENT_TYPE``.
            GoneError: ``CURSOR_EXPIRED``.
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """
        if not 1 <= query.limit <= MAX_PAGE:
            raise InvalidArgumentError("INVALID_PAGE_SIZE", f"A page has 1 to {MAX_PAGE} items.", field="page_size")
        check_cursor(query.after, await self._log.settle())
        batch = await self._log.scan(
            after=query.after or None,
            limit=query.limit,
            session_id=query.selection.session_id,
            types=query.selection.types,
        )
        return EventPage(items=batch.events, cursor=batch.cursor)
