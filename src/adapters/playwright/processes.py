"""The browser's processes, as the kernel tells of them (Linux ``/proc``)."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_LOOK_SECONDS: Final = 0.02


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())


def _command(pid: int) -> tuple[bytes, ...]:
    try:
        return tuple((_PROC / str(pid) / "cmdline").read_bytes().split(b"\0"))
    except OSError:
        return ()


def _parent(pid: int) -> int | None:
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    # The second field is the name in brackets, which may hold spaces and brackets of its own.
    fields = stat[stat.rindex(b")") + 2 :].split()
    return None if fields[0] in {b"Z", b"X"} else int(fields[1])


def browser_pids(user_data_dir: Path) -> tuple[int, ...]:
    """Processes that run on a user data directory; zombies don't count."""
    flag = f"--user-data-dir={user_data_dir}".encode()
    return tuple(pid for pid in _pids() if flag in _command(pid) and _parent(pid) is not None)


def main_browser_pid(user_data_dir: Path) -> int | None:
    """The browser's main process on a directory: not a helper, and not a shell script that started it and waits."""
    pids = [
        pid
        for pid in browser_pids(user_data_dir)
        if not any(argument.startswith(b"--type=") for argument in _command(pid))
    ]
    starters = {_parent(pid) for pid in pids}
    return next((pid for pid in pids if pid not in starters), None)


def tree(root: int) -> tuple[int, ...]:
    """A process and all its descendants, parents first."""
    children: dict[int, list[int]] = {}
    for pid in _pids():
        parent = _parent(pid)
        if parent is not None:
            children.setdefault(parent, []).append(pid)
    found = [root]
    for pid in found:
        found.extend(children.get(pid, ()))
    return tuple(found)


def memory(pids: tuple[int, ...]) -> int:
    """What processes take of the machine's memory, in bytes: their own pages, and their share of common ones (PSS).

    Where the kernel doesn't tell that, their resident sets, which count common pages once for each.
    """
    return sum(_memory(pid) for pid in pids)


def _memory(pid: int) -> int:
    try:
        for line in (_PROC / str(pid) / "smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return int((_PROC / str(pid) / "statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0  # it has just ended


def playwright_pids() -> frozenset[int]:
    """Playwright's own driver processes that are children of ours."""
    own = os.getpid()
    return frozenset(pid for pid in _pids() if _parent(pid) == own and b"run-driver" in _command(pid))


def kill(pids: tuple[int, ...]) -> None:
    """Kills processes; those that are gone already don't matter."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


async def gone(user_data_dir: Path, within: float) -> bool:
    """Whether no process is left on a directory, waiting at most ``within`` seconds for it."""
    end = asyncio.get_running_loop().time() + within
    while browser_pids(user_data_dir):
        if asyncio.get_running_loop().time() >= end:
            return False
        # /proc tells no news: there is nothing to wait on for processes that aren't our children.
        await asyncio.sleep(_LOOK_SECONDS)
    return True


class ProcessWatch:
    """Calls back once when a process ends, whoever's child it is."""

    def __init__(self, pid: int, ended: Callable[[], None]) -> None:
        """Starts watching.

        Raises:
            ProcessLookupError: the process is gone.
        """
        self._ended = ended
        self._fd: int | None = os.pidfd_open(pid)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, self._fire)

    def _fire(self) -> None:
        self.stop()
        self._ended()

    def stop(self) -> None:
        """Stops watching. May be called twice."""
        if self._fd is not None:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = None
