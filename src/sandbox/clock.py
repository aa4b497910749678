"""The sandbox's clock: this machine's, moved ahead where somebody doesn't want to wait."""

import time


class _Ahead:
    """How far the clock of this process is ahead of the machine's."""

    def __init__(self) -> None:
        self.ms = 0


_ahead = _Ahead()


def now_ms() -> int:
    """Milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000 + _ahead.ms


def ahead_ms() -> int:
    """How far the clock is ahead of the machine's."""
    return _ahead.ms


def set_ahead(ms: int) -> None:
    """Move the clock of this process, which all of its sandboxes share."""
    _ahead.ms = ms
