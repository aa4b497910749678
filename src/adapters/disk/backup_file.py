"""A backup as one file: a tar archive whose members are parts, each compressed by itself."""

import errno
import io
import os
import secrets
import tarfile
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final, override

import zstandard

from adapters.disk.files import create, sync, sync_directory
from application.in_thread import in_thread
from application.ports.backup_file import BackupReader, BackupWriter
from domain.backup import PART_BYTES, backup_corrupt
from domain.errors import AlreadyExistsError, UnavailableError

_SUFFIX: Final = ".zst"
_LEVEL: Final = 3
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP})
_LARGEST: Final = max(PART_BYTES, 256 * 1024 * 1024)
"""Of a part when it is unpacked: the manifest of very many files is larger than the others."""


class TarBackupWriter(BackupWriter):
    """Writes a file of mode 0600, which gets its name when all of it is on the disk."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._names: set[str] = set()

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, *, overwrite: bool = False) -> AsyncIterator["TarBackupWriter"]:
        """Writes a backup for the time of the context; after a failure there is no file.

        Raises:
            AlreadyExistsError: ``BACKUP_FILE_EXISTS``.
            UnavailableError: ``DISK_FULL``, ``BACKUP_FILE_UNUSABLE``.
        """
        if not overwrite and await in_thread(path.exists):
            raise AlreadyExistsError("BACKUP_FILE_EXISTS", f"{path} exists. Choose another name, or overwrite it.")
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
        with _translated(path):
            file = await in_thread(create, draft)
        try:
            with file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                yield cls(tar)
                with _translated(path):
                    await in_thread(tar.close)
                    await in_thread(sync, file)
            with _translated(path):
                await in_thread(_name, draft, path, overwrite=overwrite)
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)

    @override
    async def add(self, name: str, data: bytes) -> None:
        if name in self._names:
            raise ValueError(f"two parts of one name: {name}")
        self._names.add(name)
        with _translated(None):
            await in_thread(self._add, name, data)

    def _add(self, name: str, data: bytes) -> None:
        packed = zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True, write_checksum=True).compress(data)
        entry = tarfile.TarInfo(name + _SUFFIX)
        entry.size, entry.mode = len(packed), 0o600
        self._tar.addfile(entry, io.BytesIO(packed))


class TarBackupReader(BackupReader):
    """Reads what ``TarBackupWriter`` wrote."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._members = {
            member.name.removesuffix(_SUFFIX): member
            for member in tar.getmembers()
            if member.isreg() and member.name.endswith(_SUFFIX)
        }

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator["TarBackupReader"]:
        """Reads a backup for the time of the context.

        Raises:
            UnprocessableError: ``BACKUP_CORRUPT``.
            UnavailableError: ``BACKUP_FILE_UNUSABLE``.
        """
        with _translated(path):
            reader = await in_thread(cls._open, path)
        try:
            yield reader
        finally:
            reader._tar.close()  # noqa: SLF001 - our own

    @classmethod
    def _open(cls, path: Path) -> "TarBackupReader":
        tar = tarfile.open(path, mode="r:")  # noqa: SIM115 - closed by open()
        try:
            return cls(tar)
        except BaseException:
            tar.close()
            raise

    @override
    def names(self) -> Collection[str]:
        return self._members.keys()

    @override
    async def read(self, name: str) -> bytes:
        member = self._members.get(name)
        if member is None:
            raise backup_corrupt(f"{name} is missing")
        with _translated(None):
            return await in_thread(self._read, member)

    def _read(self, member: tarfile.TarInfo) -> bytes:
        file = self._tar.extractfile(member)
        packed = b"" if file is None else file.read()
        if len(packed) != member.size:
            raise backup_corrupt(f"it ends within {member.name}")
        try:
            if zstandard.frame_content_size(packed) > _LARGEST:
                raise backup_corrupt(f"{member.name} is too large")
            return zstandard.ZstdDecompressor().decompress(packed, max_output_size=_LARGEST)
        except zstandard.ZstdError as error:
            raise backup_corrupt(f"{member.name} doesn't unpack") from error


def _name(draft: Path, path: Path, *, overwrite: bool) -> None:
    if not overwrite:
        try:
            os.link(draft, path)  # unlike a rename it replaces nothing
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if path.exists():
                raise FileExistsError from None
            draft.replace(path)
    else:
        draft.replace(path)
    sync_directory(path.absolute().parent)


@contextmanager
def _translated(path: Path | None) -> Iterator[None]:
    what = "The backup's file" if path is None else str(path)
    try:
        yield
    except tarfile.TarError as error:
        raise backup_corrupt("it isn't an archive, or ends too early") from error
    except FileExistsError:
        raise AlreadyExistsError(
            "BACKUP_FILE_EXISTS", f"{what} exists. Choose another name, or overwrite it."
        ) from None
    except OSError as error:
        if error.errno in _FULL:
            raise UnavailableError("DISK_FULL", f"The disk of {what} is full. Free space on it.") from error
        raise UnavailableError("BACKUP_FILE_UNUSABLE", f"{what} can't be used: {error.strerror}.") from error
