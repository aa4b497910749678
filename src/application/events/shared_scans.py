"""One look at the log for all readers who ask the same at the same time."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, override

from application.ports.event_log import EventBatch, EventLog
from domain.errors import PomboError
from domain.event import Event
from domain.ids import EventId, SessionId

_SCANS: Final = 4
"""Scans at a time: an event wakes every stream, and they mustn't take all of the database's connections."""


@dataclass(frozen=True, slots=True)
class _Question:
    """All that an answer depends on; among it which sessions' events may be seen."""

    after: int | None
    limit: int
    session_id: SessionId | None
    types: frozenset[str]
    among: frozenset[SessionId] | None


@dataclass(slots=True)
class _Scan:
    """One that goes on. When it is over, it has an answer, an error, or, when its reader left, neither."""

    is_over: asyncio.Event = field(default_factory=asyncio.Event)
    batch: EventBatch | None = None
    error: PomboError | None = None


class SharedScans(EventLog):
    """A log whose readers share scans: an event wakes all streams, and most of them ask the same then.

    What they get is as of one moment, as of any scan: who needs more asks again. Whose events a caller may see is
    a part of the question, so it is to be settled before this is asked.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._going: dict[_Question, _Scan] = {}
        self._scanning = asyncio.Semaphore(_SCANS)

    @override
    async def scan(
        self,
        *,
        after: int | None,
        limit: int,
        session_id: SessionId | None = None,
        types: Collection[str] = (),
        among: Collection[SessionId] | None = None,
    ) -> EventBatch:
        seen = None if among is None else frozenset(among)
        question = _Question(after, limit, session_id, frozenset(types), seen)
        while (scan := self._going.get(question)) is not None:
            await scan.is_over.wait()
            if scan.error is not None:
                raise scan.error
            if scan.batch is not None:
                return scan.batch
        return await self._begin(question)

    async def _begin(self, question: _Question) -> EventBatch:
        scan = self._going[question] = _Scan()
        try:
            async with self._scanning:
                scan.batch = await self._log.scan(
                    after=question.after,
                    limit=question.limit,
                    session_id=question.session_id,
                    types=question.types,
                    among=question.among,
                )
        except PomboError as error:
            scan.error = error
            raise
        else:
            return scan.batch
        finally:
            del self._going[question]
            scan.is_over.set()

    @override
    async def settle(self) -> int:
        return await self._log.settle()

    @override
    async def head(self) -> int:
        return await self._log.head()

    @override
    async def oldest(self) -> int:
        return await self._log.oldest()

    @override
    async def prune(self, *, now: datetime, keep: timedelta, needed_from: int | None, limit: int) -> int:
        return await self._log.prune(now=now, keep=keep, needed_from=needed_from, limit=limit)

    @override
    async def find(self, event_id: EventId) -> Event | None:
        return await self._log.find(event_id)

    @override
    async def before(self, time: datetime) -> int:
        return await self._log.before(time)
