"""What fails in Playwright's client and in what listens to it: told, and nobody else's loss."""

import inspect
import re
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import structlog
from playwright.async_api import Playwright

_LOG: Final = structlog.get_logger(__name__)
_LONGEST: Final = 300
_LONGEST_MASKED: Final = 200
_STDERR: Final = re.compile(r"\[err\]\s*(\S.*)")
_DIGITS: Final = re.compile(r"\d{5,}")


def apart(playwright: Playwright) -> Playwright:
    """Sees to it that a message of the browser's that can't be dispatched fails nobody's call; it is logged.

    Playwright's Python client takes whatever is raised while it dispatches a message (``Connection.dispatch``: an
    answer that it can't read, an object that it doesn't know, a listener of ours or its own) for a listener's fault,
    and raises it in the next call on the connection, which may be that of another session's page. Its own listener of
    a browser's end fails when the browser dies as it starts. An answer that failed so never reaches who waits for it:
    who asks must have a time limit, or watch the browser's process.
    """
    connection = playwright._impl_obj._connection  # noqa: SLF001 - there is no public way to say so
    connection._on_event_listener_error = _dispatch_failed  # type: ignore[method-assign]  # noqa: SLF001
    return playwright


def _dispatch_failed(error: BaseException) -> None:
    _LOG.warning(
        "playwright_dispatch_failed",
        error=type(error).__name__,
        detail=masked(first_line(error)),
        where=_where(error),
    )


class Listener:
    """A listener of CDP events whose own fault isn't lost: it is logged, and told to who can do something about it.

    By itself Playwright would go on as if the event had never been, and a page that told something would look well.
    Its signature is at hand: Playwright inspects it for every event, at a tenth of the event's cost.
    """

    def __init__(self, heard: Callable[[Mapping[str, Any]], None], failed: Callable[[str], None]) -> None:
        """Takes what hears an event, and what is told why, without anything of the event, where that raises."""
        self._heard = heard
        self._failed = failed
        self.__signature__ = inspect.signature(heard)

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Hears one event."""
        try:
            self._heard(event)
        except Exception as error:  # noqa: BLE001 - any is a loss
            kind = type(error).__name__
            # Not its message, which may quote what the page told.
            _LOG.error("page_listener_failed", error=kind, where=_where(error))
            self._failed(f"hearing it failed: {kind}")


def first_line(error: BaseException) -> str:
    """The first line of Playwright's message; the rest is the call log with the whole command line."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0][:_LONGEST] if lines else type(error).__name__


def last_words(error: Exception) -> str | None:
    """The first thing a browser that didn't start wrote to its standard error, as in Playwright's call log."""
    found = _STDERR.search(str(error))
    return found[1].strip()[:_LONGEST_MASKED] if found else None


def masked(text: str) -> str:
    """A line for logs and errors: without long numbers, which might be somebody's, and not long itself."""
    return _DIGITS.sub("…", text)[:_LONGEST_MASKED]


def _where(error: BaseException) -> str:
    """The line that raised, without the path of this machine."""
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    return f"{Path(frames[0].filename).name}:{frames[0].lineno} {frames[0].name}" if frames else "unknown"
