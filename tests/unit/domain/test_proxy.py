import pytest

from domain.errors import InvalidArgumentError
from domain.proxy import Proxy, ProxyPassword, ProxyScheme


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "shown"),
    [
        ("http://proxy.example.org:3128", ProxyScheme.HTTP, "proxy.example.org", 3128, "http://proxy.example.org:3128"),
        ("HTTPS://Proxy.Example:443", ProxyScheme.HTTPS, "proxy.example", 443, "https://proxy.example:443"),
        ("socks5://203.0.113.7:1080", ProxyScheme.SOCKS5, "203.0.113.7", 1080, "socks5://203.0.113.7:1080"),
        ("http://[2001:DB8::0:1]:1", ProxyScheme.HTTP, "2001:db8::1", 1, "http://[2001:db8::1]:1"),
        ("http://squid_1:65535", ProxyScheme.HTTP, "squid_1", 65535, "http://squid_1:65535"),
    ],
)
def test_an_address_is_read(url: str, scheme: ProxyScheme, host: str, port: int, shown: str) -> None:
    proxy = Proxy.parse(url)
    assert (proxy.scheme, proxy.host, proxy.port, proxy.url) == (scheme, host, port, shown)
    assert Proxy.parse(shown) == proxy


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "form"),
        ("proxy.example:3128", "no host"),
        ("ftp://proxy.example:21", "http, https or socks5"),
        ("socks4://proxy.example:1080", "http, https or socks5"),
        ("socks5h://proxy.example:1080", "http, https or socks5"),
        ("http://", "no host"),
        ("http://:3128", "no host"),
        ("http://proxy.example", "no port"),
        ("http://proxy.example:", "no port"),
        ("http://proxy.example:0", "A port is"),
        ("http://proxy.example:65536", "A port is"),
        ("http://proxy.example:99999", "A port is"),
        ("http://proxy.example:-1", "read"),
        ("http://proxy.example:3128/", "path"),
        ("http://proxy.example:3128/a", "path"),
        ("http://proxy.example:3128?a=b", "query"),
        ("http://proxy.example:3128?", "query"),
        ("http://proxy.example:3128#a", "fragment"),
        ("http://ana:secret@proxy.example:3128", "fields of their own"),
        ("http://ana@proxy.example:3128", "fields of their own"),
        ("http://[::1:3128", "read"),
        ("http://[::g]:3128", ""),
        ("http://[1.2.3.4]:3128", "IPv6"),
        ("http://proxy..example:3128", "host"),
        ("http://-proxy.example:3128", "host"),
        ("http://pröxy.example:3128", "host"),
        (f"http://{'a' * 64}.example:3128", "host"),
        (f"http://{'a.' * 140}example:3128", "host"),
        ("http://proxy.example:3128\r\nX: y", ""),
        ("http://proxy.example\x00:3128", "host"),
        (" http://proxy.example:3128", ""),
        ("http://proxy example:3128", "host"),
        ("http://proxy.example:\uff13128", ""),
        (f"http://{'a' * 300}:1", "at most"),
    ],
)
def test_what_is_no_address(url: str, says: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        Proxy.parse(url, "ana", "secret-4711")
    assert (refused.value.reason, refused.value.field) == ("INVALID_PROXY", "proxy.url")
    assert says in refused.value.message
    assert "secret" not in refused.value.message


@pytest.mark.parametrize(
    ("scheme", "username", "password", "field"),
    [
        ("http", None, "x", "username"),
        ("http", "", "x", "username"),
        ("http", "a:b", "x", "username"),
        ("https", "a:b", "x", "username"),
        ("http", "a\r\nb", "x", "username"),
        ("http", "a" * 256, "x", "username"),
        ("http", "é" * 128, "x", "username"),
        ("socks5", "a\x00", "x", "username"),
        ("socks5", "a", None, "password"),
        ("socks5", "a", "", "password"),
        ("socks5", "a", "x" * 256, "password"),
        ("http", "a", "x\n", "password"),
        ("http", "a", "\ud83d", "password"),
        ("http", "a", "", "password"),
    ],
)
def test_what_are_no_credentials(scheme: str, username: str | None, password: str | None, field: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        Proxy.parse(f"{scheme}://proxy.example:3128", username, password)
    assert (refused.value.reason, refused.value.field) == ("INVALID_PROXY", f"proxy.{field}")


@pytest.mark.parametrize(
    ("scheme", "username", "password"),
    [
        ("http", "token", None),
        ("http", "a" * 255, "x" * 255),
        ("http", "a b", "x:y@z/é 🔑"),
        ("socks5", "a:b", "x"),
    ],
)
def test_credentials(scheme: str, username: str, password: str | None) -> None:
    proxy = Proxy.parse(f"{scheme}://proxy.example:3128", username, password)
    assert (proxy.username, proxy.password) == (username, password and ProxyPassword(password))


def test_no_text_of_it_holds_the_password() -> None:
    proxy = Proxy.parse("http://proxy.example:3128", "ana", "secret-4711")
    assert "secret" not in f"{proxy!r} {proxy} {proxy.password!r} {proxy.url}"
    assert proxy != Proxy.parse("http://proxy.example:3128", "ana", "secret-4712")
