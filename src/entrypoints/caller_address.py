"""Where a call comes from."""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import unquote

from entrypoints.networks import Network

FORWARDED_FOR: Final = "x-forwarded-for"
_IPV6_SITE: Final = 64
"""Bits of an IPv6 address that name a site: one customer has all addresses below, and is one caller."""
UNKNOWN: Final = "unknown"

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def caller_address(peer: str | None, forwarded: Iterable[str], trusted: Sequence[Network]) -> str:
    """The address of the caller: the connection's, or what a trusted proxy says that it was for.

    Each proxy adds whom it was called by to the end of ``X-Forwarded-For``. So it is read backwards, as far as those
    who wrote are trusted; what is before that anybody may have written.

    Args:
        peer: the other end of the connection; None where it has no address.
        forwarded: the values of the ``X-Forwarded-For`` headers, in order.
        trusted: the proxies.
    """
    at = parse_address(peer or "")
    if at is None:
        return UNKNOWN
    hops = [hop.strip() for value in forwarded for hop in value.split(",")] if _is_in(at, trusted) else []
    while hops and _is_in(at, trusted):
        hop = parse_address(hops.pop())
        if hop is None:
            # What a trusted proxy couldn't name isn't guessed: it counts as the proxy.
            break
        at = hop
    return str(at)


def caller_site(address: str) -> str:
    """Who counts as one caller: an IPv4 address, or the network of an IPv6 address's site."""
    at = parse_address(address)
    if isinstance(at, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((at, _IPV6_SITE), strict=False))
    return address


def grpc_peer(peer: str) -> str | None:
    """The address in gRPC's name of a peer: ``ipv4:192.0.2.1:50051``, ``ipv6:%5B2001:db8::1%5D:50051``."""
    kind, _, rest = peer.partition(":")
    if kind not in {"ipv4", "ipv6"}:
        return None
    host, _, _ = unquote(rest).rpartition(":")
    return host.strip("[]")


def parse_address(text: str) -> Address | None:
    """An address without its port and zone, an IPv4 address in IPv6's clothes as IPv4."""
    host = text.strip().strip('"')
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
