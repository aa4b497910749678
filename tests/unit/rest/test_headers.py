"""What clients write into headers, and what JSON can't hold."""

import json
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from domain.errors import RateLimitedError
from entrypoints.rest.json_codec import to_json
from entrypoints.rest.negotiation import negotiate
from entrypoints.rest.preferences import Preferences
from entrypoints.rest.problem import Problem, is_json

OFFERS = ("application/json", "image/png", "image/svg+xml")
DEFAULT = timedelta(seconds=20)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("image/*", "image/png"),
        ("IMAGE/PNG", "image/png"),
        ("application/json;q=0.2, image/svg+xml;q=0.9, image/png;q=0.5", "image/svg+xml"),
        ("*/*, application/json;q=0", "image/png"),
        ("image/*;q=0.9, image/png;q=0.1, */*;q=0.2", "image/svg+xml"),
        ("image/svg+xml;version=1;q=1", "image/svg+xml"),
        ("image/png;q=2, application/json;q=0.1", "application/json"),
        ("image/png;q=nan, application/json;q=0.1", "application/json"),
    ],
)
def test_negotiation(accept: str | None, chosen: str) -> None:
    assert negotiate(accept, OFFERS) == chosen


@given(st.text(alphabet="aimgepn*/;,=q0.19 \t") | st.text())
def test_negotiation_chooses_or_refuses(accept: str) -> None:
    with suppress(HTTPException):
        assert negotiate(accept, OFFERS) in OFFERS


@pytest.mark.parametrize(
    ("lines", "seconds", "applied"),
    [
        ([], 20, None),
        (["return=minimal"], 20, None),
        (["respond-async"], 0, "respond-async"),
        (["wait=5"], 5, "wait=5"),
        (['WAIT = "5"'], 5, "wait=5"),
        (["wait=600"], 60, "wait=60"),
        (["wait=1, wait=2"], 1, "wait=1"),
        (["respond-async", "wait=10"], 10, "respond-async, wait=10"),
        (["wait=soon", "wait=-1"], 20, None),
    ],
)
def test_preferences(lines: list[str], seconds: int, applied: str | None) -> None:
    assert Preferences.parse(lines, DEFAULT) == Preferences(wait=timedelta(seconds=seconds), applied=applied)


@given(st.lists(st.text()))
def test_preferences_never_fail(lines: list[str]) -> None:
    assert timedelta(0) <= Preferences.parse(lines, DEFAULT).wait <= timedelta(seconds=60)


@pytest.mark.parametrize(
    ("content_type", "json_"),
    [
        (None, True),
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/vnd.pombo+json", True),
        ("text/json", False),
        ("text/plain", False),
        ("multipart/form-data; boundary=x", False),
    ],
)
def test_what_is_json(content_type: str | None, json_: bool) -> None:
    assert is_json(content_type) is json_


@pytest.mark.parametrize("value", [{"a": "é"}, {"half": "\ud800"}, {"big": 2**70}, [None, 1.5]])
def test_json_of_everything_that_content_holds(value: object) -> None:
    assert json.loads(to_json(value)) == value


@pytest.mark.parametrize(
    ("wait", "seconds"), [(timedelta(0), "1"), (timedelta(seconds=1.2), "2"), (timedelta(minutes=5), "300")]
)
def test_retry_after_is_never_too_early(wait: timedelta, seconds: str) -> None:
    response = Problem.of(RateLimitedError("SLOW_DOWN", "Slower.", retry_after=wait)).response({"type": "http"})
    assert response.headers["retry-after"] == seconds
    assert json.loads(bytes(response.body))["retry_after"] == int(seconds)
