"""What is posted: an event's envelope as JSON, the same text each time it is made."""

import json
from typing import Any, Final

from application.ports.clock import Clock
from application.representation import event_to_dict, time_to_text
from domain.event import Event
from domain.ids import EventId, WebhookId

TEST_TYPE: Final = "webhook.test"
"""The type of a test's envelope. It isn't in the log."""


def envelope_of(event: Event) -> str:
    """An event's body. It depends on the stored event alone, so that every repeat has the same one."""
    return _to_json(event_to_dict(event))


def envelope_of_test(event_id: EventId, webhook_id: WebhookId, clock: Clock) -> str:
    """The body of a test: an event that happened to nobody."""
    return _to_json(
        {
            "id": event_id,
            "type": TEST_TYPE,
            "time": time_to_text(clock.now()),
            "session_id": None,
            "sequence": 0,
            "payload": {"webhook_id": webhook_id},
        }
    )


def _to_json(value: dict[str, Any]) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        # Half a surrogate pair, which raw content may hold, has no UTF-8 form: all of it is escaped then.
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text
