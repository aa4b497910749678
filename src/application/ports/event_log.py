"""The event log: append-only, ordered, read by cursor."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Protocol

from domain.event import Event, NewEvent
from domain.ids import SessionId


class EventAppender(Protocol):
    """The log's writing side. Part of a unit of work: events appear when it commits."""

    @abstractmethod
    async def append(self, events: Sequence[NewEvent]) -> None:
        """Appends events in the given order."""


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
    async def read(
        self, *, after: int, limit: int, session_id: SessionId | None = None, types: Collection[str] = ()
    ) -> Sequence[Event]:
        """Events behind a cursor, in order; all types when none is named."""
