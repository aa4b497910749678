"""A session's profile on disk, owned by one driver at a time."""

import asyncio
import fcntl
import os
import shutil
from pathlib import Path
from typing import Final, Self

from adapters.playwright import processes
from domain.errors import ConflictError, UnavailableError
from domain.ids import SessionId, parse_session_id

_PRIVATE: Final = 0o700
_LEAVE_SECONDS: Final = 3.0
_EPOCH: Final = "epoch"
_SINGLETONS: Final = ("SingletonLock", "SingletonCookie", "SingletonSocket")


class Profile:
    """A locked profile directory.

    Two browsers on one profile corrupt it, and the headless shell has no lock of its own; so the lock is ours: it is
    held on an open file, and the kernel lets go of it when its owner dies.
    """

    def __init__(self, home: Path, lock: int) -> None:
        self._home = home
        self._lock: int | None = lock

    @classmethod
    async def acquire(cls, root: Path, session_id: SessionId) -> Self:
        """Makes the directory where it is missing and takes its lock.

        A browser that an owner who was killed left behind is ended first.

        Raises:
            ConflictError: ``PROFILE_IN_USE``.
            UnavailableError: ``BROWSER_FAILED`` when the directory can't be used.
        """
        home = root / parse_session_id(session_id)
        try:
            for directory in (root, home):
                directory.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            home.chmod(_PRIVATE)
            lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UnavailableError(
                "BROWSER_FAILED", f"The profile directory can't be used: {error.strerror}."
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise ConflictError("PROFILE_IN_USE", "Another process has this session's browser profile open.") from error
        profile = cls(home, lock)
        try:
            await profile._clear()
        except BaseException:
            profile.release()
            raise
        return profile

    async def _clear(self) -> None:
        """We hold the lock, so whoever ran a browser here is dead, and what it left is stale."""
        home = self.user_data_dir
        if not await processes.gone(home, _LEAVE_SECONDS):
            processes.kill(processes.browser_pids(home))
            if not await processes.gone(home, _LEAVE_SECONDS):
                raise ConflictError("PROFILE_IN_USE", "A browser that doesn't end has this session's profile open.")
        for name in _SINGLETONS:
            (home / name).unlink(missing_ok=True)

    @property
    def user_data_dir(self) -> Path:
        """Chromium's own directory."""
        return self._home.absolute() / "chromium"

    @property
    def linked(self) -> bool:
        """Whether an account was linked when the page was last seen."""
        return (self._home / "linked").exists()

    @linked.setter
    def linked(self, linked: bool) -> None:
        if linked:
            (self._home / "linked").touch(mode=0o600)
        else:
            (self._home / "linked").unlink(missing_ok=True)

    @property
    def epoch(self) -> int:
        """That of the lease under which it was opened last; 0 when it never was."""
        try:
            return int((self._home / _EPOCH).read_text())
        except (FileNotFoundError, ValueError):
            return 0

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        whole = self._home / f"{_EPOCH}.new"
        try:
            whole.write_text(f"{epoch}\n")
            whole.replace(self._home / _EPOCH)
        except OSError as error:
            raise UnavailableError(
                "BROWSER_FAILED", f"The profile directory can't be written: {error.strerror}."
            ) from error

    async def delete(self) -> None:
        """Deletes the directory with the login in it, and lets go of the lock."""
        await asyncio.to_thread(shutil.rmtree, self._home, ignore_errors=False)
        self.release()

    def release(self) -> None:
        """Lets go of the lock. May be called twice."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
