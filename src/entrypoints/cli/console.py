"""What the command line prints: answers on standard output, the rest on standard error."""

import sys
from enum import IntEnum
from io import StringIO
from typing import Final

from rich.console import Console
from rich.text import Text

from domain.errors import ErrorKind, PomboError
from entrypoints.settings import SettingsError

UNREACHABLE: Final = "GATEWAY_UNREACHABLE"


class ExitCode(IntEnum):
    """How a command ends."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    UNREACHABLE = 3
    INTERRUPTED = 130


def out() -> Console:
    """Standard output: answers, one per line when it isn't a terminal."""
    return Console(highlight=False, soft_wrap=True)


def err() -> Console:
    """Standard error: progress, warnings and errors."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def exit_code_of(error: PomboError) -> ExitCode:
    """The exit code that tells a script what sort of failure it was."""
    if isinstance(error, SettingsError):
        return ExitCode.USAGE
    if error.reason == UNREACHABLE:
        return ExitCode.UNREACHABLE
    if error.kind is ErrorKind.INVALID_ARGUMENT:
        return ExitCode.USAGE
    return ExitCode.FAILURE


def render_error(error: PomboError) -> Text:
    """An error for people: what is wrong and what to do, then its public reason."""
    text = Text()
    if isinstance(error, SettingsError):
        for problem in error.problems:
            text.append("error", style="bold red").append(f": {problem}\n")
    else:
        text.append("error", style="bold red").append(f": {error.message}\n")
    text.append("reason", style="dim").append(f": {error.reason}")
    if error.field is not None:
        text.append(f" (field {error.field})")
    for name, value in sorted(error.metadata.items()):
        text.append(f"\n  {name}: {value}", style="dim")
    if error.retry_after is not None:
        text.append(f"\n  try again in {error.retry_after.total_seconds():.0f} s", style="dim")
    return text


def plain(text: Text) -> str:
    """The text without colours, for logs and tests."""
    buffer = StringIO()
    Console(file=buffer, no_color=True, highlight=False, soft_wrap=True).print(text)
    return buffer.getvalue()


def is_interactive() -> bool:
    """Whether somebody sits at a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()
