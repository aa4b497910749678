"""What waits to be posted to webhook endpoints."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from domain.event import Event
from domain.ids import SessionId, WebhookId
from domain.webhook import WebhookEndpoint

CLOCK_SLACK: Final = timedelta(minutes=1)
"""How far the clocks of gateways on one database may differ. A wait that ends further ahead than it was long, and this
besides, was set by a clock that has gone back since, and counts as over."""

MAX_BACKLOG: Final = 10_000
"""Waiting events are counted up to this."""


class ClaimLostError(Exception):
    """The lane is somebody else's by now, or gone: what was about to be written must not be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedLane:
    """An endpoint's events of one session (or of none), in one worker's hands for a time.

    Attributes:
        endpoint: as it was when the lane was claimed.
        cursor: the position of the last event that is dealt with.
        target: the position up to which there are wanted events.
        failures: of the event behind the cursor.
        first_failed_at: when that event first failed; None when it hasn't.
        token: proves the claim; each claim has its own.
    """

    endpoint: WebhookEndpoint
    session_id: SessionId | None
    cursor: int
    target: int
    failures: int
    first_failed_at: datetime | None
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """What follows a step: the lane while it is to be gone on with, and whether its endpoint was failing so far."""

    lane: ClaimedLane | None
    was_failing: bool


class WebhookQueue(Protocol):
    """A lane per endpoint and session: a cursor into the event log and when to go on. Part of a unit of work."""

    @abstractmethod
    async def scan(self) -> bool:
        """Looks at what the log has got since the last scan, for each endpoint that is enabled.

        Makes the lanes that are missing and moves their targets. Tells whether more is left to be looked at. Safe to
        call from several processes at once.
        """

    @abstractmethod
    async def claim(
        self,
        *,
        token: str,
        now: datetime,
        lease: timedelta,
        limit: int,
        per_endpoint: int,
        busy: Mapping[WebhookId, int],
    ) -> Sequence[ClaimedLane]:
        """Takes lanes that have events and are due, of enabled endpoints, for the span of the lease.

        Of each endpoint at most ``per_endpoint`` less the ``busy`` ones. No two claims hold the same lane at once; a
        lease that has run out is void. Each lane's token begins with the given one.
        """

    @abstractmethod
    async def read(self, lane: ClaimedLane, *, limit: int) -> Sequence[Event]:
        """The lane's next events that the endpoint wants, in order, up to its target."""

    @abstractmethod
    async def advance(self, lane: ClaimedLane, *, to: int, now: datetime, keep_for: timedelta | None) -> Advance:
        """Moves the cursor: everything up to there is dealt with.

        Gives the lane on, renewed by ``keep_for``, while there is more for it and its endpoint is as it was claimed;
        else releases it. ``keep_for`` None always releases it.

        Raises:
            ClaimLostError: the lane isn't this claim's any more.
        """

    @abstractmethod
    async def postpone(
        self, lane: ClaimedLane, *, failures: int, first_failed_at: datetime, now: datetime, wait: timedelta
    ) -> None:
        """Notes a failure of the event behind the cursor, and releases the lane until the wait is over.

        Raises:
            ClaimLostError: the lane isn't this claim's any more.
        """

    @abstractmethod
    async def release(self, tokens: Sequence[str]) -> None:
        """Gives claims back as they were; those that are lost stay lost."""

    @abstractmethod
    async def wake(self, webhook_id: WebhookId, *, since: datetime | None = None, afresh: bool = False) -> None:
        """Makes an endpoint's waiting lanes due at once; ``afresh`` also forgets their failures.

        With ``since`` only those whose event first failed then or later: what failed before is the event's own fault.
        """

    @abstractmethod
    async def rewind(self, webhook_id: WebhookId, *, after: int) -> None:
        """Moves an endpoint's lanes back, so that every wanted event behind the position comes (again).

        Lanes that are further back stay. Claims on the endpoint's lanes are lost.
        """

    @abstractmethod
    async def backlog(self, webhook_id: WebhookId) -> int:
        """How many wanted events wait, up to ``MAX_BACKLOG``."""

    @abstractmethod
    async def needed_from(self, *, buried_since: datetime) -> int | None:
        """The lowest position in the log that an enabled endpoint or a dead letter still needs; None: none does.

        Dead letters from before the given time don't count: what nobody redelivers mustn't keep the log for ever.
        """
