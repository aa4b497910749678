"""Stream events as they come."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.access.stream_access import StreamAccess
from application.events.cursors import check_cursor, check_kept
from application.events.feed import EventFeed
from application.events.selection import EventSelection
from application.ports.event_log import EventBatch, EventLog
from domain.event import Event

_BATCH: Final = 200
"""What one reader holds in memory at most: it is read further only when these are gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEventsQuery:
    """``after`` None starts with what comes from now on, 0 with the oldest event that is kept."""

    selection: EventSelection
    after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLag:
    """Tells a reader that it is far behind.

    Attributes:
        behind: how many events the log has behind what the reader was given, wanted or not.
        head: the log's head.
    """

    behind: int
    head: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LagPolicy:
    """From how many events on a reader is told, and how often while it lasts."""

    events: int = 1_000
    every: timedelta = timedelta(seconds=10)


type StreamItem = Event | StreamLag


class StreamEvents:
    """Follows the log: what is behind the cursor first, then what comes, each event once, in order.

    Each reader reads the log at its own pace. None waits for another, and a slow one costs no more than a batch.
    """

    def __init__(
        self,
        log: EventLog,
        feed: EventFeed,
        lag: LagPolicy | None = None,
        access: StreamAccess | None = None,
    ) -> None:
        self._log = log
        self._feed = feed
        self._lag = lag or LagPolicy()
        self._access = access

    async def execute(self, query: StreamEventsQuery) -> AsyncIterator[StreamItem]:
        """Checks the query, then gives the stream. It ends only when the reader leaves, or with an error.

        Raises:
            InvalidArgumentError: ``INVALID_CURSOR``.
            GoneError: ``CURSOR_EXPIRED``, here or from the stream, when retention overtakes a reader.
            UnavailableError: ``DATABASE_UNAVAILABLE``, here or from the stream.
            UnauthenticatedError: from the stream, when its key ends.
        """
        stream = self._follow(query.selection, await self._start(query.after))
        return stream if self._access is None else self._access.guard(stream, "streamEvents")

    async def _start(self, after: int | None) -> int | None:
        """The cursor to begin with; None for the oldest event that is kept."""
        head = await self._log.settle()
        if after is None:
            return head
        check_cursor(after, head)
        if after == 0:
            return None
        check_kept(after, await self._log.oldest())
        return after

    async def _follow(self, selection: EventSelection, after: int | None) -> AsyncIterator[StreamItem]:
        notices = _LagNotices(self._lag)
        while True:
            await self._feed.wait_beyond(after or 0)
            batch = await self._log.scan(
                after=after, limit=_BATCH, session_id=selection.session_id, types=selection.types
            )
            if after is not None and (lag := notices.due(after, batch)):
                yield lag
            for event in batch.events:
                yield event
            after = batch.cursor


class _LagNotices:
    """When a reader is told: as it falls behind, and then now and then while it is."""

    def __init__(self, policy: LagPolicy) -> None:
        self._policy = policy
        self._again_at: float | None = None

    def due(self, cursor: int, batch: EventBatch) -> StreamLag | None:
        behind = batch.head - cursor
        if behind <= self._policy.events:
            self._again_at = None
            return None
        now = asyncio.get_running_loop().time()
        if self._again_at is not None and now < self._again_at:
            return None
        self._again_at = now + self._policy.every.total_seconds()
        return StreamLag(behind=behind, head=batch.head)
