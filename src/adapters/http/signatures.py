"""Signatures as Standard Webhooks has them (https://www.standardwebhooks.com)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from standardwebhooks.webhooks import Webhook

from domain.ids import EventId


def signed_headers(event_id: EventId, time: datetime, body: str, secrets: Sequence[str]) -> Mapping[str, str]:
    """The headers that prove who sent a body, and when; one signature per secret."""
    signatures = [Webhook(secret).sign(msg_id=event_id, timestamp=time, data=body) for secret in secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(time.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
