"""Files that messages hold: there before anything begins, and the same for every process.

They lie on the real disk, since a page reads them there; nothing in a run writes any.
"""

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Final, override

from adapters.memory.database import MemoryDatabase
from adapters.memory.media_fetcher import MemoryMediaFetcher
from adapters.memory.media_store import MemoryMediaStore
from application.media.settings import MediaSettings
from application.ports.clock import Clock
from domain.content import Content, Text
from domain.ids import MediaId
from domain.media import Media, MediaKind
from domain.media_content import Document
from entrypoints.media_parts import MediaParts
from tests.media_parts import media_parts

CONTENTS: Final = tuple(f"the file number {number}".encode() for number in range(3))
IDS: Final = tuple(MediaId(f"media_{number:026d}") for number in range(len(CONTENTS)))


def said(content: Content) -> str | None:
    """What tells a message apart: a text's body, or a file's caption. None for what the clients don't send."""
    match content:
        case Text(body=body):
            return body
        case Document(caption=caption):
            return caption
        case _:
            return None


class SimulatedMediaStore(MemoryMediaStore):
    """The files by their digests, without a thread: those have no place in virtual time."""

    @override
    def local(self, sha256: str) -> AbstractAsyncContextManager[Path]:
        return self._there(sha256)

    @asynccontextmanager
    async def _there(self, sha256: str) -> AsyncIterator[Path]:
        yield _paths()[sha256]

    @override
    async def read(self, sha256: str, *, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes]:
        yield _paths()[sha256].read_bytes()[start:end]

    @override
    async def size(self, sha256: str) -> int | None:
        return _paths()[sha256].stat().st_size if sha256 in _paths() else None


@cache
def _paths() -> dict[str, Path]:
    directory = Path(tempfile.mkdtemp(prefix="pombo-simulation-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    paths = {hashlib.sha256(content).hexdigest(): directory / str(n) for n, content in enumerate(CONTENTS)}
    for path, content in zip(paths.values(), CONTENTS, strict=True):
        path.write_bytes(content)
    return paths


@cache
def simulated_parts() -> MediaParts:
    """What a process treats files with. What isn't part of a run (converting, fetching) is never asked for."""
    parts = media_parts()
    return MediaParts(
        store=SimulatedMediaStore(),
        spool=parts.spool,
        workshop=parts.workshop,
        fetcher=MemoryMediaFetcher(),
        settings=MediaSettings(download=False),
    )


async def put_files(database: MemoryDatabase, clock: Clock) -> None:
    """Has the files known."""
    async with database.begin() as uow:
        for media_id, sha256, content in zip(IDS, _paths(), CONTENTS, strict=True):
            await uow.media.note(sha256, len(content), now=clock.now())
            await uow.media.add(
                Media(
                    id=media_id,
                    kind=MediaKind.DOCUMENT,
                    mime_type="text/plain",
                    size=len(content),
                    sha256=sha256,
                    created_at=clock.now(),
                    filename="a.txt",
                )
            )
