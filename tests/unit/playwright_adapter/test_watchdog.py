"""The watchdog's process keeps the contract of its port, and outlives the gateway."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from adapters.playwright import processes
from adapters.playwright.processes import browser_pids
from adapters.playwright.profile import user_data_dir
from adapters.playwright.watchdog import ProcessWatchdog
from domain.ids import SessionId
from tests.contracts.samples import SALES
from tests.contracts.watchdog import WatchdogContract, dead, from_now, timedelta

_SOURCES = Path(__file__).parents[3] / "src"
_BROWSER = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"] + sys.argv[2:])
time.sleep(600)
"""
_GATEWAY = """
import asyncio, json, os, signal, sys, time
from datetime import timedelta
from pathlib import Path
from adapters.playwright.watchdog import ProcessWatchdog

async def main():
    profiles, seconds = Path(sys.argv[1]), float(sys.argv[2])
    starter = await asyncio.create_subprocess_exec("sleep", "600")
    watchdog = ProcessWatchdog(profiles, lambda: [starter.pid])
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    await watchdog.allow({"sales": timedelta(seconds=now + seconds)})
    print(json.dumps({"watchdog": watchdog.pid, "starter": starter.pid}), flush=True)
    os.kill(0 if sys.argv[3] == "group" else os.getpid(), int(sys.argv[4]))
    await asyncio.sleep(600)

asyncio.run(main())
"""


class ProcessBrowsers:
    """Programs that look like browsers, with a helper each."""

    def __init__(self, profiles: Path) -> None:
        self.profiles = profiles
        self._started: list[Process] = []

    async def start(self, session_id: SessionId, helper: str = "") -> None:
        flag = f"--user-data-dir={user_data_dir(self.profiles, session_id)}"
        self._started.append(
            await asyncio.create_subprocess_exec(sys.executable, "-c", _BROWSER, flag, *([helper] if helper else []))
        )

    def alive(self, session_id: SessionId) -> bool:
        return bool(browser_pids(user_data_dir(self.profiles, session_id)))

    async def end(self) -> None:
        for process in self._started:
            if process.returncode is None:
                processes.kill(processes.tree(process.pid))  # the helper too: it would sleep on
            await process.wait()


@pytest.fixture
async def browsers(tmp_path: Path) -> AsyncIterator[ProcessBrowsers]:
    browsers = ProcessBrowsers(tmp_path / "a profile's\nplace")
    yield browsers
    await browsers.end()


@pytest.fixture
async def watchdog(browsers: ProcessBrowsers) -> AsyncIterator[ProcessWatchdog]:
    watchdog = ProcessWatchdog(browsers.profiles)
    yield watchdog
    await watchdog.stop()


class TestProcessWatchdog(WatchdogContract):
    pass


def helpers(name: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdecimal() and name.encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def runs(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def gone(*pids: int) -> None:
    async with asyncio.timeout(10):
        while any(map(runs, pids)):  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.01)


async def test_helpers_that_dont_name_the_directory_go_too(
    watchdog: ProcessWatchdog, browsers: ProcessBrowsers
) -> None:
    name = f"helper-of-{os.getpid()}"
    await browsers.start(SALES, name)
    async with asyncio.timeout(10):
        while len(helpers(name)) < 2:  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.01)
    # A helper that is stopped doesn't notice that its browser is gone.
    os.kill(max(helpers(name)), signal.SIGSTOP)
    await watchdog.allow({SALES: timedelta(0)})
    await gone(*helpers(name))


async def test_one_that_dies_is_started_again_and_knows_what_it_knew(
    watchdog: ProcessWatchdog, browsers: ProcessBrowsers
) -> None:
    await browsers.start(SALES)
    await watchdog.allow({SALES: from_now(timedelta(milliseconds=500))})
    first = watchdog.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await dead(browsers, SALES)
    assert watchdog.pid not in {None, first}


async def test_signals_to_the_gateway_dont_end_it(watchdog: ProcessWatchdog, browsers: ProcessBrowsers) -> None:
    await watchdog.allow({SALES: from_now(timedelta(milliseconds=300))})
    pid = watchdog.pid
    assert pid is not None
    assert os.getsid(pid) == pid
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, number)
    await browsers.start(SALES)
    await dead(browsers, SALES)
    assert watchdog.pid == pid


async def test_at_its_end_it_takes_along_what_it_was_told_of(browsers: ProcessBrowsers) -> None:
    watchdog = ProcessWatchdog(browsers.profiles)
    await browsers.start(SALES)
    await watchdog.allow({SALES: from_now(timedelta(minutes=5))})
    await watchdog.stop()
    assert not browsers.alive(SALES)
    await watchdog.stop()


@pytest.mark.parametrize("whom", ["process", "group"])
@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
async def test_it_acts_when_the_gateway_cant(browsers: ProcessBrowsers, number: int, whom: str) -> None:
    """Stopped: at the deadline. Killed: at once, and then there is nothing left of either."""
    await browsers.start(SALES)
    seconds = 0.5 if number == signal.SIGSTOP else 300
    gateway = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _GATEWAY, str(browsers.profiles), str(seconds), whom, str(int(number))),
        stdout=PIPE,
        env={**os.environ, "PYTHONPATH": str(_SOURCES)},
        start_new_session=True,
    )
    try:
        assert gateway.stdout is not None
        pids = json.loads(await gateway.stdout.readline())
        await dead(browsers, SALES)
        if number == signal.SIGKILL:
            await gone(*pids.values())
        else:
            assert runs(pids["watchdog"])
    finally:
        for pid in pids.values():
            with suppress(ProcessLookupError):
                if pid != pids["watchdog"]:
                    os.kill(pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            gateway.kill()
        await gateway.wait()
        await gone(*pids.values())
