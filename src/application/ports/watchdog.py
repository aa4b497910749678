"""What ends a session's browser when this gateway's right to run it does, whatever has become of the gateway."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Protocol

from domain.ids import SessionId


class Watchdog(Protocol):
    """Kills browsers by force: at their deadlines, and all of them when the gateway dies.

    It goes on working when the gateway's process is stopped (SIGSTOP) or doesn't get to run.
    """

    @abstractmethod
    async def allow(self, until: Mapping[SessionId, timedelta]) -> None:
        """Says until when the browsers of sessions may run, as a time of ``Clock.elapsed``.

        What runs later, or is started later, is killed until the session is allowed again. A time that has passed
        kills at once.

        Raises:
            UnavailableError: ``WATCHDOG_FAILED``: what was allowed before holds, and no more.
        """

    @abstractmethod
    async def dismiss(self, session_ids: Collection[SessionId]) -> None:
        """Says that sessions have no browser any more; what was allowed of them is forgotten. Never fails."""
