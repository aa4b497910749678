"""When to open a session's page again after it has ended, and when to give up."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from application.workers.page_life import Ending
from application.workers.page_watch import STEADY
from domain.session import StatusReason

_FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(minutes=5)
_MAX_FRUITLESS: Final = 6
_HOPELESS: Final = frozenset(
    {StatusReason.BROWSER_MISSING, StatusReason.LOGIN_MISSING, StatusReason.SNAPSHOT_UNREADABLE}
)
UNREACHABLE: Final = frozenset({StatusReason.PAGE_UNREACHABLE, StatusReason.CONNECTION_LOST})
"""WhatsApp, or the way to it, is away."""
PASSING: Final = UNREACHABLE | {StatusReason.DISK_FULL, StatusReason.PROXY_UNREACHABLE}
"""Nothing of the session's own: it passes, and no session is given up for it."""


class BackOff:
    """Counts what goes wrong in a row. A page that was sound for ten minutes ends the row."""

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._ended = self._fruitless = 0

    def reset(self) -> None:
        """Somebody has asked for the session: it starts without a past."""
        self._ended = self._fruitless = 0

    def note(self, ending: Ending) -> None:
        """Counts a page that ended by itself, or couldn't be opened."""
        if ending.sound_for >= STEADY:
            self.reset()
        self._ended += 1
        if ending.had_worked:
            self._fruitless = 0
        elif ending.reason not in PASSING:
            self._fruitless += 1

    def gives_up(self, ending: Ending) -> bool:
        """Whether trying again is of no use: nothing to open a page with, or six in a row that didn't work."""
        return ending.reason in _HOPELESS or self._fruitless >= _MAX_FRUITLESS

    def pause(self) -> timedelta:
        """How long to wait: doubling from a second to five minutes, half of it to one and a half times."""
        doubled = _FIRST_PAUSE * float(2 ** min(self._ended - 1, 20))
        return min(doubled, LONGEST_PAUSE) * (0.5 + self._jitter())
