"""Small disks, made for one program and gone with it: a mount namespace of its own with a tmpfs in it.

Where mounts aren't permitted, limits on the size of files (RLIMIT_FSIZE) stand in: other words for the same failure.
"""

import os
import subprocess
from functools import cache
from pathlib import Path

import pytest

_MOUNT = 'mount -t tmpfs -o size="$1" none "$2" && shift 2 && exec "$@"'


@cache
def _unshare() -> tuple[str, ...] | None:
    """What makes a mount namespace here: as root, or as root of a user namespace of one's own; None where nothing."""
    for flags in (("--mount",), ("--user", "--map-root-user", "--mount")):
        through = ("unshare", *flags, "--")
        tried = subprocess.run((*through, "mount", "-t", "tmpfs", "none", "/mnt"), capture_output=True, check=False)
        if tried.returncode == 0:
            return through
    return None


def small_disk(where: Path, mebibytes: float) -> tuple[str, ...]:
    """Put before a command, it has a disk of this size at a directory.

    Where no mounts are to be had, no file that it writes may be larger than a quarter of that.
    """
    size = int(mebibytes * 1024)
    through = _unshare()
    if through is None:
        return ("prlimit", f"--fsize={size * 1024 // 4}", "--")
    return (*through, "sh", "-c", _MOUNT, "sh", f"{size}k", str(where))


def require_mounts() -> None:
    """Skips a test that needs a disk which fills up and is freed again; in CI its lack is a failure."""
    if _unshare() is None:
        assert "CI" not in os.environ, "CI needs mount namespaces, as root or in user namespaces"
        pytest.skip("no mounts on this machine")


class Filler:
    """A file that takes what is left of a process's disk."""

    def __init__(self, pid: int, directory: Path) -> None:
        # Through the process's own root: its disk is mounted for it alone.
        self._file = Path(f"/proc/{pid}/root{directory}/fill")

    def fill(self, *, leave: int = 0) -> None:
        """Takes all of the disk but ``leave`` bytes."""
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            for block in (1024 * 1024, 4096):
                try:
                    while (found := os.statvfs(self._file.parent)).f_bavail * found.f_frsize >= leave + block:
                        os.write(descriptor, bytes(block))
                except OSError:
                    continue
        finally:
            os.close(descriptor)

    def free(self) -> None:
        """Gives it back."""
        self._file.unlink()
