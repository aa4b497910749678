"""A browser's way to the site, where it isn't the machine's own."""

from abc import abstractmethod
from typing import Protocol

from playwright.async_api import BrowserContext, ProxySettings


class Network(Protocol):
    """A way to the site."""

    @property
    @abstractmethod
    def proxy(self) -> ProxySettings:
        """What the browser is started with."""

    @property
    @abstractmethod
    def resolved(self) -> tuple[str, ...]:
        """The hosts that the browser itself may resolve; patterns as in ``--host-resolver-rules``."""

    @property
    @abstractmethod
    def stands_in(self) -> bool:
        """Whether every request is answered here, and the browser isn't to send any."""

    @abstractmethod
    async def stand_in(self, context: BrowserContext) -> None:
        """Sees to a browser's requests, before it makes the first."""
