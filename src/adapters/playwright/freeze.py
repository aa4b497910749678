"""Stopping a browser for a moment, all of its processes at once."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from typing import Final

from adapters.playwright import processes

_PROC: Final = "/proc"
_STILL: Final = frozenset({b"T", b"t", b"Z", b"X"})
_LOOK_SECONDS: Final = 0.001
_CHUNK: Final = 65_536


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
            _wait_until_still(fresh, time.monotonic() + within)
        yield
        if _state(f"{_PROC}/{root}") not in {b"T", b"t"}:
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


def _wait_until_still(pids: list[int], deadline: float) -> None:
    while pids := [pid for pid in pids if not _is_still(pid)]:
        if time.monotonic() > deadline:
            raise NotFrozenError("a process of the browser doesn't stop")
        time.sleep(_LOOK_SECONDS)  # /proc tells no news


def _is_still(pid: int) -> bool:
    """Whether none of its threads runs. A thread in a system call stops only when that has ended."""
    tasks = f"{_PROC}/{pid}/task"
    try:
        threads = os.listdir(tasks)  # noqa: PTH208 - as below
    except OSError:
        return True
    return all(_state(f"{tasks}/{thread}") in _STILL for thread in threads)


def _state(entry: str) -> bytes:
    try:
        stat = _read(f"{entry}/stat")
    except OSError:
        return b"X"
    return stat[stat.rindex(b")") + 2 :][:1]


def _tree(root: int) -> tuple[int, ...]:
    found = [root]
    for pid in found:
        tasks = f"{_PROC}/{pid}/task"
        try:
            for thread in os.listdir(tasks):  # noqa: PTH208 - as below
                found.extend(int(child) for child in _read(f"{tasks}/{thread}/children").split())
        except FileNotFoundError:
            if os.path.exists(f"{_PROC}/{pid}"):  # noqa: PTH110 - as below
                return processes.tree(root)  # a kernel without lists of children
        except OSError:
            continue  # it has just ended
    return tuple(found)


def _read(path: str) -> bytes:
    """A file of /proc. Without pathlib and buffers, which take six times as long, while a browser stands still."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return b"".join(iter(lambda: os.read(descriptor, _CHUNK), b""))
    finally:
        os.close(descriptor)
