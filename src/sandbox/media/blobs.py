"""Encrypted files on the server's disk, each under the digest of its bytes."""

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, NamedTuple

from sandbox.clock import now_ms
from sandbox.store.database import Database

_DIRECT: Final = "/mms/d/"
_SWEEP_MS: Final = 60_000


class Blob(NamedTuple):
    """An uploaded file; `digest` is the SHA-256 of its bytes in hexadecimal, `uploader` an account's number."""

    digest: str
    size: int
    uploader: str
    expires_ms: int

    @property
    def direct_path(self) -> str:
        """Where it is downloaded, below the page's origin."""
        return f"{_DIRECT}{self.digest}"


class Incoming:
    """A file on its way in."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self.file = file
        self.path = path
        self.size = 0
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        """The SHA-256 of what was written so far, in hexadecimal."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> None:
        """Append; blocks for the disk."""
        self._hash.update(data)
        self.size += len(data)
        self.file.write(data)


class Blobs:
    """The files. What has expired is gone from the disk; that it was there is remembered, and answered with 410."""

    def __init__(self, database: Database, directory: Path, keep_ms: int) -> None:
        self._database = database
        self._directory = directory
        self._keep_ms = keep_ms
        self._swept_ms = 0
        # What was on its way when the server ended never arrived.
        shutil.rmtree(self._incoming_dir, ignore_errors=True)
        self._incoming_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.sweep()

    @property
    def _incoming_dir(self) -> Path:
        return self._directory / "incoming"

    @contextlib.contextmanager
    def incoming(self) -> Iterator[Incoming]:
        """A new file to write into; it is gone afterwards, unless `keep` took it."""
        path = self._incoming_dir / secrets.token_hex(16)
        try:
            with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
                yield Incoming(file, path)
        finally:
            path.unlink(missing_ok=True)

    def keep(self, incoming: Incoming, uploader: str) -> Blob:
        """Take a file that has arrived whole. The same bytes once more only last longer."""
        if now_ms() - self._swept_ms > _SWEEP_MS:
            self.sweep()
        incoming.file.flush()
        blob = Blob(incoming.digest, incoming.size, uploader, now_ms() + self._keep_ms)
        target = self.path(blob.digest)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        incoming.path.replace(target)
        self._database.write(
            "INSERT INTO media (digest, size, uploader, expires_ms) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (digest) DO UPDATE SET uploader = excluded.uploader, expires_ms = excluded.expires_ms",
            blob,
        )
        return blob

    def find(self, digest: str) -> Blob | None:
        """What was uploaded with this digest, expired or not."""
        row = self._database.read(
            "SELECT digest, size, uploader, expires_ms FROM media WHERE digest = ?", (digest,)
        ).fetchone()
        return None if row is None else Blob(*row)

    def at(self, direct_path: object) -> Blob | None:
        """What a direct path leads to."""
        if not isinstance(direct_path, str) or not direct_path.startswith(_DIRECT):
            return None
        return self.find(direct_path.removeprefix(_DIRECT))

    def path(self, digest: str) -> Path:
        """Where its bytes are, if they are still there."""
        return self._directory / digest[:2] / digest

    def sweep(self) -> None:
        """Delete the bytes of what has expired."""
        self._swept_ms = now_ms()
        for (digest,) in self._database.read("SELECT digest FROM media WHERE expires_ms <= ?", (now_ms(),)).fetchall():
            self.path(digest).unlink(missing_ok=True)
