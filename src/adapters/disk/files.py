"""Private files, brought to the disk; the system's failures in the gateway's words."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from domain.errors import UnavailableError

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_OWN_DIRECTORY: Final = 0o700
_OWN_FILE: Final = 0o600


@contextmanager
def translated() -> Iterator[None]:
    """Raises the system's failures as the family's own. Paths aren't told.

    Raises:
        UnavailableError: ``DISK_FULL``, ``MEDIA_STORE_UNAVAILABLE``.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise UnavailableError(
                "DISK_FULL", "The disk of the media store is full; nothing of this was stored. Free space on it."
            ) from error
        raise UnavailableError(
            "MEDIA_STORE_UNAVAILABLE", f"The media store's disk doesn't work ({error.strerror})."
        ) from error


def make_directory(path: Path) -> None:
    """Makes a directory that is ours alone, and those above it, durably."""
    if path.is_dir():
        return
    make_directory(path.parent)
    path.mkdir(mode=_OWN_DIRECTORY, exist_ok=True)
    sync_directory(path.parent)


def create(path: Path) -> BinaryIO:
    """Creates a file that is ours alone, without a buffer."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWN_FILE), "r+b", buffering=0)


def write_all(file: BinaryIO, data: bytes | bytearray | memoryview) -> None:
    """Writes all of it; a raw file may take less at a time."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) or 0 :]


def sync(file: BinaryIO) -> None:
    """Brings a file's content to the disk."""
    os.fsync(file.fileno())


def sync_directory(path: Path) -> None:
    """Brings a directory's names to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Removes a file; one that isn't there is gone already."""
    path.unlink(missing_ok=True)
