"""Tell what remains of a session's pace."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from application.pacing.standing_of import standing_of
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.ids import SessionId, parse_session_id
from domain.pacing import DAY, Pace, Restriction


class HoldReason(StrEnum):
    """Why messages wait. Public and stable."""

    RATE = "RATE"
    """So many have left that the next has to wait."""
    QUIET_HOURS = "QUIET_HOURS"
    NEW_CHATS = "NEW_CHATS"
    """As many chats were begun as may be in a day; others aren't concerned."""
    REACHOUT_TIMELOCK = "REACHOUT_TIMELOCK"
    """WhatsApp has refused a message (463): those who never wrote wait."""
    NEW_CHAT_CAP = "NEW_CHAT_CAP"
    """WhatsApp has refused a message (475): chats that aren't begun wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Something that messages wait for."""

    reason: HoldReason
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What remains.

    Attributes:
        remaining: how many messages may leave now; None: no limit.
        next_at: when the next may leave.
        new_chats_used: how many chats were begun within a day.
        new_chats_remaining: None: no limit.
        waiting: messages that are due and wait.
        restriction: that of WhatsApp's, while it holds or is remembered.
        holds: what messages wait for at present.
    """

    session_id: SessionId
    pace: Pace
    remaining: int | None
    next_at: datetime
    new_chats_used: int
    new_chats_remaining: int | None
    waiting: int
    restriction: Restriction | None
    holds: tuple[Hold, ...]


class GetQuota:
    """Reads a session's quota."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, defaults: Pace) -> None:
        self._uow = uow
        self._clock = clock
        self._defaults = defaults

    async def execute(self, session_id: str) -> Quota:
        """Reads.

        Raises:
            InvalidArgumentError: ``INVALID_SESSION_ID``.
            NotFoundError: ``SESSION_NOT_FOUND``.
        """
        slug, now = parse_session_id(session_id), self._clock.now()
        async with self._uow.begin() as uow:
            session = await uow.sessions.get(slug)
            pace, state = self._defaults.of(session.pacing), await standing_of(uow, session, now)
            begun = await uow.paces.begun(slug, since=now - DAY)
            waiting = await uow.paced_outbox.waiting(slug, now=now)
        holds: list[Hold] = []
        quiet = None if pace.quiet_hours is None else pace.quiet_hours.until(now)
        next_at = pace.opens_at(state, now)
        if quiet is not None:
            holds.append(Hold(reason=HoldReason.QUIET_HOURS, until=quiet))
        elif next_at > now:
            holds.append(Hold(reason=HoldReason.RATE, until=next_at))
        left = max(pace.new_chats_per_day - len(begun), 0) if pace.new_chats_per_day else None
        if left == 0:
            # Where the quota was made smaller, more than one have to be forgotten first.
            holds.append(Hold(reason=HoldReason.NEW_CHATS, until=begun[-pace.new_chats_per_day] + DAY))
        restriction = state.restriction
        if restriction is not None and restriction.pauses(now):
            holds.append(Hold(reason=HoldReason(restriction.reason.value), until=restriction.resumes_at))
        return Quota(
            session_id=slug,
            pace=pace,
            remaining=None if not pace.gap(state, now) and quiet is None else pace.allowance(state, now, pace.burst),
            next_at=next_at,
            new_chats_used=len(begun),
            new_chats_remaining=left,
            waiting=waiting,
            restriction=restriction,
            holds=tuple(holds),
        )
