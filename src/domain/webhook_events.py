"""What happens to webhook endpoints."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.ids import WebhookId
from domain.webhook import DisabledReason


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDisabled:
    """Emitted when a webhook endpoint gets no more events until it is enabled again. Belongs to no session.

    Attributes:
        failing_since: since when nothing but failures came from it, where that is so.
    """

    TYPE: ClassVar[str] = "webhook.disabled"
    endpoint_id: WebhookId
    reason: DisabledReason
    failing_since: datetime | None
