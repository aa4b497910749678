"""`pombo audit verify` and `pombo audit export`."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

from rich.console import Console

from application.representation.audit import audit_entry_from_dict, audit_entry_to_dict
from domain.audit import AuditEntry, Mark
from domain.audit_check import Broken, ChainCheck
from domain.errors import InvalidArgumentError, UnavailableError, UnprocessableError
from entrypoints.logging import configure_logging
from entrypoints.runtime.audit import export_log, verify_log
from entrypoints.settings import Settings

_PRIVATE: Final = 0o600


async def run_verify(
    settings: Settings, out: Console, err: Console, *, file: Path | None, expected: str | None
) -> None:
    """Verifies the log, or a file that was exported; prints the place of the newest entry.

    Raises:
        UnprocessableError: ``AUDIT_LOG_BROKEN``.
        PomboError: what keeps it from being read.
    """
    configure_logging(level="warning")
    mark = None if expected is None else Mark.parse(expected)
    if file is None:
        verified = await verify_log(settings, mark)
        checked, head, broken = verified.checked, verified.head, verified.broken
    else:
        checked, head, broken = _verify_file(file, mark)
    if broken is not None:
        raise UnprocessableError(
            "AUDIT_LOG_BROKEN",
            f"Entry {broken.sequence} isn't what was written: {broken.problem}.",
            metadata={"sequence": str(broken.sequence), "entries_before": str(checked)},
        )
    err.print(f"{checked:,} entries are what was written, and all of them. Keep this place elsewhere:", markup=False)
    out.print(str(head), markup=False)


async def run_export(settings: Settings, err: Console, *, file: Path | None, after: int, overwrite: bool) -> None:
    """Writes entries as JSON Lines.

    Raises:
        UnavailableError: ``EXPORT_FILE_UNUSABLE``, or the database can't be reached.
    """
    configure_logging(level="warning")
    count, last = 0, None
    with _opened(file, overwrite=overwrite) as target:
        async with aclosing(export_log(settings, after=after)) as entries:
            async for entry in entries:
                target.write(json.dumps(audit_entry_to_dict(entry), ensure_ascii=False) + "\n")
                count, last = count + 1, entry.mark
    err.print(f"{count:,} entries; the last is {last}", markup=False)


def _verify_file(file: Path, expected: Mark | None) -> tuple[int, Mark, Broken | None]:
    """An export begins where it was told to; what is before its first entry isn't looked at."""
    check: ChainCheck | None = None
    checked = 0
    for entry in _read(file):
        if check is None:
            marks = () if expected is None else (expected,)
            check = ChainCheck(Mark(entry.sequence - 1, entry.previous), *marks)
        if (broken := check.take(entry)) is not None:
            return checked, check.at, broken
        checked += 1
    if check is None:
        raise InvalidArgumentError("INVALID_REQUEST", f"{file} holds no entries.")
    return checked, check.at, check.end()


def _read(file: Path) -> Iterator[AuditEntry]:
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield audit_entry_from_dict(_json(line))
                except InvalidArgumentError as error:
                    raise InvalidArgumentError("INVALID_REQUEST", f"Line {number}: {error.message}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(file, error) from error


def _json(line: str) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads(line)
    except ValueError as error:
        raise InvalidArgumentError("INVALID_REQUEST", "This isn't JSON.") from error
    return value


@contextmanager
def _opened(file: Path | None, *, overwrite: bool) -> Iterator[TextIO]:
    if file is None:
        yield sys.stdout
        return
    try:
        flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if overwrite else os.O_EXCL)
        with os.fdopen(os.open(file, flags, _PRIVATE), "w", encoding="utf-8") as target:
            yield target
            target.flush()
            os.fsync(target.fileno())
    except OSError as error:
        raise _unusable(file, error) from error


def _unusable(file: Path, error: Exception) -> UnavailableError:
    problem = error.strerror if isinstance(error, OSError) else "it isn't UTF-8"
    return UnavailableError("EXPORT_FILE_UNUSABLE", f"{file} can't be used: {problem}.")
