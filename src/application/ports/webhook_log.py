"""What became of deliveries: the log of tries, and the dead letters."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from domain.ids import EventId, SessionId, WebhookId
from domain.webhook import DeliveryKind, DeliveryOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One try to post an event. Neither the event's body nor the answer's is kept.

    Attributes:
        attempt: the how manieth of this event; 1 when it wasn't tried before.
        status: the answer's HTTP status; None when there was none.
        detail: a sentence for people, where there is more to say; holds nothing of the answer's body.
    """

    webhook_id: WebhookId
    event_id: EventId
    event_type: str
    session_id: SessionId | None
    kind: DeliveryKind
    attempt: int
    at: datetime
    took: timedelta
    outcome: DeliveryOutcome
    status: int | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedDelivery:
    """A delivery with its place in the log of deliveries."""

    number: int
    delivery: Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """An event that was given up for an endpoint. ``position``: its place in the event log."""

    webhook_id: WebhookId
    event_id: EventId
    event_type: str
    session_id: SessionId | None
    position: int
    attempts: int
    first_failed_at: datetime
    given_up_at: datetime
    outcome: DeliveryOutcome
    status: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries a list shows; None doesn't filter."""

    event_id: EventId | None = None
    outcome: DeliveryOutcome | None = None


class WebhookLog(Protocol):
    """The tries and the dead letters of all endpoints. Part of a unit of work."""

    @abstractmethod
    async def record(self, delivery: Delivery) -> None:
        """Notes a try. One that went well takes the event off the endpoint's dead letters.

        Raises:
            NotFoundError: ``WEBHOOK_NOT_FOUND``.
        """

    @abstractmethod
    async def deliveries(
        self, webhook_id: WebhookId, criteria: DeliveryFilter, *, before: int | None, limit: int
    ) -> Sequence[NumberedDelivery]:
        """An endpoint's tries, newest first, those with a lower number."""

    @abstractmethod
    async def last_success(self, webhook_id: WebhookId) -> datetime | None:
        """When a try of the endpoint last went well, as far back as the log is kept."""

    @abstractmethod
    async def bury(self, letter: DeadLetter) -> None:
        """Adds a dead letter; it replaces the endpoint's older one of the same event."""

    @abstractmethod
    async def dead_letters(self, webhook_id: WebhookId, *, after: int, limit: int) -> Sequence[DeadLetter]:
        """An endpoint's dead letters in the order of the event log, those behind the position."""

    @abstractmethod
    async def count_dead_letters(self, webhook_id: WebhookId) -> int:
        """How many dead letters an endpoint has."""

    @abstractmethod
    async def prune(self, before: datetime, *, limit: int) -> int:
        """Removes tries from before a time, at most so many, and tells how many they were."""
