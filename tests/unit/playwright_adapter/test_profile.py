import asyncio
import sys
from pathlib import Path

import pytest

from adapters.playwright import processes
from adapters.playwright.profile import Profile
from domain.errors import ConflictError, InvalidArgumentError, UnavailableError
from domain.ids import SessionId

SESSION = SessionId("one")


async def test_one_owner_at_a_time(tmp_path: Path) -> None:
    first = await Profile.acquire(tmp_path / "profiles", SESSION)
    assert (tmp_path / "profiles" / SESSION).stat().st_mode & 0o777 == 0o700
    with pytest.raises(ConflictError) as caught:
        await Profile.acquire(tmp_path / "profiles", SESSION)
    assert caught.value.reason == "PROFILE_IN_USE"
    first.release()
    first.release()
    second = await Profile.acquire(tmp_path / "profiles", SESSION)
    second.release()


async def test_whether_an_account_was_linked_is_remembered(tmp_path: Path) -> None:
    profile = await Profile.acquire(tmp_path, SESSION)
    assert not profile.linked
    profile.user_data_dir.mkdir()
    profile.linked = True
    profile.release()
    profile = await Profile.acquire(tmp_path, SESSION)
    assert profile.linked
    profile.linked = False
    assert not profile.linked
    await profile.delete()
    assert not (tmp_path / SESSION).exists()


async def test_a_browser_left_behind_is_ended_and_its_lock_removed(tmp_path: Path) -> None:
    home = tmp_path / SESSION / "chromium"
    home.mkdir(parents=True)
    (home / "SingletonLock").symlink_to("gone-1")
    program = "import time; print(flush=True); time.sleep(60)"
    left = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, f"--user-data-dir={home}"), stdout=asyncio.subprocess.PIPE
    )
    assert left.stdout is not None
    # A process that has just become another program has no command line for a moment.
    await left.stdout.readline()
    assert processes.main_browser_pid(home) == left.pid
    waiting = asyncio.create_task(left.wait())
    profile = await Profile.acquire(tmp_path, SESSION)
    assert await waiting == -9
    assert not (home / "SingletonLock").is_symlink()
    profile.release()


async def test_a_name_cant_leave_the_directory(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError):
        await Profile.acquire(tmp_path, SessionId("../elsewhere"))


async def test_a_watch_tells_of_the_end() -> None:
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(60)")
    ended = asyncio.Event()
    watch = processes.ProcessWatch(child.pid, ended.set)
    assert child.pid in processes.tree(child.pid)
    processes.kill((child.pid,))
    async with asyncio.timeout(5):
        await ended.wait()
    watch.stop()
    await child.wait()
    with pytest.raises(ProcessLookupError):
        processes.ProcessWatch(child.pid, ended.set)


async def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = await Profile.acquire(tmp_path, SESSION)
    profile.require_space()
    # More than any disk has: what is looked at is the real one.
    monkeypatch.setattr("adapters.playwright.profile._LEAST_FREE", 2**62)
    with pytest.raises(UnavailableError, match="Free space") as caught:
        profile.require_space()
    assert caught.value.reason == "DISK_FULL"
    profile.release()
