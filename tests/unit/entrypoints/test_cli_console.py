"""Errors on the command line: what is wrong, what to do, and an exit code."""

from datetime import timedelta

import pytest

from domain.errors import (
    ConflictError,
    InvalidArgumentError,
    NotFoundError,
    PomboError,
    RateLimitedError,
    UnavailableError,
)
from entrypoints.cli.client import GatewayRefusedError
from entrypoints.cli.console import UNREACHABLE, ExitCode, exit_code_of, plain, render_error
from entrypoints.settings import SettingsError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError(("PORT: wrong",)), ExitCode.USAGE),
        (InvalidArgumentError("INVALID_PHONE", "Give a number."), ExitCode.USAGE),
        (UnavailableError(UNREACHABLE, "No gateway."), ExitCode.UNREACHABLE),
        (UnavailableError("DATABASE_UNAVAILABLE", "No database."), ExitCode.FAILURE),
        (ConflictError("PORT_IN_USE", "Taken."), ExitCode.FAILURE),
        (NotFoundError("SESSION_NOT_FOUND", "None."), ExitCode.FAILURE),
    ],
)
def test_exit_codes(error: PomboError, code: ExitCode) -> None:
    assert exit_code_of(error) is code


def test_an_error_is_rendered_with_reason_and_details() -> None:
    error = RateLimitedError(
        "REACHOUT_TIMELOCK", "WhatsApp [463] refused.", metadata={"a": "b"}, retry_after=timedelta(seconds=30)
    )
    assert plain(render_error(error)).splitlines() == [
        "error: WhatsApp [463] refused.",
        "reason: REACHOUT_TIMELOCK",
        "  a: b",
        "  try again in 30 s",
    ]


def test_each_bad_setting_has_a_line() -> None:
    text = plain(render_error(SettingsError(("PORT: wrong", "API_KEY: short"))))
    assert text.splitlines() == ["error: PORT: wrong", "error: API_KEY: short", "reason: INVALID_SETTINGS"]


def test_a_problem_of_the_gateway_is_told_in_its_words() -> None:
    problem = {
        "title": "Invalid request",
        "status": 400,
        "detail": "Give the number in international form.",
        "reason": "INVALID_PHONE",
        "metadata": {},
        "errors": [{"field": "to", "message": "Give the number in international form."}],
        "retry_after": None,
    }
    error = GatewayRefusedError(400, problem)
    assert plain(render_error(error)).splitlines() == [
        "error: Give the number in international form.",
        "reason: INVALID_PHONE (field to)",
    ]
    assert exit_code_of(error) is ExitCode.USAGE


def test_an_answer_that_is_no_problem_still_says_something() -> None:
    error = GatewayRefusedError(502, {})
    assert (error.reason, error.message) == ("HTTP_502", "The gateway answered 502.")
    assert exit_code_of(error) is ExitCode.FAILURE
