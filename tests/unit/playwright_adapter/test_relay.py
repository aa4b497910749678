"""The browser's way out: what it lets through, to whom, and what it knows of the proxy's trouble."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.memory.proxy_connector import MemoryProxyConnector
from adapters.playwright import relay
from adapters.playwright.relay import ProxyRelay
from application.ports.proxy_connector import Tunnel
from domain.errors import InternalError, UnavailableError
from domain.proxy import Proxy

PROXY = Proxy.parse("http://proxy.example:3128", "ana", "secret-4711")


@pytest.fixture
def connector() -> MemoryProxyConnector:
    return MemoryProxyConnector(proxies={PROXY.url: ("ana", "secret-4711")}, barred={"b.whatsapp.net"})


@pytest.fixture
async def way(connector: MemoryProxyConnector) -> AsyncIterator[ProxyRelay]:
    async with ProxyRelay(PROXY, connector, ("web.whatsapp.com", "*.whatsapp.net"), "ana") as way:
        yield way


async def call(way: ProxyRelay, host: str, port: int = 443, *, kind: bytes | None = None) -> tuple[int, Tunnel]:
    """As Chromium asks: by name, whatever it is."""
    reader, writer = await asyncio.open_connection("127.0.0.1", way._port)
    writer.write(b"\x05\x01\x00")
    assert await reader.readexactly(2) == b"\x05\x00"
    name = host.encode()
    address = bytes([3, len(name)]) + name if kind is None else kind
    writer.write(b"\x05\x01\x00" + address + port.to_bytes(2))
    return (await reader.readexactly(10))[1], (reader, writer)


async def answer(way: ProxyRelay, host: str, *, kind: bytes | None = None) -> int:
    code, (_, writer) = await call(way, host, kind=kind)
    writer.close()
    return code


async def ended(way: ProxyRelay, said: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", way._port)
    writer.write(said)
    writer.write_eof()
    async with asyncio.timeout(5):
        heard = await reader.read()
    writer.close()
    return heard


async def test_what_the_site_is_is_let_through(way: ProxyRelay, connector: MemoryProxyConnector) -> None:
    for host in ("web.whatsapp.com", "WEB.whatsapp.com", "mmg.whatsapp.net"):
        code, (reader, writer) = await call(way, host)
        assert code == 0
        text = bytes(range(256)) * 2_000
        writer.write(text)
        assert await reader.readexactly(len(text)) == text
        writer.close()
    assert {(url, port) for url, _, port in connector.passed} == {(PROXY.url, 443)}
    assert [host for _, host, _ in connector.passed] == ["web.whatsapp.com", "web.whatsapp.com", "mmg.whatsapp.net"]


@pytest.mark.parametrize(
    "host", ["example.org", "web.whatsapp.com.example.org", "127.0.0.1", "localhost", "whatsapp.net"]
)
async def test_nothing_else_is(way: ProxyRelay, connector: MemoryProxyConnector, host: str) -> None:
    assert await answer(way, host) == 2
    assert connector.passed == []
    assert way.trouble is None


@pytest.mark.parametrize(
    "host",
    [
        "a\r\nX: y.whatsapp.net",
        "example.org:443 HTTP/1.1\r\n\r\n.whatsapp.net",
        "a b.whatsapp.net",
        "a\x00.whatsapp.net",
    ],
)
async def test_a_name_that_would_be_more_than_one_is_none(
    way: ProxyRelay, connector: MemoryProxyConnector, host: str
) -> None:
    assert await answer(way, host) == 2
    assert connector.passed == []


async def test_addresses_are_hosts_too(way: ProxyRelay) -> None:
    assert await answer(way, "", kind=bytes([1, 127, 0, 0, 1])) == 2
    assert await answer(way, "", kind=bytes([4]) + bytes(16)) == 2


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x04\x01",
        b"\x05\x01\x00\x05\x02\x00\x01" + bytes(6),
        b"\x05\x01\x00\x05\x01\x00\x09",
    ],
)
async def test_who_speaks_otherwise_gets_nothing(way: ProxyRelay, connector: MemoryProxyConnector, said: bytes) -> None:
    assert (await ended(way, said)).removeprefix(b"\x05\x00")[:2] in {b"", b"\x05\x07"}
    assert connector.passed == []


async def test_others_of_the_machine_get_nothing(
    way: ProxyRelay, connector: MemoryProxyConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay.os, "geteuid", lambda: -1)
    assert await ended(way, b"\x05\x01\x00") == b""
    assert connector.passed == []


async def test_the_proxy_s_trouble_is_known_until_it_is_over(way: ProxyRelay, connector: MemoryProxyConnector) -> None:
    told: list[str | None] = []
    way.on_trouble = lambda: told.append(None if way.trouble is None else way.trouble.reason)
    unreachable = UnavailableError("PAGE_UNREACHABLE", "The page didn't load.")
    assert way.explain(unreachable) is unreachable
    connector.proxies[PROXY.url] = ("ana", "another")
    for _ in range(2):
        assert await answer(way, "web.whatsapp.com") == 1
    assert way.explain(unreachable).reason == "PROXY_REFUSED"
    assert "secret" not in way.explain(unreachable).message
    other = InternalError("INTERNAL", "Something else.")
    assert way.explain(other) is other
    del connector.proxies[PROXY.url]
    assert await answer(way, "web.whatsapp.com") == 1
    connector.proxies[PROXY.url] = ("ana", "secret-4711")
    assert await answer(way, "web.whatsapp.com") == 0
    assert told == ["PROXY_REFUSED", "PROXY_UNREACHABLE", None]
    assert way.explain(unreachable) is unreachable


async def test_its_end_is_the_end_of_what_goes_through(way: ProxyRelay) -> None:
    _, (reader, writer) = await call(way, "web.whatsapp.com")
    await way.stop()
    assert await reader.read() == b""
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", way._port)
    await way.stop()


async def test_what_a_browser_is_started_with(way: ProxyRelay) -> None:
    assert way.proxy == {"server": f"socks5://127.0.0.1:{way._port}", "bypass": "<-loopback>"}
    assert way.resolved == ("127.0.0.1",)
