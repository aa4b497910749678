"""Logs: one form for all, and no secrets."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from entrypoints.logging import configure_logging


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    buffer = io.StringIO()
    configure_logging(level="info", format="json", stream=buffer)
    yield buffer
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_ours_and_the_libraries_logs_have_one_form(stream: io.StringIO) -> None:
    structlog.get_logger("ours").info("session_started", session_id="demo")
    logging.getLogger("theirs").warning("careful with %s", "that")
    ours, theirs = lines(stream)
    assert (ours["event"], ours["session_id"], ours["level"], ours["logger"]) == (
        "session_started",
        "demo",
        "info",
        "ours",
    )
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("careful with that", "warning", "theirs")
    assert ours["timestamp"].endswith("Z")


def test_secrets_are_blanked(stream: io.StringIO) -> None:
    structlog.get_logger().info("oops", api_key="pombo_secret", qr="2@secret", body="secret", session_id="demo")
    assert "secret" not in stream.getvalue()
    assert lines(stream)[0]["session_id"] == "demo"


def test_an_exception_is_one_line_of_json(stream: io.StringIO) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger().exception("it_failed")
    assert "ValueError: broken" in lines(stream)[0]["exception"]


def test_below_the_level_nothing_is_written(stream: io.StringIO) -> None:
    structlog.get_logger().debug("details")
    logging.getLogger("uvicorn.access").info("GET /")
    assert stream.getvalue() == ""


def test_the_console_form_is_for_people() -> None:
    buffer = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure_logging(level="info", format="console", stream=buffer)
        structlog.get_logger().info("hello", session_id="demo")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
    assert "hello" in buffer.getvalue()
    assert not buffer.getvalue().startswith("{")
