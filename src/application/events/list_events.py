"""List events by cursor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from application.events.selection import EventSelection
from application.ports.event_log import EventLog
from domain.errors import InvalidArgumentError
from domain.event import Event

MAX_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEventsQuery:
    """``after`` is the sequence of the last event that was read; 0 starts at the beginning."""

    selection: EventSelection
    after: int = 0
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Events in order. ``cursor`` is what to ask with next; the same as before when nothing was found."""

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
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """
        if not 1 <= query.limit <= MAX_PAGE:
            raise InvalidArgumentError("INVALID_PAGE_SIZE", f"A page has 1 to {MAX_PAGE} items.", field="page_size")
        await self._log.settle()
        await check_cursor(self._log, query.after)
        items = await self._log.read(
            after=query.after,
            limit=query.limit,
            session_id=query.selection.session_id,
            types=query.selection.types,
        )
        return EventPage(items=items, cursor=items[-1].sequence if items else query.after)


async def check_cursor(log: EventLog, cursor: int) -> None:
    """Refuses a cursor that no reader of this log can have got.

    Raises:
        InvalidArgumentError: ``INVALID_CURSOR``.
    """
    if cursor < 0 or cursor > await log.head():
        raise InvalidArgumentError(
            "INVALID_CURSOR",
            "This cursor is beyond the end of the log: it is from another installation, or mistyped.",
            field="after",
        )
