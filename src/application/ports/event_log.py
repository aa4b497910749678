"""The event log: append-only, ordered, read by cursor."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from domain.event import Event, NewEvent
from domain.ids import EventId, SessionId


class EventAppender(Protocol):
    """The log's writing side. Part of a unit of work: events appear when it commits."""

    @abstractmethod
    async def append(self, events: Sequence[NewEvent]) -> None:
        """Appends events in the given order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBatch:
    """What one look at the log found, all as of one moment.

    Attributes:
        events: those that were wanted, in order.
        cursor: everything up to here has been looked at, wanted or not; what to go on with.
        head: the log's head.
    """

    events: Sequence[Event]
    cursor: int
    head: int


class EventLog(Protocol):
    """The log's reading side.

    A cursor is the sequence of the last event that was read; 0 is before the first. Once an event can be
    read, no event with a lower sequence will ever appear.
    """

    @abstractmethod
    async def settle(self) -> int:
        """Gives every committed event its sequence, and returns the log's head. Events can be read after this.

        Safe to call from several processes at once.
        """

    @abstractmethod
    async def head(self) -> int:
        """The highest sequence that can be read; 0 when the log is empty."""

    @abstractmethod
    async def oldest(self) -> int:
        """The oldest cursor that works: the sequence of the last event that retention has removed; 0 when none was."""

    @abstractmethod
    async def scan(
        self,
        *,
        after: int | None,
        limit: int,
        session_id: SessionId | None = None,
        types: Collection[str] = (),
        among: Collection[SessionId] | None = None,
    ) -> EventBatch:
        """Looks for events behind a cursor; all types when none is named.

        Args:
            after: the cursor; None starts with the oldest event that is kept.
            limit: at most so many events. With fewer, the batch's cursor is the head.
            session_id: only this session's.
            types: only these types.
            among: only these sessions', and none that belongs to no session; None: all.

        Raises:
            GoneError: ``CURSOR_EXPIRED``: an event behind the cursor has been removed.
        """

    async def read(
        self, *, after: int, limit: int, session_id: SessionId | None = None, types: Collection[str] = ()
    ) -> Sequence[Event]:
        """The events of a ``scan``."""
        return (await self.scan(after=after, limit=limit, session_id=session_id, types=types)).events

    @abstractmethod
    async def prune(self, *, now: datetime, keep: timedelta, needed_from: int | None, limit: int) -> int:
        """Removes the oldest events for good, as a rule those that are older than ``keep``, and returns how many.

        Only ever from the old end: an event stays while one before it stays. Writers and settlers don't wait for
        this. A store with a clock of its own takes the earlier time of the two, so that one clock that runs ahead
        removes nothing. Returns 0 while another process is at it.

        Args:
            now: this process's time.
            keep: the age from which an event may go.
            needed_from: the sequence of the oldest event that somebody still needs: from it on nothing is removed.
            limit: at most so many.
        """

    @abstractmethod
    async def find(self, event_id: EventId) -> Event | None:
        """One event that can be read, by its id."""

    @abstractmethod
    async def before(self, time: datetime) -> int:
        """The cursor behind which every event of this time or later is; the head when there is none."""
