"""Where the servers' sockets are."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from domain.errors import UnavailableError

_LONGEST_SOCKET: Final = 107
"""``sun_path`` has 108 bytes with its terminating zero (unix(7))."""

_LONGEST_NAME: Final = len("/.s.PGSQL.5432")


def fits(directory: Path) -> bool:
    """Whether the path of a socket in the directory is short enough for the kernel."""
    return len(os.fsencode(directory)) + _LONGEST_NAME <= _LONGEST_SOCKET


def fingerprint(data_dir: Path) -> str:
    """A short name for a data directory."""
    return hashlib.blake2b(os.fsencode(data_dir.resolve()), digest_size=6).hexdigest()


def runtime_directory(data_dir: Path) -> Path:
    """A directory that only we can enter, with a path short enough for sockets. Made where it isn't there.

    It is ``run`` in the data directory; where that is too long, a name made from it in the machine's runtime or
    temporary directory. Who can enter it may use the servers: they ask for no password.

    Raises:
        UnavailableError: ``RUNTIME_DIR_UNSAFE`` when somebody else has taken the name.
    """
    path = next(filter(fits, _candidates(data_dir)))
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise UnavailableError(
            "RUNTIME_DIR_UNSAFE", f"{path} isn't a directory of ours. Remove it, or choose a shorter POMBO_DATA_DIR."
        )
    path.chmod(0o700)
    return path


def leave(path: Path) -> None:
    """Removes the directory when nobody's socket is left in it."""
    with suppress(OSError):
        path.rmdir()


def _candidates(data_dir: Path) -> Iterator[Path]:
    yield data_dir / "run"
    name = f"pombo-{os.geteuid()}-{fingerprint(data_dir)}"
    for base in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir()):
        if base and os.access(base, os.W_OK | os.X_OK):
            yield Path(base) / name
    yield Path("/tmp") / name  # noqa: S108 - whose it is gets checked
