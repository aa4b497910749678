"""A feed of what changes, for the phone pages and for tests that wait for something."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sandbox.frames import Json

_LAG: Final = 1000


class Notices:
    """Tells watchers that something about an account changed; they ask for the state itself."""

    def __init__(self) -> None:
        self._watchers: set[asyncio.Queue[Json]] = set()

    def tell(self, kind: str, phone: str, **details: str | int) -> None:
        """Announce a change; a watcher that lags too far misses the oldest."""
        for watcher in self._watchers:
            if watcher.full():
                watcher.get_nowait()
            watcher.put_nowait({"kind": kind, "account": phone, **details})

    @contextmanager
    def watch(self) -> Iterator[asyncio.Queue[Json]]:
        """A queue of the changes from now on."""
        queue: asyncio.Queue[Json] = asyncio.Queue(_LAG)
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)
