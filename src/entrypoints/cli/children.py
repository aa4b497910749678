"""Programs of ours that run as children: the sandbox and the gateway under `pombo demo`."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from domain.errors import UnavailableError

type Json = dict[str, Any]

_TETHER: Final = Path(__file__).with_name("tether.py")
_SOURCES: Final = Path(__file__).parents[2]
_LOG_LINES: Final = 5
_LINE: Final = 1024 * 1024


class Child:
    """A running child. It dies with this process; its log is in a file, its JSON lines are read here."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def wait(self) -> int:
        """Waits for its end; gives its exit code."""
        return await self._process.wait()

    async def ready(self, event: str, *, seconds: float, on_line: Callable[[Json], None]) -> Json:
        """Reads its lines up to the one whose ``event`` is named; the others go to ``on_line``.

        Raises:
            UnavailableError: ``CHILD_FAILED``: it ended, or took too long.
        """
        try:
            async with asyncio.timeout(seconds):
                async for line in self._lines():
                    if line.get("event") == event:
                        return line
                    on_line(line)
        except TimeoutError:
            raise self.failed(f"wasn't ready within {seconds:.0f} s") from None
        raise self.failed(f"ended with status {await self.wait()}")

    async def drain(self) -> None:
        """Reads on, so that it never waits for a reader."""
        async for _ in self._lines():
            pass

    def failed(self, what: str) -> UnavailableError:
        """An error with the end of its log."""
        return UnavailableError("CHILD_FAILED", f"The {self.name} {what}. Its log, {self.log}, ends:\n{tail(self.log)}")

    async def stop(self, *, seconds: float) -> None:
        """Asks it to stop; kills it when it takes longer than it may."""
        with suppress(ProcessLookupError):
            if self._process.returncode is None:
                self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(seconds):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _lines(self) -> AsyncIterator[Json]:
        if self._process.stdout is None:
            raise AssertionError("it was started with a pipe")
        async for raw in self._process.stdout:
            with suppress(ValueError):
                line = json.loads(raw)
                if isinstance(line, dict):
                    yield line


@asynccontextmanager
async def child(
    name: str, arguments: Sequence[str], log: Path, *, environment: Mapping[str, str], stop_seconds: float
) -> AsyncIterator[Child]:
    """Runs ``python ARGUMENTS`` for the time of the context, in a session of its own."""
    command = [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), sys.executable, *arguments]
    paths = os.pathsep.join(filter(None, (str(_SOURCES), os.environ.get("PYTHONPATH"))))
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=output,
            # A Ctrl-C in the terminal is for us; we stop the children in their order.
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": paths, "PYTHONUNBUFFERED": "1", **environment},
            limit=_LINE,
        )
    running = Child(name, process, log)
    try:
        yield running
    finally:
        await running.stop(seconds=stop_seconds)


def tail(log: Path) -> str:
    """The last lines of a log, shortened."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    except OSError:
        return "  (no log)"
    return "\n".join(f"  {line[:300]}" for line in lines) or "  (empty)"
