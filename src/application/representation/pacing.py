"""How sessions are paced, and who opted out."""

from collections.abc import Mapping
from typing import Any

from application.representation.values import Json, read_time, time_to_text
from domain.pacing import Pacing, Restriction, RestrictionReason
from domain.quiet_hours import QuietHours


def quiet_hours_to_dict(hours: QuietHours | None) -> Json | None:
    """Quiet hours, or None."""
    if hours is None:
        return None
    return {
        "start": hours.start.isoformat("minutes"),
        "end": hours.end.isoformat("minutes"),
        "time_zone": hours.time_zone,
    }


def quiet_hours_from_dict(data: Mapping[str, Any] | None, *, field: str = "pacing.quiet_hours") -> QuietHours | None:
    """Reads what ``quiet_hours_to_dict`` wrote, or a caller.

    Raises:
        InvalidArgumentError: ``INVALID_PACING``.
    """
    if data is None:
        return None
    return QuietHours.parse(data["start"], data["end"], data["time_zone"], field=field)


def pacing_to_dict(pacing: Pacing | None) -> Json | None:
    """A session's own pace, or None."""
    if pacing is None:
        return None
    return {
        "messages_per_minute": pacing.messages_per_minute,
        "burst": pacing.burst,
        "jitter": pacing.jitter,
        "new_chats_per_day": pacing.new_chats_per_day,
        "quiet_hours": quiet_hours_to_dict(pacing.quiet_hours),
        "restriction_minutes": pacing.restriction_minutes,
    }


def pacing_from_dict(data: Mapping[str, Any] | None) -> Pacing | None:
    """Reads what ``pacing_to_dict`` wrote."""
    if data is None:
        return None
    return Pacing(
        messages_per_minute=data["messages_per_minute"],
        burst=data["burst"],
        jitter=data["jitter"],
        new_chats_per_day=data["new_chats_per_day"],
        quiet_hours=quiet_hours_from_dict(data["quiet_hours"]),
        restriction_minutes=data["restriction_minutes"],
    )


def restriction_to_dict(restriction: Restriction | None) -> Json | None:
    """A restriction as it is stored, or None."""
    if restriction is None:
        return None
    return {
        "reason": restriction.reason.value,
        "strikes": restriction.strikes,
        "since": time_to_text(restriction.since),
        "resumes_at": time_to_text(restriction.resumes_at),
        "is_over": restriction.is_over,
    }


def restriction_from_dict(data: Mapping[str, Any] | None) -> Restriction | None:
    """Reads what ``restriction_to_dict`` wrote."""
    if data is None:
        return None
    return Restriction(
        reason=RestrictionReason(data["reason"]),
        strikes=data["strikes"],
        since=read_time(data["since"]),
        resumes_at=read_time(data["resumes_at"]),
        is_over=data["is_over"],
    )
