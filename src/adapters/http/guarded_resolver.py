"""Names to addresses, each of which is checked."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, override

from aiohttp.abc import AbstractResolver, ResolveResult

from adapters.http.address_policy import AddressPolicy

type Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""A name's addresses."""

_AT_ONCE: Final = 16
"""Lookups at once: each holds a thread, which can't be taken back while a name server is silent."""


class TargetRefusedError(OSError):
    """The address isn't one that requests may go to."""


class SystemLookup:
    """The operating system's resolver, on threads of its own: slow name servers hold up nothing else.

    Who asks for a name that is being looked up joins in, so that one whose servers are silent holds one thread, however
    many requests go to it and however often they are tried again.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="webhook-dns")
        self._running: dict[tuple[str, int], _Running] = {}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Looks up.

        Raises:
            OSError: there are none, or no name server answers.
        """
        running = self._running.get((host, port)) or self._begin(host, port)
        running.waiting += 1
        try:
            return await asyncio.shield(running.result)
        finally:
            running.waiting -= 1
            if running.waiting == 0 and running.call.cancel():
                self._running.pop((host, port), None)

    def _begin(self, host: str, port: int) -> "_Running":
        call = self._threads.submit(_addresses, host, port)
        running = self._running[host, port] = _Running(call, asyncio.wrap_future(call))

        def forget(result: asyncio.Future[Sequence[str]]) -> None:
            if self._running.get((host, port)) is running:
                del self._running[host, port]
            if not result.cancelled():
                result.exception()  # nobody may have waited for it

        running.result.add_done_callback(forget)
        return running

    def close(self) -> None:
        """Lets the threads end when they can."""
        self._threads.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True)
class _Running:
    """A lookup that is on its way, or in the queue."""

    call: Future[Sequence[str]]
    result: asyncio.Future[Sequence[str]]
    waiting: int = 0


def _addresses(host: str, port: int) -> Sequence[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise socket.gaierror(socket.EAI_NONAME, "not a name") from error
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


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


def guarded_sockets(policy: AddressPolicy) -> Any:
    """Makes the sockets of all connections, and looks at where each goes: the last gate, whatever came before it."""

    def make(info: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        family, kind, protocol, _, address = info
        if not policy.permits(str(address[0])):
            raise TargetRefusedError
        return socket.socket(family=family, type=kind, proto=protocol)

    return make
