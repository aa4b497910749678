"""How sessions are paced."""

from typing import Final

from application.pacing.read_quota import HoldReason, Quota
from domain.event import SessionQuotaWarned, SessionRestricted, SessionResumed
from domain.pacing import Pace, Pacing, Restriction, RestrictionReason
from domain.quiet_hours import QuietHours
from entrypoints.grpc.converters.forms import PayloadConverter
from entrypoints.grpc.converters.times import optional_time_to_proto, time_to_proto
from entrypoints.grpc.gen.pombo.v1 import event_pb2
from entrypoints.grpc.gen.pombo.v1 import pacing_pb2 as pb

# A member without a value of its own in the proto fails the import: none can be forgotten.
REASONS: Final = {
    reason: pb.RestrictionReason.Value(f"RESTRICTION_REASON_{reason.name}") for reason in RestrictionReason
}
HOLDS: Final = {reason: pb.HoldReason.Value(f"HOLD_REASON_{reason.name}") for reason in HoldReason}


def pacing_from_proto(pacing: pb.Pacing) -> Pacing:
    """A session's own pace.

    Raises:
        InvalidArgumentError: ``INVALID_PACING``: the quiet hours.
    """
    quiet = pacing.quiet_hours
    return Pacing(
        messages_per_minute=pacing.messages_per_minute if pacing.HasField("messages_per_minute") else None,
        burst=pacing.burst if pacing.HasField("burst") else None,
        jitter=pacing.jitter if pacing.HasField("jitter") else None,
        new_chats_per_day=pacing.new_chats_per_day if pacing.HasField("new_chats_per_day") else None,
        quiet_hours=QuietHours.parse(quiet.start, quiet.end, quiet.time_zone, field="pacing.quiet_hours")
        if pacing.HasField("quiet_hours")
        else None,
        restriction_minutes=pacing.restriction_minutes if pacing.HasField("restriction_minutes") else None,
    )


def pacing_to_proto(pacing: Pacing | Pace | None) -> pb.Pacing | None:
    """A pace, or an absent field."""
    if pacing is None:
        return None
    quiet = pacing.quiet_hours
    return pb.Pacing(
        messages_per_minute=pacing.messages_per_minute,
        burst=pacing.burst,
        jitter=pacing.jitter,
        new_chats_per_day=pacing.new_chats_per_day,
        quiet_hours=None if quiet is None else _quiet_hours(quiet),
        restriction_minutes=pacing.restriction_minutes,
    )


def _quiet_hours(hours: QuietHours) -> pb.QuietHours:
    return pb.QuietHours(
        start=hours.start.isoformat("minutes"), end=hours.end.isoformat("minutes"), time_zone=hours.time_zone
    )


def restriction_to_proto(restriction: Restriction | None) -> pb.Restriction | None:
    """A restriction, or an absent field."""
    if restriction is None:
        return None
    return pb.Restriction(
        reason=REASONS[restriction.reason],
        strikes=restriction.strikes,
        since_time=time_to_proto(restriction.since),
        resume_time=time_to_proto(restriction.resumes_at),
    )


def quota_to_proto(quota: Quota) -> pb.Quota:
    """A quota."""
    return pb.Quota(
        session_id=quota.session_id,
        pacing=pacing_to_proto(quota.pace),
        remaining=quota.remaining,
        next_time=time_to_proto(quota.next_at),
        new_chats_used=quota.new_chats_used,
        new_chats_remaining=quota.new_chats_remaining,
        waiting=quota.waiting,
        restriction=restriction_to_proto(quota.restriction),
        holds=[pb.Hold(reason=HOLDS[hold.reason], until_time=time_to_proto(hold.until)) for hold in quota.holds],
    )


def _restricted(payload: SessionRestricted) -> event_pb2.SessionRestricted:
    return event_pb2.SessionRestricted(
        reason=REASONS[payload.reason], strikes=payload.strikes, resume_time=time_to_proto(payload.resumes_at)
    )


def _resumed(payload: SessionResumed) -> event_pb2.SessionResumed:
    return event_pb2.SessionResumed(reason=REASONS[payload.reason])


def _quota_warned(payload: SessionQuotaWarned) -> event_pb2.SessionQuotaWarned:
    return event_pb2.SessionQuotaWarned(
        new_chats_used=payload.used,
        new_chats_limit=payload.limit,
        next_time=optional_time_to_proto(payload.next_at),
    )


CONVERTERS: Final = (
    PayloadConverter(field="session_restricted", kind=SessionRestricted, write=_restricted),
    PayloadConverter(field="session_resumed", kind=SessionResumed, write=_resumed),
    PayloadConverter(field="session_quota_warned", kind=SessionQuotaWarned, write=_quota_warned),
)
