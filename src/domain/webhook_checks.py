"""What may be asked of a webhook endpoint: its address, its headers, its limits."""

import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from domain.errors import InvalidArgumentError
from domain.ids import SessionId, parse_session_id

MAX_URL: Final = 2_048
MAX_DESCRIPTION: Final = 500
MAX_HEADERS: Final = 20
MAX_HEADER_VALUE: Final = 2_048
MAX_SESSIONS: Final = 200
MIN_GIVE_UP: Final = timedelta(minutes=1)
MAX_GIVE_UP: Final = timedelta(days=30)
MAX_OVERLAP: Final = timedelta(days=30)

_HIGHEST_PORT: Final = 65_535
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE: Final = re.compile(r"[!-~](?:[ \t!-~]*[!-~])?|")
_RESERVED: Final = frozenset(
    {
        *("accept-encoding", "connection", "expect", "host", "http2-settings", "keep-alive", "proxy-authenticate"),
        *("proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "user-agent"),
    }
)
_RESERVED_PREFIXES: Final = ("content-", "webhook-")


def check_url(url: str) -> str:
    """An http or https address without a user's name, of printable ASCII.

    Raises:
        InvalidArgumentError: ``INVALID_WEBHOOK_URL``.
    """
    try:
        parts = urlsplit(url)
        good = (
            len(url) <= MAX_URL
            and url.isascii()
            and url.isprintable()
            and not set(url) & set(' \\"<>^`{|}')
            and parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and (parts.port is None or 0 < parts.port <= _HIGHEST_PORT)
            and not parts.fragment
        )
    except ValueError:
        good = False
    if not good:
        raise InvalidArgumentError(
            "INVALID_WEBHOOK_URL",
            f"Give an http or https address like https://example.org/hook, at most {MAX_URL} characters of ASCII, "
            "without user name, password or fragment.",
            field="url",
        )
    return url


def check_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Headers that don't get in the way of the request's own.

    Raises:
        InvalidArgumentError: ``INVALID_WEBHOOK_HEADERS``.
    """
    names = [name.lower() for name in headers]
    if len(names) > MAX_HEADERS or len(names) != len(set(names)):
        raise _bad_headers(f"At most {MAX_HEADERS} headers, each name once.")
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise _bad_headers("A header's name has 1 to 100 letters, digits and marks like '-'.")
        if name.lower() in _RESERVED or name.lower().startswith(_RESERVED_PREFIXES):
            raise _bad_headers(
                "These names are the request's own: Host, Content-…, webhook-… and those of a connection."
            )
        if len(value) > MAX_HEADER_VALUE or not _VALUE.fullmatch(value):
            raise _bad_headers(f"A header's value has at most {MAX_HEADER_VALUE} printable ASCII characters.")
    return dict(headers)


def _bad_headers(message: str) -> InvalidArgumentError:
    return InvalidArgumentError("INVALID_WEBHOOK_HEADERS", message, field="headers")


def check_description(text: str) -> str:
    """A text for people.

    Raises:
        InvalidArgumentError: ``INVALID_DESCRIPTION``.
    """
    if len(text) > MAX_DESCRIPTION or not (text.isprintable() or not text):
        raise InvalidArgumentError(
            "INVALID_DESCRIPTION", f"At most {MAX_DESCRIPTION} printable characters.", field="description"
        )
    return text


def check_types(types: Collection[str], known: Collection[str]) -> tuple[str, ...]:
    """Types of events, each once, in order.

    Raises:
        InvalidArgumentError: ``UNKNOWN_EVENT_TYPE``.
    """
    if not set(types) <= set(known):
        raise InvalidArgumentError("UNKNOWN_EVENT_TYPE", f"There are these types: {', '.join(known)}.", field="types")
    return tuple(sorted(set(types)))


def check_sessions(session_ids: Collection[str]) -> tuple[SessionId, ...]:
    """Sessions' slugs, each once, in order. The sessions needn't exist yet.

    Raises:
        InvalidArgumentError: ``INVALID_SESSION_ID``, ``TOO_MANY_SESSIONS``.
    """
    if len(session_ids) > MAX_SESSIONS:
        raise InvalidArgumentError(
            "TOO_MANY_SESSIONS", f"At most {MAX_SESSIONS} sessions; none means all of them.", field="session_ids"
        )
    try:
        return tuple(sorted({parse_session_id(text) for text in session_ids}))
    except InvalidArgumentError as error:
        raise InvalidArgumentError(error.reason, error.message, field="session_ids") from error


def check_give_up(span: timedelta) -> timedelta:
    """How long an event is tried.

    Raises:
        InvalidArgumentError: ``INVALID_DURATION``.
    """
    return _check_span(span, MIN_GIVE_UP, MAX_GIVE_UP, "give_up_after")


def check_overlap(span: timedelta) -> timedelta:
    """How long two secrets sign.

    Raises:
        InvalidArgumentError: ``INVALID_DURATION``.
    """
    return _check_span(span, timedelta(0), MAX_OVERLAP, "overlap")


def _check_span(span: timedelta, least: timedelta, most: timedelta, field: str) -> timedelta:
    if not least <= span <= most:
        seconds = f"{least.total_seconds():.0f} to {most.total_seconds():.0f} seconds"
        raise InvalidArgumentError("INVALID_DURATION", f"This lasts {seconds}.", field=field)
    return span
