"""Ways through proxies."""

import asyncio
from abc import abstractmethod
from typing import Protocol

from domain.proxy import Proxy

type Tunnel = tuple[asyncio.StreamReader, asyncio.StreamWriter]
"""The two ends of a connection's way there; who gets it closes it."""


class ProxyConnector(Protocol):
    """Connects through proxies, and never past them. They are on the public Internet alone, unless more is allowed."""

    @abstractmethod
    def check(self, proxy: Proxy) -> None:
        """Refuses a proxy that would never be connected to. What a name leads to is only known when it is.

        Raises:
            InvalidArgumentError: ``PROXY_TARGET_REFUSED``: it isn't public.
        """

    @abstractmethod
    async def connect(self, proxy: Proxy, host: str, port: int) -> Tunnel:
        """A connection to a host, whose name the proxy resolves. Bounds its own time.

        Raises:
            UnavailableError: ``PROXY_UNREACHABLE``: the proxy doesn't answer, isn't public, or can't reach the host;
                ``PROXY_REFUSED``: it answers, and lets nobody through with these credentials, or not to this host.
        """
