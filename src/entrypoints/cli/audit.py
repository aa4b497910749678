"""`pombo audit verify` and `pombo audit export`."""

import errno
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console

from application.audit.read_log import Verified
from application.representation.audit import audit_entry_from_dict, audit_entry_to_dict
from domain.audit import GENESIS, AuditEntry, Mark
from domain.audit_check import ChainCheck
from domain.errors import InvalidArgumentError, UnavailableError, UnprocessableError
from entrypoints.logging import configure_logging
from entrypoints.runtime.audit import export_log, verify_log
from entrypoints.settings import Settings


async def run_verify(
    settings: Settings, out: Console, err: Console, *, file: Path | None, expected: str | None
) -> None:
    """Verifies the log, or a file that was exported; prints the place of the newest entry.

    Raises:
        UnprocessableError: ``AUDIT_LOG_BROKEN``, ``AUDIT_PLACE_GONE``.
        PomboError: what keeps it from being read.
    """
    configure_logging(level="warning")
    mark = None if expected is None else Mark.parse(expected)
    verified = await verify_log(settings, mark) if file is None else _verify_file(file, mark)
    checked, broken = verified.checked, verified.broken
    if broken is not None:
        raise UnprocessableError(
            "AUDIT_LOG_BROKEN",
            f"Entry {broken.sequence} isn't what was written: {broken.problem}.",
            metadata={"sequence": str(broken.sequence), "entries_before": str(checked)},
        )
    if mark is not None and mark.sequence < verified.removed.sequence:
        raise _gone(mark, verified.removed)
    # Of a file whose end was cut off nothing tells, but a place that is expected.
    whole = "and all of them" if file is None else f"from {verified.removed.sequence + 1:,} on"
    err.print(f"{checked:,} entries are what was written, {whole}. Keep this place elsewhere:", markup=False)
    out.print(str(verified.head), markup=False)


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


def _gone(expected: Mark, removed: Mark) -> UnprocessableError:
    """Whoever removes all entries can say as well that retention did: then the place proves nothing any more."""
    return UnprocessableError(
        "AUDIT_PLACE_GONE",
        f"Entries up to {removed.sequence} aren't there any more, so nothing proves what stood at {expected.sequence}. "
        "What is there fits in itself. Expect a newer place, or check an export that was stored elsewhere.",
        metadata={"sequence": str(expected.sequence), "removed": str(removed.sequence)},
    )


def _verify_file(file: Path, expected: Mark | None) -> Verified:
    """An export begins where it was told to; what is before its first entry isn't looked at."""
    check: ChainCheck | None = None
    checked, broken, removed = 0, None, GENESIS
    for entry in _read(file):
        if check is None:
            marks = () if expected is None else (expected,)
            removed = Mark(entry.sequence - 1, entry.previous)
            check = ChainCheck(removed, *marks)
        if (broken := check.take(entry)) is not None:
            break
        checked += 1
    if check is None:
        raise InvalidArgumentError("INVALID_REQUEST", f"{file} holds no entries.")
    return Verified(removed=removed, head=check.at, checked=checked, broken=broken or check.end())


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
        file = file.resolve()  # what a link leads to is replaced, not the link
        if file.exists() and not (overwrite and file.is_file()):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        # Under another name until it is whole: an export that fails takes no earlier one with it.
        number, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        draft = Path(name)
        try:
            with os.fdopen(number, "w", encoding="utf-8") as target:
                yield target
                target.flush()
                os.fsync(target.fileno())
            # Unlike a link, a rename replaces what is there.
            draft.replace(file) if overwrite else os.link(draft, file)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise _unusable(file, error) from error


def _unusable(file: Path, error: Exception) -> UnavailableError:
    problem = error.strerror if isinstance(error, OSError) else "it isn't UTF-8"
    return UnavailableError("EXPORT_FILE_UNUSABLE", f"{file} can't be used: {problem}.")
