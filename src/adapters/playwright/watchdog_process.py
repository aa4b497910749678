"""Kills browsers at their deadlines, and all of them when the gateway dies, however that happens.

Usage: ``python -I -S watchdog_process.py``. A program of its own, for it has to act when the gateway can't: stopped,
starved or killed. It needs the standard library alone and a few megabytes, and lives in a session of its own, where no
signal to the gateway's process group reaches it. Orders are lines on its standard input; the input's end is the
gateway's:

- ``until NANOSECONDS HEX``: the browser on this user data directory may run until then, by ``CLOCK_BOOTTIME``;
- ``dismiss HEX``: there is none any more;
- ``starter PID``: this process starts browsers; it dies with the gateway.
"""

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Iterable

_BETWEEN_KILLS = 0.05
_BETWEEN_LOOKS = 1.0
"""At a directory whose deadline has passed and that has been empty: something may still start there."""
_FAST_SECONDS = 10
_LAST_SECONDS = 10
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


class Watch:
    """What it has been told."""

    def __init__(self) -> None:
        self.until: dict[bytes, int] = {}
        self.starters: dict[int, bytes | None] = {}

    def order(self, line: bytes) -> None:
        """Takes an order."""
        kind, *arguments = line.split()
        if kind == b"until":
            self.until[bytes.fromhex(arguments[1].decode())] = int(arguments[0])
        elif kind == b"dismiss":
            self.until.pop(bytes.fromhex(arguments[0].decode()), None)
        elif kind == b"starter":
            pid = int(arguments[0])
            self.starters[pid] = _born(pid)

    def end_late(self) -> float | None:
        """Kills what is late; gives the seconds until there is something to do again, None without anything."""
        now = _now()
        late = {directory: end for directory, end in self.until.items() if end <= now}
        if late:
            fresh = _kill(late) or any(now - end < _FAST_SECONDS * 1e9 for end in late.values())
            return _BETWEEN_KILLS if fresh else _BETWEEN_LOOKS
        return None if not self.until else (min(self.until.values()) - now) / 1e9

    def end_all(self) -> None:
        """Kills everything: nobody is there any more who could start something else."""
        for pid, born in self.starters.items():
            if born is not None and _born(pid) == born:
                _kill_one(pid)
        end = _now() + _LAST_SECONDS * 1e9
        while _kill(self.until) and _now() < end:
            time.sleep(_BETWEEN_KILLS)


def _now() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def _read(pid: int, name: str) -> bytes:
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:  # noqa: PTH123 - pathlib takes memory
            return file.read()
    except OSError:
        return b""


def _stat(pid: int) -> list[bytes]:
    """The fields behind the name, which may hold spaces and brackets of its own."""
    return _read(pid, "stat").rpartition(b")")[2].split()


def _born(pid: int) -> bytes | None:
    fields = _stat(pid)
    return fields[19] if fields and fields[0] not in (b"Z", b"X") else None


def _kill(directories: Iterable[bytes]) -> bool:
    """Kills the browsers on these directories with all their descendants. Tells whether there was one."""
    flags = {b"--user-data-dir=" + directory for directory in directories}
    children: dict[int, list[int]] = {}
    doomed: list[int] = []
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib takes memory
        if name.isdigit():
            pid = int(name)
            fields = _stat(pid)
            if fields and fields[0] not in (b"Z", b"X"):
                children.setdefault(int(fields[1]), []).append(pid)
                if flags.intersection(_read(pid, "cmdline").split(b"\0")):
                    doomed.append(pid)
    found = set(doomed)
    for pid in doomed:
        more = [child for child in children.get(pid, ()) if child not in found]
        found.update(more)
        doomed.extend(more)
    for pid in doomed:
        _kill_one(pid)
    return bool(doomed)


def _kill_one(pid: int) -> None:
    with contextlib.suppress(OSError):  # it is gone, or another user's
        os.kill(pid, signal.SIGKILL)


def main() -> None:
    """Works until the gateway has died, and everything of it."""
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    os.set_blocking(0, False)
    poll, watch, rest = select.poll(), Watch(), b""
    poll.register(0, select.POLLIN)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        wait = watch.end_late()
        if poll.poll(None if wait is None else max(wait * 1000, 0)):
            piece = os.read(0, 65536)
            if not piece:
                break
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                watch.order(line)
    watch.end_all()


if __name__ == "__main__":
    main()
