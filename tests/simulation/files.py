"""Files that messages hold: there before anything begins, and the same for every process.

They lie on the real disk, since a page reads them there; nothing in a run writes any.
"""

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final, override

from adapters.memory.database import MemoryDatabase
from adapters.memory.media_fetcher import MemoryMediaFetcher
from adapters.memory.media_store import MemoryMediaStore
from application.media.settings import MediaSettings
from application.ports.clock import Clock
from application.ports.media_repository import Origin
from domain.ids import MediaId
from domain.media import Media, MediaKind
from domain.media_errors import media_missing
from entrypoints.media_parts import MediaParts
from tests.media_parts import media_parts

CONTENTS: Final = tuple(f"the file number {number}".encode() for number in range(3))
DIGESTS: Final = tuple(hashlib.sha256(content).hexdigest() for content in CONTENTS)
_TYPES: Final = {MediaKind.DOCUMENT: "text/plain", MediaKind.IMAGE: "image/jpeg", MediaKind.VIDEO: "video/mp4"}
"""Kinds that a caption goes with, which tells one message from another."""

KINDS: Final = tuple(_TYPES)
IDS: Final = {
    kind: tuple(MediaId(f"media_{place:02d}{number:024d}") for number in range(len(CONTENTS)))
    for place, kind in enumerate(KINDS)
}
"""The files as what they were uploaded as: nobody looks into them."""


SOUNDS: Final = tuple(f"the sound number {number}".encode() for number in range(12))
"""Files that no words go with: each is sent once in a run, and tells its message from others."""

NAMES: Final = {hashlib.sha256(content).hexdigest(): content.decode() for content in SOUNDS}
SOUND_IDS: Final = tuple(MediaId(f"media_99{number:024d}") for number in range(len(SOUNDS)))
_SOUND_FORMS: Final = ("sound", "voice", "sticker")
_ALL: Final = CONTENTS + SOUNDS
_BY_DIGEST: Final = dict(zip((*DIGESTS, *NAMES), _ALL, strict=True))


def sound_form(number: int) -> str:
    """What a file without words is sent as."""
    return _SOUND_FORMS[number % len(_SOUND_FORMS)]


def content_of(digest: str) -> bytes | None:
    """A file as it was made."""
    return _BY_DIGEST.get(digest)


class SimulatedMediaStore(MemoryMediaStore):
    """The files by their digests, without a thread: those have no place in virtual time. Some get lost."""

    def __init__(self, lost: AbstractSet[str]) -> None:
        super().__init__()
        self._lost = lost

    @override
    def local(self, sha256: str) -> AbstractAsyncContextManager[Path]:
        return self._there(sha256)

    @asynccontextmanager
    async def _there(self, sha256: str) -> AsyncIterator[Path]:
        yield self._path(sha256)

    @override
    async def read(self, sha256: str, *, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes]:
        yield self._path(sha256).read_bytes()[start:end]

    @override
    async def size(self, sha256: str) -> int | None:
        return None if sha256 in self._lost or sha256 not in _paths() else _paths()[sha256].stat().st_size

    def _path(self, sha256: str) -> Path:
        if sha256 in self._lost:
            raise media_missing(sha256)
        return _paths()[sha256]


@cache
def _paths() -> dict[str, Path]:
    directory = Path(tempfile.mkdtemp(prefix="pombo-simulation-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    paths = {sha256: directory / str(number) for number, sha256 in enumerate(_BY_DIGEST)}
    for path, content in zip(paths.values(), _ALL, strict=True):
        path.write_bytes(content)
    return paths


@cache
def half(path: Path) -> Path:
    """The first half of a file, for faults that are planted."""
    cut = path.with_name(f"{path.name}-half")
    cut.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return cut


def simulated_parts(lost: AbstractSet[str]) -> MediaParts:
    """What a process treats files with. What isn't part of a run (converting, fetching) is never asked for."""
    return replace(_parts(), store=SimulatedMediaStore(lost))


@cache
def _parts() -> MediaParts:
    parts = media_parts()
    return replace(parts, fetcher=MemoryMediaFetcher(), settings=MediaSettings(download=False))


async def put_files(database: MemoryDatabase, clock: Clock) -> None:
    """Has the files known."""
    async with database.begin() as uow:
        for number, (sha256, content) in enumerate(zip(DIGESTS, CONTENTS, strict=True)):
            await uow.media.note(sha256, len(content), now=clock.now())
            for kind, mime_type in _TYPES.items():
                await uow.media.add(
                    Media(
                        id=IDS[kind][number],
                        kind=kind,
                        mime_type=mime_type,
                        size=len(content),
                        sha256=sha256,
                        created_at=clock.now(),
                        filename="a.txt",
                    )
                )
        for number, (sha256, content) in enumerate(zip(NAMES, SOUNDS, strict=True)):
            form = sound_form(number)
            kind = MediaKind.STICKER if form == "sticker" else MediaKind.AUDIO
            await uow.media.note(sha256, len(content), now=clock.now())
            await uow.media.add(
                Media(
                    id=SOUND_IDS[number],
                    kind=kind,
                    mime_type="image/webp" if kind is MediaKind.STICKER else "audio/ogg",
                    size=len(content),
                    sha256=sha256,
                    created_at=clock.now(),
                ),
                # Each is what WhatsApp demands already: converting is no part of a run.
                None if form == "sound" else Origin(made_of=sha256, form=form),
            )
