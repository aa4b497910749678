"""Room on disks."""

import errno
import os
import shutil
from pathlib import Path
from typing import Final

from domain.errors import UnavailableError

MEBIBYTE: Final = 1024 * 1024
_TOLD: Final = tuple(map(os.strerror, (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)))
LEAST_FREE: Final = 16 * MEBIBYTE
"""Bytes without which nothing is begun in the data directory: a segment of PostgreSQL's log."""


def is_full(error: OSError) -> bool:
    """Whether it says that a disk is full, or a user's share of it."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def tells_full(text: str) -> bool:
    """Whether a program's words say so."""
    return any(words in text for words in _TOLD)


def free_bytes(path: Path) -> int:
    """What may still be written on the disk of an existing path."""
    return shutil.disk_usage(path).free


def require_space(path: Path, needed: int, instead: str) -> None:
    """Checks that there are so many bytes free.

    Raises:
        UnavailableError: ``DISK_FULL``, with what to do ``instead`` of freeing space.
    """
    if free_bytes(path) < needed:
        raise UnavailableError(
            "DISK_FULL",
            f"The disk of {path} has less than {needed // MEBIBYTE} MiB free. Free space on it. {instead}",
        )
