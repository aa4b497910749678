"""How many streams a caller has open."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from domain.errors import RateLimitedError


class StreamSlots:
    """Counts the open streams of each caller in this gateway: what they take, sockets and memory, is this gateway's.

    Args:
        most: how many a caller may have; 0 is no limit.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Counter[str] = Counter()

    def open(self, scope: str) -> int:
        """How many a caller has."""
        return self._open[scope]

    @contextmanager
    def hold(self, scope: str) -> Iterator[None]:
        """One more, for the time of the context.

        Raises:
            RateLimitedError: ``TOO_MANY_STREAMS``.
        """
        if self._most and self._open[scope] >= self._most:
            raise RateLimitedError(
                "TOO_MANY_STREAMS",
                f"At most {self._most} streams of a caller are open at a time; close one first.",
                metadata={"limit": str(self._most)},
            )
        self._open[scope] += 1
        try:
            yield
        finally:
            self._open[scope] -= 1
            if not self._open[scope]:
                del self._open[scope]
