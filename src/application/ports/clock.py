"""Time."""

from abc import abstractmethod
from datetime import datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells and waits. A simulation replaces it."""

    @abstractmethod
    def now(self) -> datetime:
        """The present instant, aware, in UTC."""

    @abstractmethod
    def elapsed(self) -> timedelta:
        """The time since a fixed moment of the past: never set, never back, and it counts while the machine sleeps."""

    @abstractmethod
    async def sleep(self, span: timedelta) -> None:
        """Waits for a span."""
