"""Proxies of sessions."""

from collections.abc import Mapping
from typing import Any

from application.representation.values import Json
from domain.proxy import Proxy, ProxyPassword


def proxy_to_dict(proxy: Proxy | None) -> Json | None:
    """A proxy as the API shows it: not its password, but whether there is one."""
    if proxy is None:
        return None
    return {"url": proxy.url, "username": proxy.username, "has_password": proxy.password is not None}


def proxy_from_dict(data: Mapping[str, Any] | None) -> Proxy | None:
    """Reads what ``proxy_to_dict`` wrote: of a password no more than that there is one."""
    if data is None:
        return None
    address = Proxy.parse(data["url"])
    return Proxy(
        scheme=address.scheme,
        host=address.host,
        port=address.port,
        username=data["username"],
        password=ProxyPassword() if data["has_password"] else None,
    )
