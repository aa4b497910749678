"""Whether a part the gateway needs answers."""

from abc import abstractmethod
from typing import Protocol


class HealthCheck(Protocol):
    """One part's health: the database, the bus, the browser."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The part's public name, like ``postgres``."""

    @property
    def is_needed(self) -> bool:
        """Whether the gateway isn't ready without it."""
        return True

    @abstractmethod
    async def check(self) -> str | None:
        """None when the part answers, else a sentence that says what is wrong, without secrets.

        The caller bounds the time.
        """
