"""Which addresses a request may go to."""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import Final

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address
type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

EVERYWHERE: Final[tuple[Network, ...]] = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))

_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All that IANA has given out of IPv6 (https://www.iana.org/assignments/ipv6-address-space)."""

_NOT_PUBLIC: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
        *("192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("224.0.0.0/4", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "3fff::/20"),
    )
)
"""What IANA lists as not globally reachable (https://www.iana.org/assignments/iana-ipv4-special-registry, and the
same for IPv6), whatever the Python that runs knows of it."""

_TRANSLATED: Final = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
"""NAT64 (RFC 6052, RFC 8215): the last 32 bits are an IPv4 address."""

_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")
"""IPv4-compatible addresses (RFC 4291, deprecated)."""

_ISATAP: Final = 0x0000_5EFE
"""The middle of an ISATAP interface identifier (RFC 5214), but for its two flag bits."""

_LAST_LABEL: Final = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)\.?")


class AddressPolicy:
    """Refuses what isn't on the public Internet, unless it is allowed.

    Args:
        allowed: networks that requests may go to whatever they are.
    """

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._allowed = tuple(allowed)

    def permits(self, text: str) -> bool:
        """Whether a request may go to this address, given as the operating system writes it."""
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        if address.is_multicast or address.is_unspecified:
            return False
        if any(address in network for network in self._allowed):
            return True
        # One that carries another inside leads to that one: both must be good.
        return _is_public(address) and all(self.permits(str(inner)) for inner in _inner(address))

    def permits_literal(self, host: str) -> bool | None:
        """The same for a URL's host where it is an address; None for a name.

        Numbers that only some parsers read as an address (``127.1``, ``0x7f.1``, ``2130706433``, ``0177.0.0.1``) are
        refused: what they lead to is a matter of opinion.
        """
        bare = host.removeprefix("[").removesuffix("]")
        try:
            ipaddress.ip_address(bare)
        except ValueError:
            is_number = ":" in bare or _LAST_LABEL.fullmatch(bare.removesuffix(".").rpartition(".")[2])
            return False if is_number else None
        return self.permits(bare)


def _is_public(address: Address) -> bool:
    if any(address in network for network in _NOT_PUBLIC):
        return False
    return (
        isinstance(address, ipaddress.IPv4Address)
        or next(_inner(address), None) is not None
        or address in _GLOBAL_UNICAST
    )


def _inner(address: Address) -> Iterator[ipaddress.IPv4Address]:
    """The IPv4 addresses that an IPv6 address leads to."""
    if isinstance(address, ipaddress.IPv4Address):
        return
    number = int(address)
    last = ipaddress.IPv4Address(number & 0xFFFF_FFFF)
    if address.ipv4_mapped is not None or any(address in network for network in (*_TRANSLATED, _COMPATIBLE)):
        yield last
    if address.sixtofour is not None:
        yield address.sixtofour
    if (number >> 32) & 0xFCFF_FFFF == _ISATAP:
        yield last
