"""Proxies in memory."""

import asyncio
from dataclasses import dataclass, field
from typing import override

from application.ports.proxy_connector import ProxyConnector, Tunnel
from domain.errors import InvalidArgumentError
from domain.proxy import Proxy, proxy_refused, proxy_unreachable


@dataclass(slots=True)
class MemoryProxyConnector(ProxyConnector):
    """Proxies by their addresses.

    Attributes:
        proxies: those that there are, each with the user name and the password that it wants, or None.
        private: hosts that aren't public.
        barred: hosts that no proxy gets through to.
        passed: what was connected to, and through which.
    """

    proxies: dict[str, tuple[str, str] | None] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    barred: set[str] = field(default_factory=set)
    passed: list[tuple[str, str, int]] = field(default_factory=list)

    @override
    def check(self, proxy: Proxy) -> None:
        if proxy.host in self.private:
            raise InvalidArgumentError("PROXY_TARGET_REFUSED", "This address is private.", field="proxy.url")

    @override
    async def connect(self, proxy: Proxy, host: str, port: int) -> Tunnel:
        await asyncio.sleep(0)
        if proxy.host in self.private or proxy.url not in self.proxies:
            raise proxy_unreachable("can't be reached")
        wanted = self.proxies[proxy.url]
        if wanted is not None and wanted != proxy.credentials:
            raise proxy_refused("doesn't accept the user name or the password")
        if host in self.barred:
            raise proxy_unreachable("doesn't get through")
        self.passed.append((proxy.url, host, port))
        return _echo()


def _echo() -> Tunnel:
    """A host that says what it hears."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport = _Loop(protocol)
    protocol.connection_made(transport)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


class _Loop(asyncio.Transport):
    """Gives back what is written."""

    def __init__(self, protocol: asyncio.StreamReaderProtocol) -> None:
        super().__init__()
        self._protocol = protocol
        self._closed = False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closed:
            self._protocol.data_received(bytes(data))

    @override
    def is_closing(self) -> bool:
        return self._closed

    @override
    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._protocol.connection_lost(None)

    @override
    def abort(self) -> None:
        self.close()

    @override
    def pause_reading(self) -> None:
        """Nothing comes that wasn't written."""

    @override
    def resume_reading(self) -> None:
        """As above."""
