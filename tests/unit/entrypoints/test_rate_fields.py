"""The fields of draft-ietf-httpapi-ratelimit-headers-11."""

from datetime import timedelta

from application.limits.call_limits import Standing
from application.limits.call_rates import Policy
from application.ports.rate_limiter import Allowance, Rate
from entrypoints.rate_fields import rate_fields

ZERO = timedelta(0)


def standing(policy: Policy, rate: Rate, remaining: int, more: timedelta = ZERO, retry: timedelta = ZERO) -> Standing:
    allowance = Allowance(remaining=remaining, more_after=more, retry_after=retry)
    return Standing(policy=policy, rate=rate, allowance=allowance)


def test_they_are_lists_of_what_applies() -> None:
    calls = standing(Policy.CALLS, Rate(quota=100, window=timedelta(seconds=10)), 99, more=timedelta(seconds=0.1))
    sends = standing(Policy.SENDS, Rate(quota=60, window=timedelta(minutes=1)), 7, more=timedelta(seconds=3.2))
    assert rate_fields([calls, sends]) == {
        "RateLimit-Policy": '"calls";q=100;w=10, "sends";q=60;w=60',
        "RateLimit": '"calls";r=99;t=1, "sends";r=7;t=4',
    }


def test_of_a_full_bucket_no_time_is_told() -> None:
    rate = Rate(quota=5, window=timedelta(milliseconds=500))
    assert rate_fields([standing(Policy.CALLS, rate, 5)]) == {
        "RateLimit-Policy": '"calls";q=5;w=1',
        "RateLimit": '"calls";r=5',
    }


def test_a_refused_one_has_the_time_of_retry_after() -> None:
    rate = Rate(quota=60, window=timedelta(minutes=1))
    refused = standing(Policy.SENDS, rate, 3, more=timedelta(seconds=1), retry=timedelta(seconds=17.01))
    assert rate_fields([refused])["RateLimit"] == '"sends";r=0;t=18'


def test_where_no_rate_applies_there_are_none() -> None:
    assert rate_fields([]) == {}
