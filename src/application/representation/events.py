"""Events, and the table of their payloads."""

from collections.abc import Mapping
from typing import Any, Final

from application.representation import (
    changes,
    group_events,
    media_events,
    message_events,
    pacing_events,
    people_events,
    session_events,
    webhook_events,
)
from application.representation.payload_form import PayloadForm
from application.representation.values import Json, time_to_text
from domain.event import Event, Payload

PAYLOAD_FORMS: Final[tuple[PayloadForm[Any], ...]] = (
    *session_events.FORMS,
    *message_events.FORMS,
    *changes.FORMS,
    *media_events.FORMS,
    *people_events.FORMS,
    *group_events.FORMS,
    *webhook_events.FORMS,
    *pacing_events.FORMS,
)
"""One of each kind of ``Payload``; a test sees that none is missing."""

_BY_KIND: Final = {form.kind: form for form in PAYLOAD_FORMS}
_BY_TYPE: Final = {form.kind.TYPE: form for form in PAYLOAD_FORMS}


def payload_to_dict(payload: Payload) -> Json:
    """An event's payload as the API shows it and the log stores it."""
    return _BY_KIND[type(payload)].write(payload)


def payload_from_dict(event_type: str, data: Mapping[str, Any]) -> Payload:
    """Reads what ``payload_to_dict`` wrote.

    Raises:
        ValueError: the type is none that this version knows.
    """
    form = _BY_TYPE.get(event_type)
    if form is None:
        raise ValueError(f"unknown event type {event_type!r}")
    payload: Payload = form.read(data)
    return payload


def event_to_dict(event: Event) -> Json:
    """An event in its envelope."""
    return {
        "id": event.id,
        "type": event.type,
        "time": time_to_text(event.time),
        "session_id": event.session_id,
        "sequence": event.sequence,
        "payload": payload_to_dict(event.payload),
    }
