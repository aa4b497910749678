"""The client's part of SOCKS5 (RFC 1928), with user name and password (RFC 1929)."""

import asyncio
import ipaddress
from typing import Final

from application.ports.proxy_connector import Tunnel
from domain.proxy import Proxy, proxy_refused, proxy_unreachable

_VERSION: Final = 5
_NO_AUTHENTICATION: Final = 0
_PASSWORD: Final = 2
_NOTHING_ACCEPTABLE: Final = 0xFF
_PASSWORD_VERSION: Final = 1
_CONNECT: Final = 1
_IPV4, _NAME, _IPV6 = 1, 3, 4
_NOT_ALLOWED: Final = 2
_SIZES: Final = {_IPV4: 4, _IPV6: 16}
_NOT_SOCKS: Final = "answers what isn't SOCKS5"


async def ask(tunnel: Tunnel, proxy: Proxy, host: str, port: int) -> None:
    """Has a proxy connect to a host.

    Raises:
        UnavailableError: ``PROXY_UNREACHABLE``, ``PROXY_REFUSED``.
        IncompleteReadError, OSError: the connection broke off.
    """
    reader, writer = tunnel
    methods = bytes([_NO_AUTHENTICATION] if proxy.username is None else [_NO_AUTHENTICATION, _PASSWORD])
    writer.write(bytes([_VERSION, len(methods)]) + methods)
    await writer.drain()
    version, method = await reader.readexactly(2)
    if version != _VERSION:
        raise proxy_unreachable(_NOT_SOCKS)
    if method == _NOTHING_ACCEPTABLE:
        wants = "wants a user name" if proxy.username is None else "takes no user name with a password"
        raise proxy_refused(wants)
    if method not in methods:
        raise proxy_unreachable(_NOT_SOCKS)
    if method == _PASSWORD:
        await _authenticate(tunnel, proxy)
    writer.write(bytes([_VERSION, _CONNECT, 0]) + _address(host) + port.to_bytes(2))
    await writer.drain()
    version, reply, _, kind = await reader.readexactly(4)
    if version != _VERSION:
        raise proxy_unreachable(_NOT_SOCKS)
    if reply == _NOT_ALLOWED:
        raise proxy_refused("doesn't let through to WhatsApp")
    if reply:
        raise proxy_unreachable(f"doesn't get through to WhatsApp (it answers {reply})")
    size = (await reader.readexactly(1))[0] if kind == _NAME else _SIZES.get(kind)
    if size is None:
        raise proxy_unreachable(_NOT_SOCKS)
    await reader.readexactly(size + 2)


async def _authenticate(tunnel: Tunnel, proxy: Proxy) -> None:
    reader, writer = tunnel
    username, password = (text.encode() for text in proxy.credentials or ("", ""))
    writer.write(bytes([_PASSWORD_VERSION, len(username)]) + username + bytes([len(password)]) + password)
    try:
        await writer.drain()
        _, status = await reader.readexactly(2)
    except (asyncio.IncompleteReadError, ConnectionError):
        status = 1  # some say no by hanging up
    if status:
        raise proxy_refused("doesn't accept the user name or the password")


def _address(host: str) -> bytes:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode("ascii")
        return bytes([_NAME, len(name)]) + name
    return bytes([_IPV4 if address.version == 4 else _IPV6]) + address.packed  # noqa: PLR2004 - IP's own number
