"""Networks, as settings name them."""

import ipaddress
from typing import Annotated, Final

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_EVERYWHERE: Final[tuple[Network, ...]] = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))


def _networks(value: object) -> object:
    """``true``, ``false``, or networks in CIDR notation, separated by commas."""
    if not isinstance(value, str):
        return value
    if value.strip().lower() in {"true", "false"}:
        return _EVERYWHERE if value.strip().lower() == "true" else ()
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip())
    except ValueError:
        raise ValueError("must be true, false, or networks like 10.1.0.0/16, separated by commas") from None


Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]
"""A setting's networks."""
