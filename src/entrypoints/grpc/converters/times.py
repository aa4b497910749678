"""Times."""

from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from domain.errors import InvalidArgumentError


def time_to_proto(time: datetime) -> Timestamp:
    """A moment."""
    timestamp = Timestamp()
    timestamp.FromDatetime(time)
    return timestamp


def optional_time_to_proto(time: datetime | None) -> Timestamp | None:
    """A moment, or an absent field."""
    return None if time is None else time_to_proto(time)


def time_from_proto(timestamp: Timestamp, *, field: str) -> datetime:
    """A moment that a caller gave.

    Raises:
        InvalidArgumentError: ``INVALID_REQUEST``.
    """
    try:
        return timestamp.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidArgumentError(
            "INVALID_REQUEST", "Give a time between the years 1 and 9999.", field=field
        ) from error


def duration_to_proto(span: timedelta) -> Duration:
    """A span."""
    duration = Duration()
    duration.FromTimedelta(span)
    return duration


def duration_from_proto(duration: Duration, *, field: str) -> timedelta:
    """A span that a caller gave.

    Raises:
        InvalidArgumentError: ``INVALID_REQUEST``.
    """
    try:
        return duration.ToTimedelta()
    except (ValueError, OverflowError) as error:
        raise InvalidArgumentError("INVALID_REQUEST", "This isn't a span of time.", field=field) from error
