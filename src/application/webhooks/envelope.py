"""What is posted: an event's envelope as JSON, the same text each time it is made."""

from typing import Final

from application.json_text import json_text
from application.ports.clock import Clock
from application.representation.events import event_to_dict
from application.representation.values import time_to_text
from domain.event import Event
from domain.ids import EventId, WebhookId

TEST_TYPE: Final = "webhook.test"
"""The type of a test's envelope. It isn't in the log."""


def envelope_of(event: Event) -> str:
    """An event's body. It depends on the stored event alone, so that every repeat has the same one."""
    return json_text(event_to_dict(event))


def envelope_of_test(event_id: EventId, webhook_id: WebhookId, clock: Clock) -> str:
    """The body of a test: an event that happened to nobody."""
    return json_text(
        {
            "id": event_id,
            "type": TEST_TYPE,
            "time": time_to_text(clock.now()),
            "session_id": None,
            "sequence": 0,
            "payload": {"webhook_id": webhook_id},
        }
    )
