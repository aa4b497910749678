"""The server's way to its end, for calls that would outlast it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final

from domain.errors import UnavailableError

_RETRY_AFTER: Final = timedelta(seconds=1)
_END: Final = object()


class Stopping:
    """Ends waits that have no effect of their own when the server stops: streams, and waiting for a QR."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()
        self._limits: set[asyncio.Timeout] = set()

    @property
    def begun(self) -> bool:
        """Whether the server is stopping."""
        return self._begun.is_set()

    def begin(self) -> None:
        """Ends every wait that goes on, and every later one at once."""
        self._begun.set()
        now = asyncio.get_running_loop().time()
        for limit in self._limits:
            limit.reschedule(now)

    async def pause(self, span: timedelta) -> None:
        """Waits for a time, or for the end if that comes first."""
        with suppress(TimeoutError):
            async with asyncio.timeout(span.total_seconds()):
                await self._begun.wait()

    @asynccontextmanager
    async def interrupting(self) -> AsyncIterator[None]:
        """What is awaited inside ends when the server stops.

        Raises:
            UnavailableError: ``SERVER_STOPPING``.
        """
        if self.begun:
            raise _stopping()
        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._limits.add(limit)
                try:
                    yield
                finally:
                    self._limits.discard(limit)
        except TimeoutError:
            if limit.expired():
                raise _stopping() from None
            raise

    async def follow[T](self, items: AsyncIterator[T]) -> AsyncGenerator[T]:
        """The items as they come, until they end or the server stops. Closing this closes the source.

        Raises:
            UnavailableError: ``SERVER_STOPPING``.
        """
        try:
            while True:
                # Only the waiting is interrupted, never the writing of an item.
                async with self.interrupting():
                    item = await anext(items, _END)
                if item is _END:
                    return
                yield item  # type: ignore[misc]  # mypy can't tell the sentinel from an item
        finally:
            if isinstance(items, AsyncGenerator):
                await items.aclose()


def _stopping() -> UnavailableError:
    return UnavailableError(
        "SERVER_STOPPING", "The gateway is stopping; call again in a moment.", retry_after=_RETRY_AFTER
    )
