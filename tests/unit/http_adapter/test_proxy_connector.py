"""Connecting through proxies keeps the port's contract, and each answer of a proxy's is told for what it is."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.http.proxy_connector import ConnectorSettings, GuardedProxyConnector
from adapters.memory.proxy_connector import MemoryProxyConnector
from domain.errors import InvalidArgumentError, UnavailableError
from domain.proxy import Proxy
from tests.certificates import Authority
from tests.contracts.proxy_connector import Place, ProxyConnectorContract
from tests.proxies import HttpProxy, HttpsProxy, SmallProxy, Socks5Proxy

LOOPBACK = (ipaddress.ip_network("127.0.0.1/32"),)
HOST, BARRED = "site.example", "barred.example"
NAMES = {
    "localhost": ["127.0.0.1"],
    "proxy.example": ["127.0.0.1"],
    "inside.example": ["10.0.0.1"],
    "both.example": ["127.0.0.1", "10.0.0.1"],
    "half.example": ["127.0.0.3", "127.0.0.1"],
}


async def lookup(host: str, _: int) -> Sequence[str]:
    if host not in NAMES:
        raise OSError
    return NAMES[host]


def connector(**settings: object) -> GuardedProxyConnector:
    return GuardedProxyConnector(ConnectorSettings(**{"allowed": LOOPBACK, **settings}), lookup)  # type: ignore[arg-type]


def at(proxy: SmallProxy, host: str = "127.0.0.1", password: str | None = None) -> Proxy:
    return Proxy.parse(f"{proxy.scheme}://{host}:{proxy.port}", proxy.username, password or proxy.password)


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def server_side(authority: Authority) -> ssl.SSLContext:
    made = authority.make("proxy")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.cert, made.key)
    return context


class TestGuardedProxyConnector(ProxyConnectorContract):
    @pytest.fixture
    async def place(self, authority: Authority) -> AsyncIterator[Place]:
        async with AsyncExitStack() as stack:
            port = await stack.enter_async_context(echo())
            plain = [
                await stack.enter_async_context(kind.run(*credentials))
                for kind in (HttpProxy, Socks5Proxy)
                for credentials in ((), ("ana", "geheim: é🔑"))
            ]
            tls = HttpsProxy("ana", "secret")
            await tls.start(server_side(authority))
            stack.push_async_callback(tls.stop)
            for proxy in (*plain, tls):
                proxy.barred.add(BARRED)
            gone = HttpProxy()
            await gone.start()
            await gone.stop()
            locked = [proxy for proxy in (*plain, tls) if proxy.username is not None]
            yield Place(
                connector=connector(tls=ssl.create_default_context(cafile=authority.file)),
                proxies=(*map(at, plain), at(tls), at(plain[0], "proxy.example")),
                wrong=tuple(at(proxy, password="wrong-4711") for proxy in locked),
                dead=at(gone),
                private=Proxy.parse("http://10.0.0.1:3128"),
                host=HOST,
                port=port,
                barred=BARRED,
            )


class TestMemoryProxyConnector(ProxyConnectorContract):
    @pytest.fixture
    def place(self) -> Place:
        found = (Proxy.parse("http://a.example:1"), Proxy.parse("socks5://b.example:2", "ana", "secret"))
        return Place(
            connector=MemoryProxyConnector(
                proxies={found[0].url: None, found[1].url: ("ana", "secret")}, private={"inside"}, barred={BARRED}
            ),
            proxies=found,
            wrong=(Proxy.parse(found[1].url, "ana", "wrong-4711"),),
            dead=Proxy.parse("http://c.example:3"),
            private=Proxy.parse("http://inside:4"),
            host=HOST,
            port=443,
            barred=BARRED,
        )


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "192.168.1.1",
        "[::1]",
        "[fe80::1]",
        "[::ffff:10.0.0.1]",
        "127.1",
        "0x7f.1",
    ],
)
def test_private_addresses_are_refused(host: str) -> None:
    with GuardedProxyConnector.open() as guarded, pytest.raises(InvalidArgumentError) as refused:
        guarded.check(Proxy.parse(f"http://{host}:3128"))
    assert refused.value.reason == "PROXY_TARGET_REFUSED"


@pytest.mark.parametrize("name", ["inside.example", "both.example"])
async def test_a_name_that_leads_inside_is_refused(name: str) -> None:
    async with HttpProxy.run() as proxy:
        with pytest.raises(UnavailableError) as refused:
            await connector().connect(at(proxy, name), HOST, 443)
    assert "POMBO_PROXY_ALLOW_PRIVATE" in refused.value.message
    assert proxy.passed == []


async def test_the_addresses_of_a_name_are_tried_one_after_another() -> None:
    async with echo() as port, HttpProxy.run() as proxy:
        allowed = connector(allowed=(ipaddress.ip_network("127.0.0.0/8"),))
        _, writer = await allowed.connect(at(proxy, "half.example"), HOST, port)
        writer.close()
    assert proxy.passed == [(HOST, port)]


async def test_a_name_that_leads_nowhere() -> None:
    with pytest.raises(UnavailableError) as failed:
        await connector().connect(Proxy.parse("http://nowhere.example:1"), HOST, 443)
    assert failed.value.reason == "PROXY_UNREACHABLE"


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_proxy_of_https_has_to_be_the_one_that_it_says(authority: Authority, trusted: bool) -> None:
    proxy = HttpsProxy()
    await proxy.start(server_side(authority))
    # By a name that its certificate doesn't have, or by an authority that nobody knows.
    found = connector(tls=ssl.create_default_context(cafile=authority.file)) if trusted else connector()
    try:
        with pytest.raises(UnavailableError) as failed:
            await found.connect(at(proxy, "proxy.example" if trusted else "127.0.0.1"), HOST, 443)
    finally:
        await proxy.stop()
    assert failed.value.reason == "PROXY_UNREACHABLE"
    assert "certificate" in failed.value.message


@asynccontextmanager
async def scripted(answer: bytes, *, hangs: bool = False, after: int = 1) -> AsyncIterator[int]:
    """Something at a port that says this to whoever says something for so many times, and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for _ in range(after):
                await reader.read(4_096)
            writer.write(answer)
            if hangs:
                await asyncio.Event().wait()
        finally:
            writer.close()

    tasks: set[asyncio.Task[None]] = set()

    def took(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.ensure_future(serve(reader, writer)))

    async with await asyncio.start_server(took, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


HTTP: list[tuple[bytes, str, str]] = [
    (b"HTTP/1.1 407 No\r\n\r\n", "PROXY_REFUSED", "wants a user name (407)"),
    (b"HTTP/1.1 403 No\r\n\r\n", "PROXY_REFUSED", "(403)"),
    (b"HTTP/1.1 401 No\r\n\r\n", "PROXY_REFUSED", "(401)"),
    (b"HTTP/1.0 502 No\r\nX: y\r\n\r\nbody", "PROXY_UNREACHABLE", "answers 502"),
    (b"HTTP/1.1 301 Moved\r\nLocation: http://x\r\n\r\n", "PROXY_UNREACHABLE", "answers 301"),
    (b"SSH-2.0-x\r\n\r\n", "PROXY_UNREACHABLE", "isn't HTTP"),
    (b"x" * 200_000, "PROXY_UNREACHABLE", "isn't HTTP"),
    (b"HTTP/1.1 200 Ye", "PROXY_UNREACHABLE", "breaks off"),
    (b"", "PROXY_UNREACHABLE", "breaks off"),
]
SOCKS: list[tuple[bytes, int, str, str]] = [
    (b"\x05\xff", 1, "PROXY_REFUSED", "wants a user name"),
    (b"\x05\x02", 1, "PROXY_UNREACHABLE", "isn't SOCKS5"),
    (b"\x04\x00", 1, "PROXY_UNREACHABLE", "isn't SOCKS5"),
    (b"HTTP/1.1 400 No\r\n\r\n", 1, "PROXY_UNREACHABLE", "isn't SOCKS5"),
    (b"\x05\x00\x05\x02\x00\x01" + bytes(6), 1, "PROXY_REFUSED", "let through"),
    (b"\x05\x00\x05\x05\x00\x01" + bytes(6), 1, "PROXY_UNREACHABLE", "answers 5"),
    (b"\x05\x00\x05\x00\x00\x09", 1, "PROXY_UNREACHABLE", "isn't SOCKS5"),
    (b"\x05\x00\x05\x00", 1, "PROXY_UNREACHABLE", "breaks off"),
    (b"\x05", 1, "PROXY_UNREACHABLE", "breaks off"),
]


@pytest.mark.parametrize(("answer", "reason", "says"), HTTP)
async def test_answers_of_http(answer: bytes, reason: str, says: str) -> None:
    async with scripted(answer) as port:
        with pytest.raises(UnavailableError) as failed:
            await connector().connect(Proxy.parse(f"http://127.0.0.1:{port}"), HOST, 443)
    assert failed.value.reason == reason
    assert says in failed.value.message


@pytest.mark.parametrize(("answer", "after", "reason", "says"), SOCKS)
async def test_answers_of_socks5(answer: bytes, after: int, reason: str, says: str) -> None:
    async with scripted(answer, after=after) as port:
        with pytest.raises(UnavailableError) as failed:
            await connector().connect(Proxy.parse(f"socks5://127.0.0.1:{port}"), HOST, 443)
    assert failed.value.reason == reason
    assert says in failed.value.message


async def test_who_hangs_up_at_a_password_refuses_it() -> None:
    async with scripted(b"\x05\x02") as port:
        with pytest.raises(UnavailableError) as failed:
            await connector().connect(Proxy.parse(f"socks5://127.0.0.1:{port}", "ana", "x"), HOST, 443)
    assert failed.value.reason == "PROXY_REFUSED"


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
async def test_one_that_is_silent_isn_t_waited_for_for_ever(scheme: str) -> None:
    async with scripted(b"", hangs=True) as port:
        impatient = connector(timeout=timedelta(milliseconds=300))
        with pytest.raises(UnavailableError) as failed:
            await impatient.connect(Proxy.parse(f"{scheme}://127.0.0.1:{port}"), HOST, 443)
    assert failed.value.reason == "PROXY_UNREACHABLE"
    assert "0.3 s" in failed.value.message


@pytest.mark.parametrize("host", ["203.0.113.7", "2001:db8::7", "a.example"])
@pytest.mark.parametrize("kind", [HttpProxy, Socks5Proxy])
async def test_hosts_are_handed_on_as_they_are(kind: Callable[[], SmallProxy], host: str) -> None:
    proxy = kind()
    await proxy.start()
    try:
        async with echo() as port:
            _, writer = await connector().connect(at(proxy), host, port)
            writer.close()
    finally:
        await proxy.stop()
    assert proxy.passed == [(host, port)]


async def test_who_asked_may_leave_and_nothing_stays_open() -> None:
    async with scripted(b"", hangs=True) as port:
        asking: Awaitable[object] = asyncio.ensure_future(
            connector().connect(Proxy.parse(f"http://127.0.0.1:{port}"), HOST, 443)
        )
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await asking
