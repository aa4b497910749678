"""The programs of a run: they die with it, however it ends."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from adapters.embedded.identity import Identity
from adapters.embedded.supervised_server import launch_command

ROOT: Final = Path(__file__).resolve().parents[2]
_PROC: Final = Path("/proc")
_PORTS: Final = range(18_000, 32_000)
"""Below those that the kernel gives to outgoing connections: a port must be free again when its program restarts."""

_FREEZER: Final = """
import os, select, signal, sys
for pid in sys.argv[2:]:
    try: os.kill(int(pid), signal.SIGSTOP)
    except ProcessLookupError: pass
select.select([sys.stdin], [], [], float(sys.argv[1]))
for pid in sys.argv[2:]:
    try: os.kill(int(pid), signal.SIGCONT)
    except ProcessLookupError: pass
"""
"""A process of its own: what it has frozen is thawed even when the run is killed meanwhile."""


class Ports:
    """Hands out ports that nobody listens on."""

    def __init__(self) -> None:
        self._next = iter(_PORTS[(os.getpid() * 7) % len(_PORTS) :])

    def take(self) -> int:
        for port in self._next:
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
        raise RuntimeError("no port is free")


async def launch(module: Sequence[str], log: Path, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    """Starts ``python -m MODULE …`` with its output in a log. It is killed when this process ends."""
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *launch_command(Identity.own(), signal.SIGKILL, [sys.executable, "-m", *module]),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # a Ctrl-C in the terminal is for the run, which stops its programs in order
            env={**environment, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "PYTHONUNBUFFERED": "1"},
        )


async def freeze(pids: Sequence[int], seconds: float) -> None:
    """SIGSTOP, and SIGCONT after a while or when this process ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-c", _FREEZER, str(seconds), *map(str, pids)), stdin=asyncio.subprocess.PIPE
    )
    try:
        await process.wait()
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await asyncio.shield(process.wait())


async def end(process: asyncio.subprocess.Process, seconds: float) -> int:
    """SIGTERM, and SIGKILL when that takes too long."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(seconds):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    return await process.wait()


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def command(pid: int) -> tuple[bytes, ...]:
    """A process's command line; empty when it is gone or a zombie."""
    try:
        return tuple((_PROC / str(pid) / "cmdline").read_bytes().split(b"\0"))
    except OSError:
        return ()


def parents() -> dict[int, int]:
    """The parent of every process that is no zombie."""
    found = {}
    for entry in _PROC.iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                if stat[0] not in {"Z", "X"}:
                    found[int(entry.name)] = int(stat[1])
    return found


def descendants(root: int) -> list[int]:
    """All that a process has started, and what those have, in the order of their ids."""
    parent_of = parents()
    found = {root}
    while more := {pid for pid, parent in parent_of.items() if parent in found} - found:
        found |= more
    return sorted(found - {root})


def processes_of(directory: Path) -> dict[int, str]:
    """Processes that have a directory on their command line or in their environment: ours, wherever they hang now."""
    mark, found = os.fsencode(directory), {}
    for pid in parents():
        if pid == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if mark in (_PROC / str(pid) / "cmdline").read_bytes() + (_PROC / str(pid) / "environ").read_bytes():
                found[pid] = b" ".join(command(pid)[:3]).decode(errors="replace")[:120]
    return found
