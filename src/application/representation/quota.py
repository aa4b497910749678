"""What remains of a session's pace."""

from application.pacing.read_quota import Quota
from application.representation.pacing import quiet_hours_to_dict
from application.representation.values import Json, time_to_text
from domain.pacing import Pace, Restriction


def quota_to_dict(quota: Quota) -> Json:
    """A quota as the API shows it."""
    return {
        "session_id": quota.session_id,
        "pacing": _pace_to_dict(quota.pace),
        "remaining": quota.remaining,
        "next_at": time_to_text(quota.next_at),
        "new_chats_used": quota.new_chats_used,
        "new_chats_remaining": quota.new_chats_remaining,
        "waiting": quota.waiting,
        "restriction": shown_restriction(quota.restriction),
        "holds": [{"reason": hold.reason.value, "until": time_to_text(hold.until)} for hold in quota.holds],
    }


def shown_restriction(restriction: Restriction | None) -> Json | None:
    """A restriction as the API shows it, or None."""
    if restriction is None:
        return None
    return {
        "reason": restriction.reason.value,
        "strikes": restriction.strikes,
        "since": time_to_text(restriction.since),
        "resumes_at": time_to_text(restriction.resumes_at),
    }


def _pace_to_dict(pace: Pace) -> Json:
    return {
        "messages_per_minute": pace.messages_per_minute,
        "burst": pace.burst,
        "jitter": pace.jitter,
        "new_chats_per_day": pace.new_chats_per_day,
        "quiet_hours": quiet_hours_to_dict(pace.quiet_hours),
        "restriction_minutes": pace.restriction_minutes,
    }
