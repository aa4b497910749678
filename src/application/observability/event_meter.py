"""Measures what is put on record, by the events that tell of it."""

from collections.abc import Sequence
from datetime import datetime

from application.observability import catalogue
from application.ports.metrics import Metrics
from application.representation.content import content_type
from domain.event import (
    MessageCanceled,
    MessageExpired,
    MessageFailed,
    MessageQueued,
    MessageReceived,
    MessageSent,
    NewEvent,
    SessionRestricted,
    SessionStatusChanged,
)
from domain.message import Message


class EventMeter:
    """Is told of each commit's events: so what is counted has happened, and whatever happens is counted once."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def note(self, events: Sequence[NewEvent]) -> None:
        """Takes a commit's events."""
        for event in events:
            self._metrics.add(catalogue.EVENTS, event.payload.TYPE)
            self._note(event)

    def _note(self, event: NewEvent) -> None:
        match event.payload:
            case MessageQueued(message=message):
                self._metrics.add(catalogue.ACCEPTED, content_type(message.content))
            case MessageSent(message=message) if message.from_api:
                self._metrics.observe(catalogue.SEND, _since(_due(message), event.time), content_type(message.content))
            case MessageReceived(message=message):
                kind = content_type(message.content)
                self._metrics.add(catalogue.RECEIVED, kind, "yes" if message.backfilled else "no")
                if not message.backfilled:
                    self._metrics.observe(catalogue.INBOUND, _since(message.created_at, event.time), kind)
            case MessageFailed(message=message) | MessageCanceled(message=message) | MessageExpired(message=message):
                failure = message.failure
                self._metrics.add(catalogue.ENDED, message.status, "" if failure is None else failure.reason)
            case SessionStatusChanged(status=status, reason=reason):
                self._metrics.add(catalogue.STATUS_CHANGES, status, reason)
            case SessionRestricted(reason=reason):
                self._metrics.add(catalogue.RESTRICTIONS, reason)
            case _:
                pass  # counted by its type alone


def _due(message: Message) -> datetime:
    return message.created_at if message.not_before is None else max(message.created_at, message.not_before)


def _since(begin: datetime, end: datetime) -> float:
    """In seconds; clocks that differ make no negative ones."""
    return max((end - begin).total_seconds(), 0)
