"""REST and gRPC over TLS: who has no TLS, or no certificate where one is asked for, gets nothing."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import grpc.aio
import pytest
from cryptography import x509
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub

from domain.errors import UnavailableError
from entrypoints.cli.client import GatewayClient, Target
from entrypoints.cli.client_tls import ClientTlsSettings, client_context
from entrypoints.grpc.config import GrpcConfig
from entrypoints.grpc.gen.pombo.v1 import session_service_pb2 as sessions
from entrypoints.grpc.gen.pombo.v1.session_service_pb2_grpc import SessionServiceStub
from entrypoints.grpc.server import GrpcServer
from entrypoints.rest.server import RestServer
from entrypoints.server_tls import ServerTls
from entrypoints.tls_files import TlsFiles
from tests.certificates import Authority, Made
from tests.unit.rest.gateway import KEY, Gateway, running

METADATA = (("x-api-key", KEY),)
SECONDS = 10


@dataclass(frozen=True)
class Served:
    """A gateway with TLS on both listeners."""

    rest: int
    grpc: int
    shown: Made

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.rest}"

    @asynccontextmanager
    async def channel(self, authority: Authority, mine: Made | None = None) -> AsyncIterator[grpc.aio.Channel]:
        own = (
            {} if mine is None else {"private_key": mine.key.read_bytes(), "certificate_chain": mine.cert.read_bytes()}
        )
        credentials = grpc.ssl_channel_credentials(authority.file.read_bytes(), **own)
        async with grpc.aio.secure_channel(f"127.0.0.1:{self.grpc}", credentials, options=NOT_SHARED) as channel:
            yield channel


NOT_SHARED = [("grpc.use_local_subchannel_pool", 1)]
"""Else a channel may use a connection that an earlier one has made."""

type Serve = Callable[..., Any]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def serving(authority: Authority, client_ca: Path | None = None) -> AsyncIterator[Served]:
    made = authority.make("gateway")
    tls = ServerTls(TlsFiles(cert=made.cert, key=made.key, client_ca=client_ca))
    async with running(Gateway()) as gateway:
        rest = RestServer(gateway.app, host="127.0.0.1", port=0, stop_within=timedelta(seconds=1), tls=tls)
        server = GrpcServer(gateway.use_cases, GrpcConfig(port=0, tls=tls, handshake=timedelta(seconds=2)))
        await rest.start()
        await server.start()
        try:
            yield Served(rest.port, server.port, made)
        finally:
            await server.stop(timedelta(0))
            await rest.stop()


def trusting(authority: Authority, mine: Made | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.file)
    if mine is not None:
        context.load_cert_chain(mine.cert, mine.key)
    return context


@asynccontextmanager
async def http(context: ssl.SSLContext, headers: dict[str, str] | None = None) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(ssl=context, force_close=True)
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout) as session:
        yield session


async def listed(channel: grpc.aio.Channel) -> int:
    stub = SessionServiceStub(channel)
    return len((await stub.ListSessions(sessions.ListSessionsRequest(), metadata=METADATA, timeout=SECONDS)).sessions)


async def test_both_transports_over_tls(authority: Authority) -> None:
    async with serving(authority) as served, http(trusting(authority), {"X-API-Key": KEY}) as client:
        async with client.get(f"{served.url}/api/v1/sessions") as answer:
            assert answer.status == 200
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        async with client.ws_connect(f"{served.url}/api/v1/events/ws") as socket:
            assert not socket.closed
        async with served.channel(authority) as channel:
            assert await listed(channel) == 0
            health = await HealthStub(channel).Check(health_pb2.HealthCheckRequest())
            assert health.status == health_pb2.HealthCheckResponse.SERVING


async def test_who_has_no_key_is_refused_as_ever(authority: Authority) -> None:
    async with serving(authority) as served, http(trusting(authority)) as client:
        async with client.get(f"{served.url}/api/v1/sessions") as answer:
            assert answer.status == 401
            assert answer.headers["Strict-Transport-Security"]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect(f"{served.url}/api/v1/events/ws")
        assert refused.value.status == 401
        # Credentials of a channel don't make a caller.
        async with served.channel(authority) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as unknown:
                await SessionServiceStub(channel).ListSessions(sessions.ListSessionsRequest(), timeout=SECONDS)
        assert unknown.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def plain(port: int, said: bytes) -> bytes:
    """What a listener answers to who talks to it without TLS."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(said)
        async with asyncio.timeout(SECONDS):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_who_has_no_tls_gets_nothing(authority: Authority) -> None:
    request = f"GET /health/live HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n\r\n".encode()
    async with serving(authority) as served:
        for port in (served.rest, served.grpc):
            # At most an alert of TLS: nothing of HTTP.
            assert len(await plain(port, request)) <= 7
        async with grpc.aio.insecure_channel(f"127.0.0.1:{served.grpc}", options=NOT_SHARED) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await listed(channel)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_who_says_nothing_is_let_go(authority: Authority) -> None:
    async with serving(authority) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.grpc)
        async with asyncio.timeout(SECONDS):
            assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize("listener", ["rest", "grpc"])
async def test_old_versions_are_refused(authority: Authority, listener: str) -> None:
    async with serving(authority) as served:
        port = getattr(served, listener)
        for version, taken in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True)):
            context = ssl.create_default_context(cafile=authority.file)
            context.set_alpn_protocols(["h2" if listener == "grpc" else "http/1.1"])
            # This machine's own rules forbid the old ones, too: what is tested is the other end.
            context.set_ciphers("ALL:@SECLEVEL=0")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = version
            opening = asyncio.open_connection("127.0.0.1", port, ssl=context)
            if taken:
                _, writer = await opening
                assert writer.get_extra_info("ssl_object").version() == "TLSv1.2"
                writer.close()
            else:
                with pytest.raises((ssl.SSLError, ConnectionError)):
                    await opening


async def test_who_shows_no_good_certificate_gets_nothing_where_one_is_asked_for(
    authority: Authority, tmp_path: Path
) -> None:
    callers, others = Authority(tmp_path, "callers"), Authority(tmp_path, "others")
    known, unknown = callers.make("known"), others.make("unknown")
    late = callers.make("late", begins=timedelta(days=-2), ends=timedelta(days=-1))
    headers = {"X-API-Key": KEY}
    async with serving(authority, callers.file) as served:
        for mine in (None, unknown, late, served.shown):
            async with http(trusting(authority, mine), headers) as client:
                with pytest.raises(aiohttp.ClientError):
                    await client.get(f"{served.url}/health/live")
            async with served.channel(authority, mine) as channel:
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await listed(channel)
                assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        # A certificate comes beside the key, not in its place.
        for own, status in ((headers, 200), ({}, 401)):
            async with (
                http(trusting(authority, known), own) as client,
                client.get(f"{served.url}/api/v1/sessions") as answer,
            ):
                assert answer.status == status
        async with served.channel(authority, known) as channel:
            assert await listed(channel) == 0


async def shown_at(port: int, alpn: str) -> int:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([alpn])
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return x509.load_der_x509_certificate(found).serial_number
    finally:
        writer.close()


async def test_a_renewed_certificate_is_shown_without_a_restart(authority: Authority) -> None:
    async with serving(authority) as served, served.channel(authority) as open_channel:
        assert await listed(open_channel) == 0
        ports = ((served.rest, "http/1.1"), (served.grpc, "h2"))
        assert [await shown_at(*each) for each in ports] == [served.shown.serial] * 2
        renewed = authority.make("renewed")
        renewed.cert.replace(served.shown.cert)
        # Half of an exchange: what fits together is shown on.
        assert [await shown_at(*each) for each in ports] == [served.shown.serial] * 2
        renewed.key.replace(served.shown.key)
        assert [await shown_at(*each) for each in ports] == [renewed.serial] * 2
        # Connections that stand aren't asked again.
        assert await listed(open_channel) == 0


async def test_callers_who_are_vouched_for_no_more(authority: Authority, tmp_path: Path) -> None:
    """Who vouches for callers is read again, too; whoever did so before doesn't count any more."""
    first, second = Authority(tmp_path, "first"), Authority(tmp_path, "second")
    old, new = first.make("old"), second.make("new")
    accepted = tmp_path / "accepted.pem"
    accepted.write_bytes(first.file.read_bytes())
    async with serving(authority, accepted) as served:
        async with http(trusting(authority, old)) as client, client.get(f"{served.url}/health/live") as answer:
            assert answer.status == 200
        async with served.channel(authority, old) as channel:
            assert await listed(channel) == 0
        (tmp_path / "next.pem").write_bytes(second.file.read_bytes())
        (tmp_path / "next.pem").replace(accepted)
        async with http(trusting(authority, old)) as client:
            with pytest.raises(aiohttp.ClientError):
                await client.get(f"{served.url}/health/live")
        async with served.channel(authority, old) as channel:
            with pytest.raises(grpc.aio.AioRpcError):
                await listed(channel)
        async with http(trusting(authority, new)) as client, client.get(f"{served.url}/health/live") as answer:
            assert answer.status == 200
        async with served.channel(authority, new) as channel:
            assert await listed(channel) == 0


async def test_the_command_line_trusts_what_it_is_told_to(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = authority.make("mine"), Authority(tmp_path, "other")

    async def reaches(shown: Path | None, **given: Path) -> bool:
        for name in ("CA_FILE", "CLIENT_CERT", "CLIENT_KEY"):
            monkeypatch.delenv(f"POMBO_{name}", raising=False)
        for name, path in given.items():
            monkeypatch.setenv(f"POMBO_{name}", str(path))
        tls = client_context(ClientTlsSettings.load(None), shown)
        target = Target(url=served.url, api_key=KEY, tls=tls)
        async with GatewayClient.open(target) as client:
            try:
                return await client.is_gateway()
            except UnavailableError:
                return False

    async with serving(authority) as served:
        assert not await reaches(None)
        assert await reaches(served.shown.cert)
        assert not await reaches(mine.cert)
        assert await reaches(None, CA_FILE=authority.file)
        assert not await reaches(served.shown.cert, CA_FILE=other.file)
    async with serving(authority, authority.file) as served:
        assert not await reaches(served.shown.cert)
        assert await reaches(served.shown.cert, CLIENT_CERT=mine.cert, CLIENT_KEY=mine.key)
