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


def test_of_phone_numbers_two_digits_are_left(stream: io.StringIO) -> None:
    log = structlog.get_logger()
    log.info("peer +15550100200 of 15550100300@c.us, and 900000002@lid", session_id="acme-15550100400")
    logging.getLogger("theirs").warning("to %s", "15550100500@s.whatsapp.net")
    try:
        raise ValueError("no chat 15550100600@c.us")
    except ValueError:
        log.exception(
            "it_failed", request_id="0123456789abcdef0123456789abcdef", message_id="msg_01M8FXQH48A6NHZ644MZ1BHPPM"
        )
    ours, theirs, failed = lines(stream)
    assert ours["event"] == "peer …00 of …00@c.us, and …02@lid"
    assert ours["session_id"] == "acme-…00"
    assert theirs["event"] == "to …00@s.whatsapp.net"
    assert "no chat …00@c.us" in failed["exception"]
    # Ids, which have digits too, stay as they are.
    assert (failed["request_id"], failed["message_id"]) == (
        "0123456789abcdef0123456789abcdef",
        "msg_01M8FXQH48A6NHZ644MZ1BHPPM",
    )


def test_what_errors_quote_is_hidden(stream: io.StringIO) -> None:
    for text in (
        "duplicate key\nDETAIL:  Failing row contains (msg_1, hello Ben).\nHINT:  None.",
        "1 validation error\nbody\n  Input should be shorter [type=string, input_value='hello Ben', input_type=str]",
    ):
        try:
            raise ValueError(text)
        except ValueError:
            structlog.get_logger().exception("it_failed")
    assert "hello" not in stream.getvalue()
    assert "HINT" in stream.getvalue()
    assert "Input should be shorter" in stream.getvalue()


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
