"""The part of a Chromium profile that carries the login, as one piece of bytes.

Found by trial with the sandbox's page: IndexedDB and Local Storage are enough for a login. Cookies and the quota
database go along, since a site may use them; they need no key of the machine, for Playwright starts Chromium with
``--password-store=basic``. Service workers stay behind, database and scripts alike: the page registers its own anew,
and a database without its scripts makes a worker hang. Caches are no part of a login.
"""

import errno
import io
import os
import stat
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from domain.snapshot import (
    ProfileImage,
    snapshot_corrupt,
    snapshot_too_large,
    snapshot_unsupported,
)

KIND: Final = "chromium/1"

_DIRECTORIES: Final = ("Default/IndexedDB", "Default/Local Storage", "Default/WebStorage")
_FILES: Final = (
    "Default/Cookies",
    "Default/Cookies-journal",
    "Default/Network/Cookies",
    "Default/Network/Cookies-journal",
)
_LEFT_OUT: Final = frozenset({"LOCK", "LOG", "LOG.old"})
"""LevelDB's lock, which is made anew, and its diary."""
_TABLES: Final = (".ldb", ".sst")
_BLOBS: Final = "indexeddb.blob/"
_MOST_FILES: Final = 50_000
_LONGEST_NAME: Final = 512
_LONGEST_PART: Final = 255
"""Bytes of one part of a name: file systems take no more."""
_DEEPEST: Final = 12
_END_MARK: Final = 2 * tarfile.BLOCKSIZE
"""Zeros, at the end of every archive."""
_FILE_MODE: Final = 0o600
_DIRECTORY_MODE: Final = 0o700


@dataclass(frozen=True, slots=True)
class _ReadAhead:
    version: tuple[int, ...]
    content: bytes


ReadAhead = Mapping[str, _ReadAhead]
"""Files that were read before their browser was stopped, by name."""


def read_ahead(user_data_dir: Path, limit: int, settled_before: int) -> ReadAhead:
    """Reads files that a browser writes once, while it goes on: LevelDB's tables, and blobs.

    Whether they are still what they were is for ``read`` to find out. A file that changes gets another inode, size or
    time of change; and two changes have the same time of change only within the clock's resolution.

    Args:
        user_data_dir: of a browser that runs.
        limit: of bytes altogether; what is beyond it isn't read.
        settled_before: nanoseconds since the epoch; a file that has changed since is left out. It is to be farther from
            now than the file system's clock is coarse.

    Raises:
        OSError: a file can't be read.
    """
    ahead: dict[str, _ReadAhead] = {}
    size = 0
    for name in _names(user_data_dir):
        path = f"{user_data_dir}/{name}"
        before = _stat(path) if _is_written_once(name) else None
        if before is None or before.st_ctime_ns >= settled_before:
            continue
        size += before.st_size
        if size > limit or len(ahead) >= _MOST_FILES:
            break
        content = _content(path)
        if content is not None and _version(before) == _version(_stat(path)):
            ahead[name] = _ReadAhead(_version(before), content)
    return ahead


def read(user_data_dir: Path, limit: int, ahead: ReadAhead | None = None) -> list[tuple[str, bytes]]:
    """Reads the files into memory, and does nothing else: a browser may be waiting for it.

    Args:
        user_data_dir: of a browser that is closed, or stopped.
        limit: of bytes altogether.
        ahead: what needn't be read again where it is unchanged.

    Raises:
        TooLargeError: ``SNAPSHOT_TOO_LARGE``.
        OSError: a file can't be read.
    """
    files: list[tuple[str, bytes]] = []
    size = 0
    for name in _names(user_data_dir):
        path = f"{user_data_dir}/{name}"
        known = ahead.get(name) if ahead else None
        content = known.content if known is not None and known.version == _version(_stat(path)) else _content(path)
        if content is None:
            continue
        size += len(content)
        if size > limit or len(files) >= _MOST_FILES:
            raise snapshot_too_large(size, limit)
        files.append((name, content))
    return files


def pack(files: list[tuple[str, bytes]]) -> ProfileImage:
    """Makes the image: the same files give the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), _FILE_MODE
            archive.addfile(entry, io.BytesIO(content))
    return ProfileImage(kind=KIND, data=buffer.getvalue())


def unpack(image: ProfileImage, into: Path, limit: int) -> None:
    """Writes an image into a new directory, on disk when this returns. An image is input: nothing in it is trusted.

    Raises:
        UnprocessableError: ``SNAPSHOT_CORRUPT``, ``SNAPSHOT_UNSUPPORTED``.
        TooLargeError: ``SNAPSHOT_TOO_LARGE``.
        OSError: it can't be written.
    """
    if image.kind != KIND:
        raise snapshot_unsupported(f"an image of the kind {image.kind[:40]!r}")
    into.mkdir(mode=_DIRECTORY_MODE)
    made = {into}
    try:
        for name, content in _entries(image.data, limit):
            _write(into, name, content, made)
    except (FileExistsError, IsADirectoryError) as error:
        raise snapshot_corrupt("a file in it lies where a directory does") from error
    for directory in made:
        sync_directory(directory)


def _write(root: Path, name: str, content: bytes, made: set[Path]) -> None:
    path = root / name
    for parent in reversed(Path(name).parents):
        if root / parent not in made:
            (root / parent).mkdir(mode=_DIRECTORY_MODE)
            made.add(root / parent)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, _FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_directory(path: Path) -> None:
    """Brings a directory's entries to disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _names(root: Path) -> Iterator[str]:
    """Without pathlib, which takes longer than the reading, while a browser stands still."""
    yield from _FILES
    for part in _DIRECTORIES:
        for directory, _, names in os.walk(f"{root}/{part}"):
            within = directory[len(str(root)) + 1 :]
            yield from (f"{within}/{name}" for name in names if name not in _LEFT_OUT)


def _is_written_once(name: str) -> bool:
    return name.endswith(_TABLES) or _BLOBS in name


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def _version(found: os.stat_result | None) -> tuple[int, ...]:
    """What changes with a file."""
    if found is None:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _content(path: str) -> bytes | None:
    """A regular file's content; None for what is none, or isn't there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO}:
            return None
        raise
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        return file.readall() if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def _entries(data: bytes, limit: int) -> Iterator[tuple[str, bytes]]:
    seen: set[str] = set()
    size = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for entry in archive:
                if entry.type != tarfile.REGTYPE or entry.issparse():
                    raise snapshot_corrupt("it holds something else than files")
                _check_name(entry.name)
                size += entry.size
                if size > limit or len(seen) >= _MOST_FILES:
                    raise snapshot_too_large(size, limit)
                if entry.name in seen:
                    raise snapshot_corrupt("it holds a file twice")
                seen.add(entry.name)
                file = archive.extractfile(entry)
                content = b"" if file is None else file.read()
                if len(content) != entry.size:
                    raise snapshot_corrupt("a file in it is cut off")
                yield entry.name, content
            end = archive.offset
    except (tarfile.TarError, ValueError, EOFError, OverflowError, RecursionError) as error:
        raise snapshot_corrupt("its files can't be listed") from error
    if not seen:
        raise snapshot_corrupt("it holds no files")
    _check_end(data[end:])


def _check_end(rest: bytes) -> None:
    """To tarfile, an image ends where its bytes do, and at a header that it can't read; so it must say that it ends."""
    if len(rest) < _END_MARK or any(rest):
        raise snapshot_corrupt("it doesn't end where its files do")


def _check_name(name: str) -> None:
    parts = name.split("/")
    inside = name in _FILES or any(name.startswith(f"{part}/") for part in _DIRECTORIES)
    if (
        not inside
        or _bytes_in(name) > _LONGEST_NAME
        or len(parts) > _DEEPEST
        or any(part in {"", ".", ".."} or "\0" in part or _bytes_in(part) > _LONGEST_PART for part in parts)
        or str(PurePosixPath(name)) != name
    ):
        raise snapshot_corrupt("a file in it lies where none belongs")


def _bytes_in(name: str) -> int:
    return len(name.encode(errors="surrogateescape"))
