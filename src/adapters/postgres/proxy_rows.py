"""Sessions' proxies in PostgreSQL."""

from collections.abc import Mapping
from typing import Any

from domain.proxy import Proxy, ProxyPassword, ProxyScheme


def proxy_to_row(proxy: Proxy | None) -> dict[str, Any] | None:
    """What is stored of a proxy, its password too, as JSON."""
    if proxy is None:
        return None
    return {
        "scheme": proxy.scheme.value,
        "host": proxy.host,
        "port": proxy.port,
        "username": proxy.username,
        "password": None if proxy.password is None else proxy.password.value,
    }


def proxy_from_row(row: Mapping[str, Any] | None) -> Proxy | None:
    """Reads what ``proxy_to_row`` wrote."""
    if row is None:
        return None
    return Proxy(
        scheme=ProxyScheme(row["scheme"]),
        host=row["host"],
        port=row["port"],
        username=row["username"],
        password=None if row["password"] is None else ProxyPassword(row["password"]),
    )
