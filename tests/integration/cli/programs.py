"""Programs as processes, and what they leave behind."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).parents[3] / "src"
KEY = "a-key-for-this-test-only"


class Program:
    """A running `pombo`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []

    async def until(self, event: str, *, seconds: float = 90) -> dict[str, Any]:
        """Its output's JSON line with this event."""
        assert self.process.stdout is not None
        async with asyncio.timeout(seconds):
            async for raw in self.process.stdout:
                self.lines.append(json.loads(raw))
                if self.lines[-1]["event"] == event:
                    return self.lines[-1]
        raise AssertionError(f"it ended with {await self.ended()} before {event}: {await self.errors()}")

    async def ended(self, *, seconds: float = 15) -> int:
        """Its exit code."""
        async with asyncio.timeout(seconds):
            return await self.process.wait()

    async def errors(self) -> str:
        """The rest of its standard error, once it has ended."""
        assert self.process.stderr is not None
        return (await self.process.stderr.read()).decode()

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        self.process.send_signal(number)


@asynccontextmanager
async def pombo(
    *arguments: str, environment: Mapping[str, str], directory: Path, through: Sequence[str] = ()
) -> AsyncIterator[Program]:
    """Runs `pombo` with none of our own settings in its environment; ``through`` is a program that starts it."""
    inherited = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *(*through, sys.executable, "-m", "entrypoints.cli", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**inherited, "HOME": str(directory), "PYTHONPATH": str(SOURCES), "COLUMNS": "300", **environment},
        cwd=directory,
        start_new_session=True,
        limit=1024 * 1024,
    )
    try:
        yield Program(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def run(
    *arguments: str, environment: Mapping[str, str], directory: Path, through: Sequence[str] = (), seconds: float = 90
) -> tuple[int, str, str]:
    """Runs `pombo` to its end: exit code, output, errors."""
    async with pombo(*arguments, environment=environment, directory=directory, through=through) as program:
        async with asyncio.timeout(seconds):
            output, errors = await program.process.communicate()
        return program.process.returncode or 0, output.decode(), errors.decode()


def processes_of(directory: Path) -> Sequence[int]:
    """Processes that were told of a directory, by argument or environment."""
    wanted, found = str(directory).encode(), []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if wanted in (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes():
                    found.append(int(entry.name))
    return found


async def all_gone(directory: Path, *, seconds: float = 30) -> Sequence[int]:
    """Waits for the directory's processes to end; gives those that don't."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while (left := await asyncio.to_thread(processes_of, directory)) and loop.time() < deadline:  # noqa: ASYNC110 - they aren't our children: nothing tells of their end
        await asyncio.sleep(0.05)
    return left
