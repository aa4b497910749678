"""Files' contents in memory."""

import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import override

from application.in_thread import in_thread
from application.ports.media_spool import CHUNK, SpooledFile
from application.ports.media_store import MediaStore
from domain.media import Sha256
from domain.media_errors import media_missing


class MemoryMediaStore(MediaStore):
    """Contents by their digest. ``contents`` is for tests to look at and to put into."""

    def __init__(self) -> None:
        self.contents: dict[Sha256, bytes] = {}

    @override
    async def put(self, file: SpooledFile) -> None:
        content = await in_thread(file.path.read_bytes)
        self.contents.setdefault(file.sha256, content)

    @override
    async def size(self, sha256: Sha256) -> int | None:
        content = self.contents.get(sha256)
        return None if content is None else len(content)

    @override
    async def read(self, sha256: Sha256, *, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes]:
        content = self._content(sha256)[start:end]
        for place in range(0, len(content), CHUNK):
            yield content[place : place + CHUNK]

    @override
    def local(self, sha256: Sha256) -> AbstractAsyncContextManager[Path]:
        return self._local(sha256)

    @asynccontextmanager
    async def _local(self, sha256: Sha256) -> AsyncIterator[Path]:
        content = self._content(sha256)
        with tempfile.NamedTemporaryFile(prefix="pombo-media-") as file:
            file.write(content)
            file.flush()
            yield Path(file.name)

    @override
    async def delete(self, sha256: Sha256) -> None:
        self.contents.pop(sha256, None)

    def _content(self, sha256: Sha256) -> bytes:
        if sha256 not in self.contents:
            raise media_missing(sha256)
        return self.contents[sha256]
