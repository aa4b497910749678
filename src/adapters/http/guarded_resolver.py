"""Names to addresses, each of which is checked."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, override

from aiohttp.abc import AbstractResolver, ResolveResult

from adapters.http.address_policy import AddressPolicy

type Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""A name's addresses."""

_AT_ONCE: Final = 16
"""Lookups at once: each holds a thread, which can't be taken back while a name server is silent."""


class TargetRefusedError(OSError):
    """The address isn't one that requests may go to."""


class SystemLookup:
    """The operating system's resolver, on threads of its own: slow name servers hold up nothing else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="webhook-dns")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Looks up.

        Raises:
            OSError: there are none, or no name server answers.
        """
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return tuple(dict.fromkeys(str(address[0]) for *_, address in found))

    def close(self) -> None:
        """Lets the threads end when they can."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class GuardedResolver(AbstractResolver):
    """Resolves once per connection; aiohttp connects to the addresses that this gives, and to no others.

    One bad address among good ones refuses the name: it would be a matter of luck which one is taken.
    """

    def __init__(self, policy: AddressPolicy, lookup: Lookup) -> None:
        self._policy = policy
        self._lookup = lookup

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = await self._lookup(host, port)
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        if not all(self._policy.permits(address) for address in addresses):
            raise TargetRefusedError
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in addresses
        ]

    @override
    async def close(self) -> None:
        """Nothing is held."""
