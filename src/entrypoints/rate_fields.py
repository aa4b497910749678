"""What callers are told of their rates: the fields of draft-ietf-httpapi-ratelimit-headers-11, in both transports.

``RateLimit-Policy: "calls";q=10000;w=10`` is the policy: a quota within a window in seconds.
``RateLimit: "calls";r=9981;t=1`` is how the caller stands: how many remain, and after how many seconds there are more.
"""

import math
from collections.abc import Sequence
from datetime import timedelta

from application.limits.call_limits import Standing


def rate_fields(standings: Sequence[Standing]) -> dict[str, str]:
    """The fields, by name; none where no rate applies."""
    if not standings:
        return {}
    policies = (f'"{each.policy.value}";q={each.rate.quota};w={_seconds(each.rate.window)}' for each in standings)
    return {
        "RateLimit-Policy": ", ".join(policies),
        "RateLimit": ", ".join(f'"{each.policy.value}";{_service_limit(each)}' for each in standings),
    }


def _service_limit(standing: Standing) -> str:
    allowance = standing.allowance
    if allowance.is_refused:
        # One that is asked for many may have some left: not enough, and not before the time that Retry-After tells.
        return f"r=0;t={_seconds(allowance.retry_after)}"
    if allowance.more_after > timedelta(0):
        return f"r={allowance.remaining};t={_seconds(allowance.more_after)}"
    return f"r={allowance.remaining}"


def _seconds(span: timedelta) -> int:
    return max(1, math.ceil(span.total_seconds()))
