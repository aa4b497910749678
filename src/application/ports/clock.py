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
    async def sleep(self, span: timedelta) -> None:
        """Waits for a span."""
