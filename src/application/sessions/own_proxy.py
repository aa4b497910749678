"""What callers set of a session's proxy."""

from dataclasses import dataclass, field
from typing import Any

from application.ports.proxy_connector import ProxyConnector
from domain.proxy import Proxy


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenProxy:
    """A proxy as it is given, not looked at yet."""

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ProxyChange:
    """Another proxy, or none."""

    to: GivenProxy | None


def own_proxy(given: GivenProxy | None, proxies: ProxyConnector) -> Proxy | None:
    """The proxy as it is kept.

    Raises:
        InvalidArgumentError: ``INVALID_PROXY``, ``PROXY_TARGET_REFUSED``.
    """
    if given is None:
        return None
    proxy = Proxy.parse(given.url, given.username, given.password)
    proxies.check(proxy)
    return proxy


def asked_proxy(change: ProxyChange | None) -> dict[str, Any]:
    """What is asked, as JSON, of which no more than a digest is kept; what isn't given is left out."""
    if change is None:
        return {}
    given = change.to
    return {"proxy": given and {"url": given.url, "username": given.username, "password": given.password}}
