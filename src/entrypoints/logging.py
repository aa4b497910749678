"""Logging: structlog for us, and the same form for the libraries that log by the standard way."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog
from opentelemetry import trace
from structlog.typing import Processor

_NEVER: Final = frozenset(
    {"api_key", "authorization", "body", "code", "database_url", "key", "pairing_code", "password", "phone", "qr"}
    | {"redis_url", "secret", "text", "token"}
)
"""Names whose values never reach a log, should anybody log them by mistake."""
_PERSON: Final = re.compile(r"\+?[0-9]{4,13}([0-9]{2})(?=@(?:c\.us|s\.whatsapp\.net|lid)\b)|\+[0-9]{5,13}([0-9]{2})\b")
"""A phone number as people write it, and an address that holds one."""
_DIGITS: Final = re.compile(r"[0-9]{6,}([0-9]{2})")
_GIVEN: Final = re.compile(r"(DETAIL:|input_value=)[^\n]*")
"""Where PostgreSQL's and pydantic's errors quote what they were given."""
_HIDDEN: Final = "[hidden]"
_NOISY: Final = ("asyncio", "uvicorn.access", "aiohttp.access")
"""Loggers that tell every request or every slow callback, below a warning."""


def hide_secrets(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: blanks values under names that mean secrets."""
    for name in event.keys() & _NEVER:
        event[name] = _HIDDEN
    return event


def hide_people(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: leaves the last two digits of phone numbers, and nothing of what errors quote.

    Both come in what libraries and exceptions say, and some people name sessions by numbers.
    """
    for name, value in event.items():
        if isinstance(value, str):
            value = _PERSON.sub(lambda found: f"…{found[1] or found[2]}", value)  # noqa: PLW2901 - in two steps
            event[name] = _GIVEN.sub(rf"\1 {_HIDDEN}", value)
    session_id = event.get("session_id")
    if isinstance(session_id, str):
        event["session_id"] = _DIGITS.sub(r"…\1", session_id)
    return event


def tell_trace(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: the trace that a line belongs to, where there is one, by which its spans are found."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"] = trace.format_trace_id(span.trace_id)
        event["span_id"] = trace.format_span_id(span.span_id)
    return event


def configure_logging(*, level: str, format: str | None = None, stream: TextIO | None = None) -> None:  # noqa: A002 - the setting's own name
    """Sets logging up for the process; may be called again.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        format: ``json`` or ``console``; None chooses by whether the stream is a terminal.
        stream: by default standard error, so that standard output stays for answers.
    """
    out = stream or sys.stderr
    as_json = format == "json" or (format is None and not out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        tell_trace,
        hide_secrets,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    last: list[Processor] = [
        structlog.processors.format_exc_info,
        hide_people,
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=out.isatty()),
    ]
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
