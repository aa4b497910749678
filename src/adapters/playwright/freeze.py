"""Stopping a browser for a moment, all of its processes at once."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from adapters.playwright import processes

_PROC: Final = Path("/proc")
_STILL: Final = frozenset({b"T", b"t", b"Z", b"X"})
_LOOK_SECONDS: Final = 0.001


class NotFrozenError(Exception):
    """The browser is gone, or a process of it doesn't stop in time."""


@contextlib.contextmanager
def frozen(root: int, *, within: float = 2.0) -> Iterator[None]:
    """Stops a process and all its descendants, and lets them go on at the end, whatever happens.

    Blocks: use it in a thread. What they had handed to the kernel by then is in the files, and nothing more comes: what
    is read meanwhile is an image of one moment, like that after a crash of the process.

    Args:
        root: the browser's main process.
        within: seconds that they may take to stop: one that waits for a disk does so only afterwards.

    Raises:
        NotFrozenError: they don't stop, or the browser has died by the end.
    """
    with contextlib.ExitStack() as stopped:
        handles: dict[int, int] = {}
        # Parents first, and again until there is nobody new: one that is stopped has no more children.
        while fresh := [pid for pid in _tree(root) if pid not in handles]:
            for pid in fresh:
                with contextlib.suppress(ProcessLookupError):
                    handles[pid] = _stop(pid, stopped)
            if root not in handles:
                raise NotFrozenError("the browser is gone")
            _wait_until_still(tuple(handles), time.monotonic() + within)
        yield
        if _state(_PROC / str(root)) not in {b"T", b"t"}:
            raise NotFrozenError("the browser has ended meanwhile")


def _stop(pid: int, stopped: contextlib.ExitStack) -> int:
    # A descriptor of the process, not its number, which might be another's by the end.
    handle = os.pidfd_open(pid)
    stopped.callback(os.close, handle)
    stopped.callback(_go_on, handle)
    signal.pidfd_send_signal(handle, signal.SIGSTOP)
    return handle


def _go_on(handle: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(handle, signal.SIGCONT)


def _wait_until_still(pids: tuple[int, ...], deadline: float) -> None:
    while not all(_is_still(pid) for pid in pids):
        if time.monotonic() > deadline:
            raise NotFrozenError("a process of the browser doesn't stop")
        time.sleep(_LOOK_SECONDS)  # /proc tells no news


def _is_still(pid: int) -> bool:
    """Whether none of its threads runs. A thread in a system call stops only when that has ended."""
    try:
        threads = tuple((_PROC / str(pid) / "task").iterdir())
    except OSError:
        return True
    return all(_state(thread) in _STILL for thread in threads)


def _state(entry: Path) -> bytes:
    try:
        stat = (entry / "stat").read_bytes()
    except OSError:
        return b"X"
    return stat[stat.rindex(b")") + 2 :][:1]


def _tree(root: int) -> tuple[int, ...]:
    found = [root]
    for pid in found:
        try:
            for thread in (_PROC / str(pid) / "task").iterdir():
                found.extend(int(child) for child in (thread / "children").read_bytes().split())
        except FileNotFoundError:
            if (_PROC / str(pid)).exists():
                return processes.tree(root)  # a kernel without lists of children
        except OSError:
            continue  # it has just ended
    return tuple(found)
