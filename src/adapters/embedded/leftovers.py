"""Servers that outlived their gateway."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Final

import structlog

from domain.errors import UnavailableError

_log = structlog.get_logger(__name__)
_PATIENCE: Final = 5.0
"""Seconds for each way of asking: a server whose gateway died is on its way down by itself."""
_POLL: Final = 0.02


def find(program: str, mark: str) -> list[int]:
    """The processes of a program whose command line, or the title they gave themselves, has the mark in it."""
    entries = (entry for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return [int(entry.name) for entry in entries if _is(entry, program, mark)]


async def end(program: str, mark: str) -> None:
    """Waits for a server of an earlier gateway to end, and ends it when it doesn't.

    The caller holds the data directory's lock, so that whoever started such a server is gone.

    Args:
        program: the name of the server's program.
        mark: what tells this data directory's server from another one's.

    Raises:
        UnavailableError: ``LEFTOVER_SERVER`` when it can't be ended.
    """
    for harder in (None, signal.SIGINT, signal.SIGKILL):
        found = find(program, mark)
        if not found:
            return
        if harder is not None:
            _log.warning("leftover_server_signalled", program=program, pids=found, signal=harder.name)
            for pid in found:
                _signal(pid, harder)
        if await _gone(program, mark):
            return
    raise UnavailableError(
        "LEFTOVER_SERVER",
        f"A {program} of an earlier run doesn't end (processes {find(program, mark)}). End it and start again.",
    )


async def _gone(program: str, mark: str) -> bool:
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    while find(program, mark):
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(_POLL)
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise UnavailableError(
            "LEFTOVER_SERVER", f"Process {pid} serves this data directory and belongs to somebody else. End it first."
        ) from error


def _is(entry: Path, program: str, mark: str) -> bool:
    try:
        line = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
    except OSError:
        # It ended while we looked.
        return False
    # "/path/to/postgres -D …", or after it has changed its title "postgres: checkpointer".
    name = os.path.basename(line.split(b" ", 1)[0]).rstrip(b":")  # noqa: PTH119 - bytes, not a path of ours
    return name == os.fsencode(program) and os.fsencode(mark) in line
