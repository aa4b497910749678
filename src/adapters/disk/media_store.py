"""Files' contents on this machine's disk."""

import errno
import os
import secrets
import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final, override

from adapters.disk.files import create, make_directory, remove, sync, sync_directory, translated
from application.in_thread import in_thread
from application.ports.media_spool import CHUNK, SpooledFile
from application.ports.media_store import MediaStore
from domain.media import Sha256
from domain.media_errors import media_missing

_NO_LINKS: Final = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP})


class DiskMediaStore(MediaStore):
    """A file per content, named by its digest, in 256 directories: ``ab/abcdef…``.

    A content appears under its name when all of it is on the disk. Where the spool lies on the same disk its file gets
    the name, and nothing is copied.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @override
    async def put(self, file: SpooledFile) -> None:
        with translated():
            await in_thread(self._put, file)

    def _put(self, file: SpooledFile) -> None:
        path = self._path(file.sha256)
        if _size(path) == file.size:
            return
        make_directory(path.parent)
        temporary = path.with_name(f"{secrets.token_hex(16)}.part")
        try:
            try:
                os.link(file.path, temporary)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                _copy(file.path, temporary)
            # Also over one that isn't whole, as a disk that was full or broken may have left it.
            temporary.replace(path)
        finally:
            remove(temporary)
        sync_directory(path.parent)

    @override
    async def size(self, sha256: Sha256) -> int | None:
        with translated():
            return await in_thread(_size, self._path(sha256))

    @override
    async def read(self, sha256: Sha256, *, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes]:
        file = await self._open(sha256)
        try:
            with translated():
                await in_thread(file.seek, start)
            left = None if end is None else max(end - start, 0)
            while left is None or left > 0:
                with translated():
                    chunk = await in_thread(file.read, CHUNK if left is None else min(CHUNK, left))
                if not chunk:
                    return
                left = None if left is None else left - len(chunk)
                yield chunk
        finally:
            file.close()

    async def _open(self, sha256: Sha256) -> BinaryIO:
        with translated():
            try:
                return await in_thread(self._path(sha256).open, "rb", buffering=0)
            except FileNotFoundError:
                raise media_missing(sha256) from None

    @override
    def local(self, sha256: Sha256) -> AbstractAsyncContextManager[Path]:
        return self._local(sha256)

    @asynccontextmanager
    async def _local(self, sha256: Sha256) -> AsyncIterator[Path]:
        if await self.size(sha256) is None:
            raise media_missing(sha256)
        yield self._path(sha256)

    @override
    async def delete(self, sha256: Sha256) -> None:
        with translated():
            await in_thread(remove, self._path(sha256))

    def _path(self, sha256: Sha256) -> Path:
        return self._directory / sha256[:2] / sha256


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as old, create(target) as new:
        shutil.copyfileobj(old, new, CHUNK)
        sync(new)
