"""A session's profile on disk, owned by one driver at a time."""

import asyncio
import errno
import fcntl
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from adapters.playwright import processes, profile_image
from domain.errors import ConflictError, UnavailableError
from domain.ids import SessionId, parse_session_id
from domain.snapshot import ProfileImage

_PRIVATE: Final = 0o700
_MEBIBYTE: Final = 1024 * 1024
_LEAST_FREE: Final = 16 * _MEBIBYTE
"""Bytes free on a profile's disk without which no browser is started on it."""
_LEAVE_SECONDS: Final = 3.0
_EPOCH: Final = "epoch"
_READ: Final = "read"
"""There while all that the profile holds is on record."""
_RESTORED: Final = "chromium.restored"
"""Where a restored profile is written; in place it is only when it is whole."""
_REPLACED: Final = "chromium.replaced"
"""The old one, from its being moved out of the way until the restored one is in its place."""
_CHROMIUM: Final = "chromium"
_SINGLETONS: Final = ("SingletonLock", "SingletonCookie", "SingletonSocket")


def user_data_dir(root: Path, session_id: SessionId) -> Path:
    """Chromium's own directory of a session, as its processes are given it."""
    return root.absolute() / parse_session_id(session_id) / _CHROMIUM


class Profile:
    """A locked profile directory.

    Two browsers on one profile corrupt it, and the headless shell has no lock of its own; so the lock is ours: it is
    held on an open file, and the kernel lets go of it when its owner dies.
    """

    def __init__(self, home: Path, lock: int | None) -> None:
        self._home = home
        self._lock = lock

    @classmethod
    async def acquire(cls, root: Path, session_id: SessionId) -> Self:
        """Makes the directory where it is missing and takes its lock.

        A browser that an owner who was killed left behind is ended first.

        Raises:
            ConflictError: ``PROFILE_IN_USE``.
            UnavailableError: ``PROFILE_UNWRITABLE``, ``DISK_FULL``.
        """
        home = root / parse_session_id(session_id)
        try:
            for directory in (root, home):
                directory.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            home.chmod(_PRIVATE)
            lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unwritable(error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise ConflictError(
                "PROFILE_IN_USE",
                f"Another process has this session's browser profile open: end the one that has {home / 'lock'} open.",
            ) from error
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
                pids = ", ".join(map(str, processes.browser_pids(home)))
                raise ConflictError(
                    "PROFILE_IN_USE", f"A browser that doesn't end has this session's profile open: process {pids}."
                )
        for name in _SINGLETONS:
            (home / name).unlink(missing_ok=True)
        try:
            self._tidy()
        except OSError as error:
            raise unwritable(error) from error

    def _tidy(self) -> None:
        """Ends a restore that was broken off."""
        restored, replaced = self._home / _RESTORED, self._home / _REPLACED
        if replaced.exists() and not self.user_data_dir.exists():
            replaced.rename(self.user_data_dir)
        for leftover in (restored, replaced):
            if leftover.exists():
                shutil.rmtree(leftover)

    @property
    def user_data_dir(self) -> Path:
        """Chromium's own directory."""
        return self._home.absolute() / _CHROMIUM

    @property
    def linked(self) -> bool:
        """Whether an account was linked when the page was last seen, and what it left is here."""
        return (self._home / "linked").exists() and self.user_data_dir.is_dir()

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
            raise unwritable(error) from error

    @property
    def unread(self) -> bool:
        """Whether it holds a login, and was opened since it was restored or read."""
        return self.linked and not (self._home / _READ).exists()

    @unread.setter
    def unread(self, unread: bool) -> None:
        try:
            if unread:
                (self._home / _READ).unlink(missing_ok=True)
            else:
                (self._home / _READ).touch(mode=0o600)
        except OSError as error:
            raise unwritable(error) from error

    @classmethod
    def all_unread(cls, root: Path) -> Mapping[SessionId, int]:
        """The unread profiles below a root, whoever has them open, with their epochs. Blocks.

        Raises:
            UnavailableError: ``PROFILE_UNREADABLE``.
        """
        try:
            homes = [home for home in root.iterdir() if home.is_dir()] if root.is_dir() else []
            profiles = {SessionId(home.name): cls(home, None) for home in homes}
            return {name: profile.epoch for name, profile in profiles.items() if profile.unread}
        except OSError as error:
            raise unreadable(error) from error

    def read_image(self, limit: int) -> ProfileImage | None:
        """The login's part of the profile, whose browser is closed; None where no account is linked. Blocks.

        Raises:
            TooLargeError: ``SNAPSHOT_TOO_LARGE``.
            UnavailableError: ``PROFILE_UNREADABLE``.
        """
        if not self.linked:
            return None
        try:
            return profile_image.pack(profile_image.read(self.user_data_dir, limit))
        except OSError as error:
            raise unreadable(error) from error

    def restore(self, image: ProfileImage, epoch: int, limit: int) -> None:
        """Puts a linked account's image in the place of what is here. Blocks.

        Whenever it is broken off, the profile is the old one or the new one, once it is acquired again.

        Raises:
            UnprocessableError: ``SNAPSHOT_CORRUPT``, ``SNAPSHOT_UNSUPPORTED``.
            TooLargeError: ``SNAPSHOT_TOO_LARGE``.
            UnavailableError: ``PROFILE_UNWRITABLE``.
        """
        restored, replaced = self._home / _RESTORED, self._home / _REPLACED
        try:
            try:
                profile_image.unpack(image, restored, limit)
                profile_image.sync_directory(self._home)
                if self.user_data_dir.exists():
                    self.user_data_dir.rename(replaced)
                restored.rename(self.user_data_dir)
                self.linked = True
                self.unread = False
                self.epoch = epoch
                profile_image.sync_directory(self._home)
            finally:
                self._tidy()
        except OSError as error:
            raise unwritable(error) from error

    def require_space(self) -> None:
        """Checks that there is room for what the page must remember. On a full disk a login that is made is lost.

        Raises:
            UnavailableError: ``DISK_FULL``.
        """
        if shutil.disk_usage(self._home).free < _LEAST_FREE:
            raise _full()

    async def delete(self) -> None:
        """Deletes the directory with the login in it, and lets go of the lock."""
        await asyncio.to_thread(shutil.rmtree, self._home, ignore_errors=False)
        self.release()

    def release(self) -> None:
        """Lets go of the lock. May be called twice."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def unwritable(error: OSError) -> UnavailableError:
    """A directory that can't be written."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return _full()
    return UnavailableError(
        "PROFILE_UNWRITABLE",
        f"The session's profile can't be written: {error.strerror}. Make room or make it writable, and start it again.",
    )


def unreadable(error: OSError) -> UnavailableError:
    """A directory that can't be read."""
    return UnavailableError("PROFILE_UNREADABLE", f"The session's profile can't be read: {error.strerror}.")


def _full() -> UnavailableError:
    return UnavailableError(
        "DISK_FULL",
        f"The disk of the browsers' profiles has less than {_LEAST_FREE // _MEBIBYTE} MiB free. Free space on it; the "
        "link is kept.",
    )
