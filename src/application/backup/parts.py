"""Contents of any size, in parts."""

from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing

from application.backup.progress import Progress
from application.ports.backup_file import BackupReader, BackupWriter
from domain.backup import PART_BYTES, Manifest, Part, backup_corrupt, part_name


class PartsWriter:
    """Writes contents, and remembers what each part was like."""

    def __init__(self, file: BackupWriter, progress: Progress, *, part_bytes: int = PART_BYTES) -> None:
        self._file = file
        self._progress = progress
        self._part_bytes = part_bytes
        self.parts: dict[str, Part] = {}

    def content(self, name: str) -> "ContentWriter":
        """A content, to be written piece by piece, and closed."""
        return ContentWriter(self, name)

    async def whole(self, name: str, data: bytes) -> None:
        """A content that is in memory."""
        content = self.content(name)
        await content.write(data)
        await content.close()

    async def add(self, name: str, data: bytes) -> None:
        """A part under its own name."""
        await self._file.add(name, data)
        self.parts[name] = Part.of(data)

    def tell(self, name: str, done: int) -> None:
        """Tells how far a content is."""
        self._progress(name, done)

    @property
    def part_bytes(self) -> int:
        """The most bytes of a part."""
        return self._part_bytes


class ContentWriter:
    """One content. An empty one has one empty part: that it was there can be told."""

    def __init__(self, parts: PartsWriter, name: str) -> None:
        self._parts = parts
        self._name = name
        self._buffer = bytearray()
        self._number = 0
        self._done = 0

    async def write(self, piece: bytes) -> None:
        """Adds a piece of any size."""
        self._buffer += piece
        while len(self._buffer) >= self._parts.part_bytes:
            part = bytes(self._buffer[: self._parts.part_bytes])
            del self._buffer[: self._parts.part_bytes]
            await self._add(part)

    async def close(self) -> None:
        """Writes what is left."""
        if self._buffer or self._number == 0:
            await self._add(bytes(self._buffer))
            self._buffer.clear()

    async def _add(self, part: bytes) -> None:
        await self._parts.add(part_name(self._name, self._number), part)
        self._number += 1
        self._done += len(part)
        self._parts.tell(self._name, self._done)


async def content_of(file: BackupReader, manifest: Manifest, name: str, progress: Progress) -> AsyncGenerator[bytes]:
    """A content's parts, each one proven to be what was written.

    Raises:
        UnprocessableError: ``BACKUP_CORRUPT``.
        UnavailableError: ``BACKUP_FILE_UNUSABLE``.
    """
    done = 0
    for part in manifest.parts_of(name):
        data = await file.read(part)
        if Part.of(data) != manifest.parts[part]:
            raise backup_corrupt(f"{part} isn't what was written")
        yield data
        done += len(data)
        progress(name, done)


async def whole(content: AsyncIterable[bytes]) -> bytes:
    """A content in memory."""
    return b"".join([piece async for piece in content])


async def prove(file: BackupReader, manifest: Manifest, progress: Progress) -> None:
    """Reads every part.

    Raises:
        UnprocessableError: ``BACKUP_CORRUPT``.
        UnavailableError: ``BACKUP_FILE_UNUSABLE``.
    """
    contents = dict.fromkeys(name.rpartition("/")[0] for name in manifest.parts)
    proven = 0
    for name in contents:
        async with aclosing(content_of(file, manifest, name, progress)) as parts:
            async for _ in parts:
                proven += 1
    if proven != len(manifest.parts):
        raise backup_corrupt("its manifest names parts that belong to no content")
