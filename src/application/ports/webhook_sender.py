"""Posts to webhook endpoints."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from domain.ids import EventId
from domain.webhook import DeliveryOutcome, WebhookEndpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """What became of a request. ``status`` None: no answer came. ``detail`` is for people, without anything secret."""

    outcome: DeliveryOutcome
    took: timedelta
    status: int | None = None
    detail: str | None = None

    @property
    def delivered(self) -> bool:
        """Whether the endpoint has it."""
        return self.outcome is DeliveryOutcome.DELIVERED


class WebhookSender(Protocol):
    """Posts one event to one endpoint, signed as Standard Webhooks says."""

    @abstractmethod
    def check_target(self, url: str) -> None:
        """Refuses an address that no request would be sent to. What a name leads to is only known when it is sent.

        Raises:
            InvalidArgumentError: ``WEBHOOK_TARGET_REFUSED``, ``INVALID_WEBHOOK_URL``.
        """

    @abstractmethod
    async def send(self, endpoint: WebhookEndpoint, event_id: EventId, body: str) -> SendResult:
        """Posts. Bounds its own time, and never fails but by being cancelled: whatever goes wrong is an outcome."""
