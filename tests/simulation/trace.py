"""What happened, line by line."""

import hashlib
from collections.abc import Callable


class Trace:
    """Keeps lines; two runs are the same when their digests are."""

    def __init__(self, moment: Callable[[], float]) -> None:
        self._moment = moment
        self._lines: list[tuple[float, str, str]] = []

    def add(self, who: str, what: str) -> None:
        self._lines.append((self._moment(), who, what))

    def lines(self, last: int | None = None) -> list[str]:
        chosen = self._lines if last is None else self._lines[-last:]
        return [f"{moment:10.4f}  {who:<10} {what}" for moment, who, what in chosen]

    def digest(self) -> str:
        state = hashlib.blake2b(digest_size=8)
        for line in self._lines:
            state.update(repr(line).encode())
        return state.hexdigest()
