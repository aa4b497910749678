"""Take a file in, piece by piece."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from datetime import timedelta
from typing import Final

from application.media.settings import MediaSettings
from application.ports.media_spool import MediaSpool, SpooledFile
from domain.errors import DeadlineExceededError
from domain.media import MediaKind
from domain.media_limits import LIMITS

_CONVERTED: Final = frozenset({MediaKind.AUDIO, MediaKind.STICKER})
"""What is made of other files: those may be larger."""


class ReceiveMedia:
    """Gives a file that comes a place, for the time of a context, in which it is kept or sent."""

    def __init__(self, spool: MediaSpool, settings: MediaSettings) -> None:
        self._spool = spool
        self._settings = settings

    def limit(self, kind: MediaKind | None = None) -> int:
        """The most bytes of a file that is to be of a kind."""
        if kind is None or kind in _CONVERTED:
            return self._settings.max_bytes
        return min(self._settings.max_bytes, LIMITS[kind].max_bytes)

    def execute(
        self, chunks: AsyncIterable[bytes], *, kind: MediaKind | None = None
    ) -> AbstractAsyncContextManager[SpooledFile]:
        """Takes it in; the context begins when all of it is here.

        Raises:
            TooLargeError: ``MEDIA_TOO_LARGE``, as soon as it is.
            InvalidArgumentError: ``MEDIA_EMPTY``.
            DeadlineExceededError: ``UPLOAD_STALLED``: nothing more came for too long.
            UnavailableError: ``DISK_FULL``, ``MEDIA_STORE_UNAVAILABLE``.
        """
        return self._receive(chunks, kind)

    @asynccontextmanager
    async def _receive(self, chunks: AsyncIterable[bytes], kind: MediaKind | None) -> AsyncIterator[SpooledFile]:
        async with (
            aclosing(_flowing(chunks, self._settings.stall)) as flowing,
            self._spool.receive(flowing, max_bytes=self.limit(kind)) as file,
        ):
            yield file


async def _flowing(chunks: AsyncIterable[bytes], stall: timedelta) -> AsyncGenerator[bytes]:
    iterator = aiter(chunks)
    while True:
        try:
            async with asyncio.timeout(stall.total_seconds()):
                chunk = await anext(iterator, None)
        except TimeoutError:
            raise DeadlineExceededError(
                "UPLOAD_STALLED", f"Nothing of the file came for {stall.total_seconds():g} s."
            ) from None
        if chunk is None:
            return
        yield chunk
