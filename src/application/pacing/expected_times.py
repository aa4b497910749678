"""Tell when messages that wait are expected to leave."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from application.pacing.standing_of import standing_of
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWork
from domain.ids import MessageId, SessionId
from domain.message import Message, MessageStatus
from domain.pacing import DAY, Pace, PaceState, Standing


class ExpectedTimes:
    """Looks, of what is queued in a paced session, how many wait before it, and what its chat waits for.

    As things stand: what is accepted later for chats before it, a cancellation or a change of the pace moves it.
    """

    def __init__(self, clock: Clock, defaults: Pace) -> None:
        self._clock = clock
        self._defaults = defaults

    async def put_in(self, uow: UnitOfWork, messages: Sequence[Message]) -> Sequence[Message]:
        """The same messages, those that wait with their time."""
        waiting: dict[SessionId, list[Message]] = defaultdict(list)
        for message in messages:
            if message.status is MessageStatus.QUEUED:
                waiting[message.session_id].append(message)
        if not waiting:
            return messages
        times: dict[MessageId, datetime] = {}
        for session_id, theirs in waiting.items():
            times |= await self._of_session(uow, session_id, theirs)
        return [replace(message, expected_at=times.get(message.id)) for message in messages]

    async def _of_session(
        self, uow: UnitOfWork, session_id: SessionId, messages: Sequence[Message]
    ) -> dict[MessageId, datetime]:
        found = await uow.sessions.list(among=[session_id])
        if not found:
            return {}
        now = self._clock.now()
        pace, state = self._defaults.of(found[0].pacing), await standing_of(uow, found[0], now)
        if not pace.limits(state):
            return {}
        ahead = await uow.paced_outbox.ahead(session_id, [message.id for message in messages], now=now)
        standings = await uow.paced_outbox.standings(session_id, {message.chat for message in messages})
        begins_at = await self._begins_at(uow, session_id, pace, now)
        times: dict[MessageId, datetime] = {}
        for message in messages:
            standing = standings[message.chat]
            opens = max(now, message.not_before or now, _held_until(state, standing) or now)
            if standing is Standing.NEW:
                opens = max(opens, begins_at)
            before = ahead.get(message.id, 0) if opens == now else 0
            times[message.id] = max(pace.opens_at(state, now, ahead=before), pace.opens_at(state, opens))
        return times

    async def _begins_at(self, uow: UnitOfWork, session_id: SessionId, pace: Pace, now: datetime) -> datetime:
        """When the next chat may be begun."""
        quota = pace.new_chats_per_day
        begun = await uow.paces.begun(session_id, since=now - DAY) if quota else ()
        return begun[-quota] + DAY if quota and len(begun) >= quota else now


def _held_until(state: PaceState, standing: Standing) -> datetime | None:
    restriction = state.restriction
    return restriction.resumes_at if restriction is not None and restriction.holds(standing) else None
