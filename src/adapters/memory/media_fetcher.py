"""Files at addresses, in memory."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import override
from urllib.parse import urlsplit

from application.ports.media_fetcher import FetchedFile, MediaFetcher
from domain.errors import InvalidArgumentError, UnprocessableError
from domain.media_limits import media_too_large


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryFile:
    """What an address gives."""

    content: bytes
    mime_type: str | None = None
    filename: str | None = None


@dataclass(slots=True)
class MemoryMediaFetcher(MediaFetcher):
    """An Internet of files. ``private``: hosts that aren't public. ``asked``: the addresses that were fetched."""

    files: dict[str, MemoryFile] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    @override
    def check(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise InvalidArgumentError("INVALID_MEDIA_LINK", "Give an address of http or https.", field="link")
        if parts.hostname in self.private:
            raise InvalidArgumentError("MEDIA_LINK_REFUSED", "This address is private.", field="link")

    @override
    def fetch(self, url: str, *, max_bytes: int) -> AbstractAsyncContextManager[FetchedFile]:
        return self._fetch(url, max_bytes)

    @asynccontextmanager
    async def _fetch(self, url: str, max_bytes: int) -> AsyncIterator[FetchedFile]:
        self.check(url)
        self.asked.append(url)
        file = self.files.get(url)
        if file is None:
            raise UnprocessableError("MEDIA_LINK_FAILED", "The file can't be fetched from the link.", field="link")
        if len(file.content) > max_bytes:
            raise media_too_large(max_bytes)
        yield FetchedFile(chunks=_pieces(file.content), mime_type=file.mime_type, filename=file.filename)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]
