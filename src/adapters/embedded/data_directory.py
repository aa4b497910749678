"""The directory that holds everything the gateway keeps on disk."""

import fcntl
import os
import re
import secrets
import socket
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from adapters.embedded.disk_space import LEAST_FREE, is_full, require_space
from domain.errors import ConflictError, PomboError, UnavailableError

_MARKER: Final = "pombo-data"
_LOCK: Final = "lock"
_NODE: Final = "node"
_NODE_FORM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,127}")
_NOT_IN_NODE: Final = re.compile(r"[^A-Za-z0-9]+")
_HOST_CHARACTERS: Final = 40
_FORMAT: Final = 1
_NOT_FOREIGN: Final = frozenset({_MARKER, _LOCK, "lost+found"})


class DataDirectory:
    """A directory of ours: marked, private, and used by one gateway at a time.

    Use as a context manager, or call ``close``. The lock ends with the process, however that ends.
    """

    def __init__(self, path: Path, lock: int) -> None:
        self._path = path
        self._lock: int | None = lock

    @classmethod
    def open(cls, path: Path) -> Self:
        """Takes the directory, and makes it where it isn't there.

        Raises:
            ConflictError: ``DATA_DIR_FOREIGN``: it has files and isn't marked as ours; ``DATA_DIR_OWNER``: it
                belongs to another user; ``DATA_DIR_IN_USE``: another gateway has it; ``DATA_DIR_NEWER``: a newer
                version of the program wrote it.
            UnavailableError: ``DATA_DIR_UNUSABLE``: it can't be made or written; ``DISK_FULL``.
        """
        path = path.absolute()
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _refuse_foreign(path)
            path.chmod(0o700)
            lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unusable(path, error) from error
        try:
            _take(path, lock)
            require_space(path, LEAST_FREE, "POMBO_DATA_DIR can name a directory on another disk.")
            _mark(path)
        except OSError as error:
            os.close(lock)
            raise _unusable(path, error) from error
        except PomboError:
            os.close(lock)
            raise
        return cls(path, lock)

    @property
    def node(self) -> str:
        """What distinguishes this directory's gateway from others on one database: made once, the host's name first.

        A copy of the directory is another node: two gateways that took each other's sessions for their own would run
        them both.

        Raises:
            UnavailableError: ``DATA_DIR_UNUSABLE``.
        """
        try:
            return self._node()
        except OSError as error:
            raise _unusable(self._path, error) from error

    def _node(self) -> str:
        place = self._path / _NODE
        node, _, inode = place.read_text(errors="replace").strip().partition(" ") if place.exists() else ("", "", "")
        if not _NODE_FORM.fullmatch(node) or inode != str(place.stat().st_ino):
            host = _NOT_IN_NODE.sub("-", socket.gethostname())[:_HOST_CHARACTERS].strip("-")
            node = f"{host or 'node'}-{secrets.token_hex(4)}"
            whole = place.with_suffix(".new")
            whole.touch(mode=0o600)
            whole.write_text(f"{node} {whole.stat().st_ino}\n")
            whole.replace(place)
        return node

    @property
    def path(self) -> Path:
        """Where it is, absolute."""
        return self._path

    def close(self) -> None:
        """Lets another gateway have it. May be called twice."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _refuse_foreign(path: Path) -> None:
    owner = path.stat().st_uid
    if owner != os.geteuid():
        raise ConflictError(
            "DATA_DIR_OWNER",
            f"{path} belongs to user id {owner}, and this program runs as {os.geteuid()}. Run it as that user, "
            "or choose another directory with POMBO_DATA_DIR.",
        )
    names = {entry.name for entry in path.iterdir()}
    if names - _NOT_FOREIGN and not (path / _MARKER).is_file():
        raise ConflictError(
            "DATA_DIR_FOREIGN",
            f"{path} has files in it that aren't this program's. Choose an empty directory with POMBO_DATA_DIR.",
        )


def _take(path: Path, lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConflictError(
            "DATA_DIR_IN_USE",
            f"Another gateway uses {path}. Stop it, or choose another directory with POMBO_DATA_DIR.",
        ) from None


def _mark(path: Path) -> None:
    marker = path / _MARKER
    text = marker.read_text() if marker.exists() else ""
    if not text.strip():
        marker.write_text(f"{_FORMAT}\n")
    elif not text.strip().isdecimal() or int(text) > _FORMAT:
        raise ConflictError(
            "DATA_DIR_NEWER",
            f"{path} was written by a newer version of this program. Install that version, or choose another "
            "directory with POMBO_DATA_DIR.",
        )


def _unusable(path: Path, error: OSError) -> UnavailableError:
    if is_full(error):
        return UnavailableError(
            "DISK_FULL", f"The disk of {path} is full. Free space on it, or choose another with POMBO_DATA_DIR."
        )
    return UnavailableError(
        "DATA_DIR_UNUSABLE",
        f"{path} can't be used: {error.strerror}. Make it writable, or choose another directory with POMBO_DATA_DIR.",
    )
