"""A server's own log file."""

import os
from pathlib import Path
from typing import Final

_LARGEST: Final = 5 * 1024 * 1024
_TAIL: Final = 4096
_SHOWN: Final = 300


class ServerLog:
    """A file that a server writes its log to; the one before it is kept when it has grown too large at a start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start = 0

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._path

    def open(self) -> int:
        """Opens the log for a new start of the server. The descriptor is the caller's to close."""
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        if self._path.exists() and self._path.stat().st_size > _LARGEST:
            self._path.replace(self._path.with_suffix(".old.log"))
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def last_line(self) -> str:
        """What the server said last, cut short; empty when it said nothing."""
        lines = self._tail().splitlines()
        return lines[-1][-_SHOWN:] if lines else ""

    def mark(self) -> None:
        """Notes where a start of the server begins."""
        self._start = self._path.stat().st_size if self._path.exists() else 0

    def said_since_mark(self) -> str:
        """The end of what the server said since."""
        return self._tail(self._start)

    def _tail(self, start: int = 0) -> str:
        if not self._path.exists():
            return ""
        with self._path.open("rb") as file:
            file.seek(max(start, self._path.stat().st_size - _TAIL))
            return file.read().decode(errors="replace").strip()
