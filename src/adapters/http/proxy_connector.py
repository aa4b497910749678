"""Connections through proxies of HTTP and SOCKS5."""

import asyncio
import contextlib
import re
import socket
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self, assert_never, override

from adapters.http import socks5
from adapters.http.address_policy import AddressPolicy, Network
from adapters.http.guarded_resolver import Lookup, SystemLookup
from application.ports.proxy_connector import ProxyConnector, Tunnel
from domain.errors import InvalidArgumentError, UnavailableError
from domain.proxy import Proxy, ProxyScheme, proxy_refused, proxy_unreachable

_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})[ \r]")
_LONGEST_HEAD: Final = 65_536
_SUCCESS: Final = 2
_BAD_CREDENTIALS: Final = 407
_FORBIDDEN: Final = frozenset({401, 403})
_NO_TLS: Final = "can't be trusted: its certificate isn't one for its name, by an authority that is known here"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorSettings:
    """How proxies are connected to.

    Attributes:
        allowed: networks that they may be in although those aren't public.
        timeout: of the whole way to a host, from the lookup of the proxy's name on.
        attempt_timeout: of the connection to one of several addresses.
        tls: what proxies of https are believed by; None: the system's authorities.
    """

    allowed: Sequence[Network] = ()
    timeout: timedelta = timedelta(seconds=20)
    attempt_timeout: timedelta = timedelta(seconds=6)
    tls: ssl.SSLContext | None = None


class GuardedProxyConnector(ProxyConnector):
    """Looks a proxy's name up itself, once for each connection, and connects to an address that it has checked."""

    def __init__(self, settings: ConnectorSettings, lookup: Lookup) -> None:
        self._settings = settings
        self._policy = AddressPolicy(settings.allowed)
        self._lookup = lookup
        self._tls = settings.tls or ssl.create_default_context()

    @classmethod
    @contextlib.contextmanager
    def open(cls, settings: ConnectorSettings | None = None, lookup: Lookup | None = None) -> Iterator[Self]:
        """Opens the connector. ``lookup`` replaces the system's resolver."""
        system = SystemLookup()
        try:
            yield cls(settings or ConnectorSettings(), lookup or system)
        finally:
            system.close()

    @override
    def check(self, proxy: Proxy) -> None:
        if self._policy.permits_literal(proxy.host) is False:
            raise InvalidArgumentError(
                "PROXY_TARGET_REFUSED",
                "This address is private, loopback or the like; POMBO_PROXY_ALLOW_PRIVATE can allow it.",
                field="proxy.url",
            )

    @override
    async def connect(self, proxy: Proxy, host: str, port: int) -> Tunnel:
        seconds = self._settings.timeout.total_seconds()
        try:
            async with asyncio.timeout(seconds):
                tunnel = await self._reach(proxy)
                async with _aborting(tunnel):
                    await _ask(tunnel, proxy, host, port)
                return tunnel
        except TimeoutError:
            raise proxy_unreachable(f"doesn't answer within {seconds:g} s") from None
        except asyncio.IncompleteReadError as error:
            raise proxy_unreachable("breaks off") from error
        except OSError as error:
            raise proxy_unreachable(f"breaks off ({type(error).__name__})") from error

    async def _reach(self, proxy: Proxy) -> Tunnel:
        addresses = await self._addresses(proxy)
        patience = None if len(addresses) == 1 else self._settings.attempt_timeout.total_seconds()
        failure: Exception = OSError("no address")
        for address in addresses:
            try:
                async with asyncio.timeout(patience):
                    return await asyncio.open_connection(
                        address,
                        proxy.port,
                        limit=_LONGEST_HEAD,
                        ssl=self._tls if proxy.scheme is ProxyScheme.HTTPS else None,
                        server_hostname=proxy.host if proxy.scheme is ProxyScheme.HTTPS else None,
                    )
            except ssl.SSLError as error:
                why = _NO_TLS if isinstance(error, ssl.SSLCertVerificationError) else "doesn't speak TLS at this port"
                raise proxy_unreachable(why) from error
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise proxy_unreachable("doesn't answer") from failure
        why = "refuses connections at its port" if isinstance(failure, ConnectionRefusedError) else "can't be reached"
        raise proxy_unreachable(why) from failure

    async def _addresses(self, proxy: Proxy) -> Sequence[str]:
        try:
            self.check(proxy)
            if self._policy.permits_literal(proxy.host):
                return (proxy.host,)
            addresses = await self._lookup(proxy.host, proxy.port)
        except InvalidArgumentError as error:
            raise _not_public() from error
        except socket.gaierror as error:
            raise proxy_unreachable("has a name that leads to no address") from error
        # As with webhooks: one bad address among good ones refuses the name.
        if not all(map(self._policy.permits, addresses)):
            raise _not_public()
        return addresses


@contextlib.asynccontextmanager
async def _aborting(tunnel: Tunnel) -> AsyncIterator[None]:
    """Lets go of the connection where what is done with it fails."""
    try:
        yield
    except BaseException:
        tunnel[1].transport.abort()
        raise


async def _ask(tunnel: Tunnel, proxy: Proxy, host: str, port: int) -> None:
    match proxy.scheme:
        case ProxyScheme.HTTP | ProxyScheme.HTTPS:
            await _ask_http(tunnel, proxy, host, port)
        case ProxyScheme.SOCKS5:
            await socks5.ask(tunnel, proxy, host, port)
        case _:
            assert_never(proxy.scheme)


async def _ask_http(tunnel: Tunnel, proxy: Proxy, host: str, port: int) -> None:
    reader, writer = tunnel
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", "Proxy-Connection: keep-alive"]
    if proxy.credentials is not None:
        token = b64encode(":".join(proxy.credentials).encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {token}")
    writer.write("\r\n".join((*lines, "", "")).encode())
    await writer.drain()
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise proxy_unreachable("answers what isn't HTTP") from error
    found = _STATUS.match(head)
    if found is None:
        raise proxy_unreachable("answers what isn't HTTP")
    status = int(found[1])
    if status // 100 != _SUCCESS:
        raise _failed(status, proxy)


def _failed(status: int, proxy: Proxy) -> UnavailableError:
    if status == _BAD_CREDENTIALS:
        wants = "wants a user name" if proxy.username is None else "doesn't accept the user name or the password"
        return proxy_refused(f"{wants} (407)")
    if status in _FORBIDDEN:
        return proxy_refused(f"doesn't let through to WhatsApp ({status})")
    return proxy_unreachable(f"doesn't get through to WhatsApp (it answers {status})")


def _not_public() -> UnavailableError:
    return proxy_unreachable(
        "is at an address that is private, loopback or the like; POMBO_PROXY_ALLOW_PRIVATE can allow it"
    )
