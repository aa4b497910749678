"""Files on their way, on this machine's disk."""

import hashlib
import os
import secrets
import shutil
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final, override

from adapters.disk.files import create, make_directory, remove, sync, translated, write_all
from application.in_thread import in_thread
from application.ports.media_spool import MediaSpool, SpooledFile
from domain.media_errors import media_empty
from domain.media_limits import media_too_large

_BUFFER: Final = 1024 * 1024
"""Bytes that are gathered before they are written: small pieces would each cost a turn of a thread."""


class DiskMediaSpool(MediaSpool):
    """Files in a directory of their own, which no other process uses at the same time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def clear(self) -> None:
        """Makes the directory, and removes what an earlier process left in it. Before the first use.

        Raises:
            UnavailableError: ``DISK_FULL``, ``MEDIA_STORE_UNAVAILABLE``.
        """
        with translated():
            make_directory(self._directory)
            self._directory.chmod(0o700)
            for left in self._directory.iterdir():
                shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()

    @override
    def receive(self, chunks: AsyncIterable[bytes], *, max_bytes: int) -> AbstractAsyncContextManager[SpooledFile]:
        return self._receive(chunks, max_bytes)

    @asynccontextmanager
    async def _receive(self, chunks: AsyncIterable[bytes], max_bytes: int) -> AsyncIterator[SpooledFile]:
        path = self._directory / f"{secrets.token_hex(16)}.part"
        try:
            spooled = await self._write(path, chunks, max_bytes)
            yield spooled
        finally:
            remove(path)

    async def _write(self, path: Path, chunks: AsyncIterable[bytes], max_bytes: int) -> SpooledFile:
        digest, size, waiting = hashlib.sha256(), 0, bytearray()

        def write(file: BinaryIO, data: bytearray) -> None:
            digest.update(data)
            write_all(file, data)

        with translated():
            file = await in_thread(create, path)
        try:
            # The pieces' own failures aren't the disk's.
            async for chunk in chunks:
                size += len(chunk)
                if size > max_bytes:
                    raise media_too_large(max_bytes)
                waiting += chunk
                if len(waiting) >= _BUFFER:
                    with translated():
                        await in_thread(write, file, waiting)
                    waiting = bytearray()
            if size == 0:
                raise media_empty()
            with translated():
                await in_thread(write, file, waiting)
                await in_thread(sync, file)
        finally:
            file.close()
        return SpooledFile(path=path, size=size, sha256=digest.hexdigest())

    @override
    def room(self) -> AbstractAsyncContextManager[Path]:
        return self._room()

    @asynccontextmanager
    async def _room(self) -> AsyncIterator[Path]:
        directory = self._directory / secrets.token_hex(16)
        with translated():
            make_directory(directory)
        try:
            yield directory / "made"
        finally:
            await in_thread(shutil.rmtree, directory, ignore_errors=True)

    @override
    async def measure(self, path: Path) -> SpooledFile:
        with translated():
            size, sha256 = await in_thread(_measure, path)
        if size == 0:
            raise media_empty()
        return SpooledFile(path=path, size=size, sha256=sha256)


def _measure(path: Path) -> tuple[int, str]:
    path.chmod(0o600)
    with path.open("r+b") as file:
        digest = hashlib.file_digest(file, "sha256")
        sync(file)
        return os.fstat(file.fileno()).st_size, digest.hexdigest()
