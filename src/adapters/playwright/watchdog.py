"""The watchdog's process, seen from the gateway."""

import asyncio
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final, override

import structlog

from adapters.playwright.processes import browser_pids, kill, tree
from adapters.playwright.profile import user_data_dir
from application.ports.watchdog import Watchdog
from domain.errors import UnavailableError
from domain.ids import SessionId

_LOG: Final = structlog.get_logger(__name__)
_PROGRAM: Final = Path(__file__).with_name("watchdog_process.py")
_START_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 15.0
_WRITE_SECONDS: Final = 2.0
_PAUSE_SECONDS: Final = 0.1


class ProcessWatchdog(Watchdog):
    """Tells a process of its own, which outlives us by as long as it takes to kill the browsers.

    ``start`` before the first use, ``stop`` at the end, after the driver's. A process that dies is started again.

    Args:
        profiles: the directory of the profiles, as the driver's settings have it.
        starters: the processes that start browsers at present.
    """

    def __init__(self, profiles: Path, starters: Callable[[], Iterable[int]] = lambda: ()) -> None:
        self._profiles = profiles
        self._starters = starters
        self._until: dict[SessionId, timedelta] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._stopped = False

    @property
    def pid(self) -> int | None:
        """The process's id, while there is one."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Starts the process, unless it runs.

        Raises:
            UnavailableError: ``WATCHDOG_FAILED``.
        """
        async with self._starting:
            if self._process is not None and self._process.returncode is None:
                return
            self._process = None
            try:
                process = await self._launch()
            except (OSError, TimeoutError, ValueError) as error:
                raise _failed(error) from error
            self._process = process
            self._watching = asyncio.create_task(self._watch(process))
            await self._write(process, map(self._until_line, self._until))

    async def stop(self) -> None:
        """Has it kill what it still knows of, and end. May be called twice."""
        self._stopped = True
        process, self._process = self._process, None
        if self._watching is not None:
            self._watching.cancel()
        if process is not None and process.stdin is not None:
            process.stdin.close()
            try:
                async with asyncio.timeout(_STOP_SECONDS):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()

    @override
    async def allow(self, until: Mapping[SessionId, timedelta]) -> None:
        if not until:
            return
        now = timedelta(seconds=time.clock_gettime(time.CLOCK_BOOTTIME))
        for session_id, end in until.items():
            if end <= now:  # at once, also where the process can't be had
                self._until[session_id] = end
                for pid in browser_pids(user_data_dir(self._profiles, session_id)):
                    kill(tree(pid))
        await self.start()
        process = self._process
        if process is None:
            raise UnavailableError("WATCHDOG_FAILED", "The watchdog has been stopped.")
        starters = [f"starter {pid}" for pid in self._starters()]
        await self._write(process, [*starters, *(_line(self._profiles, *entry) for entry in until.items())])
        self._until |= until

    @override
    async def dismiss(self, session_ids: Collection[SessionId]) -> None:
        for session_id in session_ids:
            self._until.pop(session_id, None)
        if self._process is not None:
            with suppress(UnavailableError):  # the next one isn't told of them at all
                await self._write(self._process, [f"dismiss {_hex(self._profiles, each)}" for each in session_ids])

    def _until_line(self, session_id: SessionId) -> str:
        return _line(self._profiles, session_id, self._until[session_id])

    async def _launch(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(_PROGRAM)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # What stops or interrupts the gateway's process group must not reach it.
            start_new_session=True,
            env={},
        )
        try:
            async with asyncio.timeout(_START_SECONDS):
                if process.stdout is None or await process.stdout.readline() != b"ready\n":
                    raise ValueError("it ended at once")
        except BaseException:
            with suppress(ProcessLookupError):
                process.kill()
            raise
        return process

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        _LOG.error("watchdog_died", status=code)
        if not self._stopped:
            await asyncio.sleep(_PAUSE_SECONDS)  # one that can't live isn't started without end
            with suppress(UnavailableError):  # whoever needs it next tries again, and is told
                await self.start()

    @staticmethod
    async def _write(process: asyncio.subprocess.Process, lines: Iterable[str]) -> None:
        if process.stdin is None:
            raise AssertionError("it was started with a pipe")
        try:
            process.stdin.write("".join(f"{line}\n" for line in lines).encode())
            async with asyncio.timeout(_WRITE_SECONDS):
                await process.stdin.drain()
        except (OSError, TimeoutError) as error:
            raise _failed(error) from error


def _hex(profiles: Path, session_id: SessionId) -> str:
    return str(user_data_dir(profiles, session_id)).encode(errors="surrogateescape").hex()


def _line(profiles: Path, session_id: SessionId, until: timedelta) -> str:
    nanoseconds = until // timedelta(microseconds=1) * 1_000
    return f"until {nanoseconds} {_hex(profiles, session_id)}"


def _failed(error: Exception) -> UnavailableError:
    return UnavailableError(
        "WATCHDOG_FAILED",
        f"The process that ends browsers whose session is lost can't be reached ({type(error).__name__}); without it "
        "no session may run.",
    )
