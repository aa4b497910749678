"""The proxy by which a session reaches WhatsApp."""

import ipaddress
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from domain.errors import InvalidArgumentError, UnavailableError

MAX_PROXY_URL: Final = 300
MAX_CREDENTIAL: Final = 255
"""Bytes in UTF-8: what SOCKS5 has room for (RFC 1929)."""

_HIGHEST_PORT: Final = 65_535
_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\.?")
_FORM: Final = re.compile(
    r"(?P<scheme>[A-Za-z0-9+.-]+)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\\]+):(?P<port>[0-9]{1,5})"
)


class ProxyScheme(StrEnum):
    """How a proxy is spoken to."""

    HTTP = "http"
    HTTPS = "https"
    """As ``HTTP``, over TLS."""
    SOCKS5 = "socks5"
    """Names are resolved by the proxy."""


@dataclass(frozen=True, slots=True)
class ProxyPassword:
    """A password that no text of this object shows.

    Attributes:
        value: None where it is only known that there is one: in an answer that is given again.
    """

    value: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy. ``host`` is a name or an address, without brackets."""

    scheme: ProxyScheme
    host: str
    port: int
    username: str | None = None
    password: ProxyPassword | None = None

    @classmethod
    def parse(cls, url: str, username: str | None = None, password: str | None = None) -> "Proxy":
        """Reads what a caller gave. No error holds any of it.

        Raises:
            InvalidArgumentError: ``INVALID_PROXY``.
        """
        scheme, host, port = _parse_url(url)
        if username is None and password is not None:
            raise _invalid("username", "A password belongs to a user's name; give both, or neither.")
        if username is not None:
            _check_credential("username", username)
            if scheme is not ProxyScheme.SOCKS5 and ":" in username:
                raise _invalid("username", "A proxy of http or https can't be told a user's name with a colon in it.")
            if scheme is ProxyScheme.SOCKS5 and password is None:
                raise _invalid("password", "SOCKS5 has no user's name without a password; give both, or neither.")
        if password is not None:
            _check_credential("password", password)
        return cls(
            scheme=scheme,
            host=host,
            port=port,
            username=username,
            password=None if password is None else ProxyPassword(password),
        )

    @property
    def url(self) -> str:
        """``scheme://host:port``, without credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def credentials(self) -> tuple[str, str] | None:
        """User name and password, empty where there is none; None without a user name."""
        if self.username is None:
            return None
        return self.username, "" if self.password is None else self.password.value or ""


def _parse_url(url: str) -> tuple[ProxyScheme, str, int]:
    if len(url) > MAX_PROXY_URL:
        raise _invalid("url", f"An address has at most {MAX_PROXY_URL} characters.")
    if "@" in url:
        raise _invalid("url", "User name and password have fields of their own; the address holds neither.")
    form = _FORM.fullmatch(url)
    if form is None:
        raise _invalid("url", f"{_missing(url)} Give scheme, host and port alone, like http://proxy.example.org:3128.")
    try:
        scheme = ProxyScheme(form["scheme"].lower())
    except ValueError:
        raise _invalid("url", "A proxy is spoken to by http, https or socks5.") from None
    port = int(form["port"])
    if not 0 < port <= _HIGHEST_PORT:
        raise _invalid("url", f"A port is 1 to {_HIGHEST_PORT}.")
    return scheme, _host(form["host"]), port


def _host(text: str) -> str:
    if text.startswith("["):
        try:
            return str(ipaddress.IPv6Address(text[1:-1]))
        except ValueError:
            raise _invalid("url", "Its host is no IPv6 address.") from None
    if not _NAME.fullmatch(text):
        raise _invalid("url", "Its host is neither a name in ASCII nor an address.")
    return text.lower()


def _missing(url: str) -> str:
    """What is wrong with an address that hasn't the form."""
    try:
        parts = urlsplit(url)
        if parts.scheme and not parts.hostname:
            return "It has no host."
        if parts.path or parts.query or parts.fragment or url.endswith(("?", "#")):
            return "It has a path, a query or a fragment, which a proxy has no use for."
        if parts.scheme and parts.port is None:
            return "It has no port."
    except ValueError:
        return "It can't be read."
    return "It isn't of the right form."


def _check_credential(name: str, text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise _invalid(name, "It can't be written in UTF-8.") from None
    if not 0 < size <= MAX_CREDENTIAL:
        raise _invalid(name, f"It has 1 to {MAX_CREDENTIAL} bytes in UTF-8.")
    if not text.isprintable():
        raise _invalid(name, "It has printable characters alone.")


def _invalid(name: str, message: str) -> InvalidArgumentError:
    return InvalidArgumentError("INVALID_PROXY", message, field=f"proxy.{name}")


def proxy_unreachable(why: str) -> UnavailableError:
    """The proxy doesn't answer, or doesn't get to the site. ``why`` goes on from "The session's proxy"."""
    return UnavailableError("PROXY_UNREACHABLE", f"The session's proxy {why}.")


def proxy_refused(why: str) -> UnavailableError:
    """The proxy answers, and lets the session not through. ``why`` goes on from "The session's proxy"."""
    return UnavailableError("PROXY_REFUSED", f"The session's proxy {why}.")
