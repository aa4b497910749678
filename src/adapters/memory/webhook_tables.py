"""The rows of webhooks."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.memory.tables import Table, TableWrites
from application.ports.webhook_log import DeadLetter, NumberedDelivery
from domain.ids import EventId, SessionId, WebhookId
from domain.webhook import WebhookEndpoint

LaneKey = tuple[WebhookId, SessionId | None]
LetterKey = tuple[WebhookId, EventId]


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """An endpoint, and up to where the log was looked at for it."""

    endpoint: WebhookEndpoint
    scanned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneRow:
    """A lane."""

    cursor: int
    target: int
    failures: int = 0
    first_failed_at: datetime | None = None
    next_attempt_at: datetime | None = None
    retry_wait: timedelta | None = None
    token: str | None = None
    claimed_until: datetime | None = None


@dataclass(slots=True)
class WebhookState:
    """What has been committed."""

    endpoints: Table[WebhookId, EndpointRow] = field(default_factory=Table)
    lanes: Table[LaneKey, LaneRow] = field(default_factory=Table)
    deliveries: Table[int, NumberedDelivery] = field(default_factory=Table)
    letters: Table[LetterKey, DeadLetter] = field(default_factory=Table)
    last_number: int = 0

    def next_number(self) -> int:
        """A place behind all that were given out."""
        self.last_number += 1
        return self.last_number


class WebhookWrites:
    """One transaction's writes."""

    def __init__(self, state: WebhookState) -> None:
        self.state = state
        self.endpoints = TableWrites(state.endpoints)
        self.lanes = TableWrites(state.lanes)
        self.deliveries = TableWrites(state.deliveries)
        self.letters = TableWrites(state.letters)

    def commit(self) -> None:
        """Makes them visible."""
        for table in (self.endpoints, self.lanes, self.deliveries, self.letters):
            table.commit()
