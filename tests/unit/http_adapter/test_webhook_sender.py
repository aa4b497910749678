"""Webhook requests on real sockets."""

import asyncio
import datetime
import socket
import ssl
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from adapters.http.webhook_sender import HttpWebhookSender, SenderSettings
from adapters.system.system_clock import SystemClock
from domain.webhook import DeliveryOutcome, RetiredSecret, new_secret
from tests.contracts.samples import IDS, webhook
from tests.contracts.webhook_sender import Answering, WebhookSenderContract
from tests.unit.http_adapter.receiver import OK, Exchange, Receiver, receiving, status

LOOPBACK = (ip_network("127.0.0.0/8"),)
CLOCK = SystemClock()
MEGABYTES = 10 * 2**20


def sender_to(*names: str, seconds: float = 5, allowed: Sequence[Any] = LOOPBACK) -> Any:
    """A sender for which every name leads to the given addresses."""

    async def lookup(_host: str, _port: int) -> Sequence[str]:
        return names

    settings = SenderSettings(allowed=allowed, timeout=datetime.timedelta(seconds=seconds))
    return HttpWebhookSender.open(CLOCK, settings, lookup)


@pytest.fixture
async def sender() -> AsyncIterator[HttpWebhookSender]:
    async with sender_to("127.0.0.1") as opened:
        yield opened


@pytest.fixture
async def answering() -> AsyncIterator[Answering]:
    async with AsyncExitStack() as stack:

        async def answer(code: int) -> str:
            async def handle(exchange: Exchange) -> None:
                await exchange.answer(status(code, "Location: http://127.0.0.1/elsewhere"))

            return (await stack.enter_async_context(receiving(handle))).url()

        yield answer


@pytest.fixture
def refused() -> str:
    return "http://10.1.2.3/hook"


class TestHttpWebhookSender(WebhookSenderContract):
    pass


async def post(sender: HttpWebhookSender, receiver: Receiver, **changes: Any) -> Any:
    return await sender.send(webhook(**{"url": receiver.url(), **changes}), IDS.event_id(), '{"é":"🕊"}')


async def test_a_request_is_signed_and_complete(sender: HttpWebhookSender) -> None:
    old, event_id = new_secret(), IDS.event_id()
    retired = RetiredSecret(value=old, expires_at=CLOCK.now() + datetime.timedelta(hours=1))
    async with receiving() as receiver:
        endpoint = webhook(url=receiver.url("hook.example"), headers={"X-Team": "a b"}, retired=retired)
        result = await sender.send(endpoint, event_id, '{"é":"🕊"}')
    assert (result.outcome, result.status, result.detail) == (DeliveryOutcome.DELIVERED, 204, None)
    (request,) = receiver.requests
    assert request.line == "POST /hook?a=b HTTP/1.1"
    assert request.headers["host"] == f"hook.example:{receiver.port}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-team"] == "a b"
    assert request.headers["webhook-id"] == event_id
    assert "accept-encoding" not in request.headers
    for secret in (endpoint.secret, old):
        assert Webhook(secret).verify(request.body, request.headers) == {"é": "🕊"}
    for headers in (request.headers, {**request.headers, "webhook-timestamp": "1"}):
        with pytest.raises(WebhookVerificationError):
            Webhook(new_secret()).verify(request.body, headers)


async def test_an_expired_secret_signs_nothing(sender: HttpWebhookSender) -> None:
    old = new_secret()
    async with receiving() as receiver:
        await post(sender, receiver, retired=RetiredSecret(value=old, expires_at=CLOCK.now()))
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(receiver.requests[0].body, receiver.requests[0].headers)


async def test_one_that_hangs() -> None:
    async def hang(_: Exchange) -> None:
        await asyncio.Event().wait()

    async with receiving(hang) as receiver, sender_to("127.0.0.1", seconds=0.05) as hasty:
        result = await post(hasty, receiver)
    assert (result.outcome, result.status) == (DeliveryOutcome.TIMEOUT, None)


async def test_one_that_never_accepts() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as server:
        async with sender_to("127.0.0.1", seconds=0.05) as hasty:
            result = await hasty.send(webhook(url=f"http://x.example:{server.getsockname()[1]}/"), IDS.event_id(), "{}")
    assert result.outcome is DeliveryOutcome.TIMEOUT


async def test_redirects_are_not_followed(sender: HttpWebhookSender) -> None:
    async with receiving() as target:

        async def redirect(exchange: Exchange) -> None:
            await exchange.answer(status(307, f"Location: {target.url()}"))

        async with receiving(redirect) as receiver:
            result = await post(sender, receiver)
    assert (result.outcome, result.status) == (DeliveryOutcome.REDIRECTED, 307)
    assert target.requests == []


@pytest.mark.parametrize("code", [200, 503])
async def test_ten_megabytes_cost_nothing_and_change_nothing(sender: HttpWebhookSender, code: int) -> None:
    sent = 0

    async def flood(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.answer(f"HTTP/1.1 {code} x\r\nContent-Length: {MEGABYTES}\r\n\r\n".encode())
        while sent < MEGABYTES:
            await exchange.answer(b"x" * 65_536)
            sent += 65_536

    async with receiving(flood) as receiver:
        await post(sender, receiver)
        tracemalloc.start()
        result = await post(sender, receiver)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert (result.delivered, result.status) == (code == 200, code)
    assert peak < 2**21
    assert receiver.connections == 2


async def test_a_body_that_drips_or_breaks_off_changes_nothing(sender: HttpWebhookSender) -> None:
    async def drip(exchange: Exchange) -> None:
        await exchange.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx")
        await asyncio.Event().wait()

    async def break_off(exchange: Exchange) -> None:
        await exchange.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx")
        exchange.writer.close()

    for handler in (drip, break_off):
        async with receiving(handler) as receiver:
            assert (await post(sender, receiver)).delivered


async def test_connections_are_kept_and_one_that_was_closed_meanwhile_counts_for_nothing(
    sender: HttpWebhookSender,
) -> None:
    async with receiving() as receiver:
        for _ in range(3):
            assert (await post(sender, receiver)).delivered
        assert receiver.connections == 1

        async def close_first(exchange: Exchange) -> None:
            receiver.handler = None
            exchange.writer.close()

        receiver.handler = close_first
        assert (await post(sender, receiver)).delivered
        assert receiver.connections == 2
        # On a connection of its own the same is a failure.
    async with receiving(close_first) as receiver:
        result = await post(sender, receiver)
        assert result.outcome is DeliveryOutcome.CONNECTION_FAILED
        assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    "raw", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 99_999]
)
async def test_what_is_not_http(sender: HttpWebhookSender, raw: bytes) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.answer(raw)
        exchange.writer.close()

    async with receiving(answer) as receiver:
        result = await post(sender, receiver)
    assert (result.outcome, result.status) == (DeliveryOutcome.INVALID_ANSWER, None)


async def test_one_that_is_not_there(sender: HttpWebhookSender) -> None:
    async with receiving() as receiver:
        pass
    assert (await post(sender, receiver)).outcome is DeliveryOutcome.CONNECTION_FAILED


async def test_a_name_without_an_address() -> None:
    async with sender_to() as sender:
        result = await sender.send(webhook(url="http://nobody.example/"), IDS.event_id(), "{}")
    assert result.outcome is DeliveryOutcome.NAME_NOT_RESOLVED


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["10.0.0.1"], ["::"]]
)
async def test_a_name_that_leads_to_a_private_address(addresses: list[str]) -> None:
    async with receiving() as receiver, sender_to(*addresses, allowed=()) as sender:
        result = await sender.send(webhook(url=receiver.url("hook.example")), IDS.event_id(), "{}")
        assert result.outcome is DeliveryOutcome.TARGET_REFUSED
        assert receiver.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "2130706433", "127.1", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_an_address_in_the_url_is_checked_too(host: str) -> None:
    async with receiving() as receiver, sender_to("127.0.0.1", allowed=()) as sender:
        result = await sender.send(webhook(url=receiver.url(host)), IDS.event_id(), "{}")
        assert result.outcome is DeliveryOutcome.TARGET_REFUSED
        assert receiver.connections == 0


async def test_a_name_that_changes_its_address_between_check_and_use() -> None:
    answers = [["127.0.0.2"], ["127.0.0.1"], ["127.0.0.1"]]

    async def lookup(_host: str, _port: int) -> Sequence[str]:
        return answers.pop(0)

    settings = SenderSettings(allowed=(ip_network("127.0.0.2/32"),))
    async with receiving(host="127.0.0.2") as allowed, HttpWebhookSender.open(CLOCK, settings, lookup) as sender:

        async def serve_and_close(exchange: Exchange) -> None:
            await exchange.answer(b"HTTP/1.1 204 x\r\nConnection: close\r\n\r\n")
            exchange.writer.close()

        allowed.handler = serve_and_close
        # Looked up once: the connection goes to what was checked, not to what the name leads to by then.
        assert (await post(sender, allowed, url=allowed.url("rebind.example"))).delivered
        assert len(answers) == 2
        changed = await post(sender, allowed, url=allowed.url("rebind.example"))
        assert (changed.outcome, len(answers)) == (DeliveryOutcome.TARGET_REFUSED, 1)


async def test_a_kept_connection_stays_with_the_address_that_was_checked() -> None:
    answers = [["127.0.0.1"], ["10.0.0.1"]]

    async def lookup(_host: str, _port: int) -> Sequence[str]:
        return answers.pop(0)

    async with (
        receiving() as receiver,
        HttpWebhookSender.open(CLOCK, SenderSettings(allowed=LOOPBACK), lookup) as sender,
    ):
        for _ in range(2):
            assert (await post(sender, receiver, url=receiver.url("rebind.example"))).delivered
        assert (receiver.connections, len(answers)) == (1, 1)


async def test_proxies_of_the_environment_are_not_used(
    sender: HttpWebhookSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving() as proxy, receiving() as receiver:
        monkeypatch.setenv("HTTP_PROXY", proxy.url())
        monkeypatch.setenv("http_proxy", proxy.url())
        assert (await post(sender, receiver)).delivered
        assert proxy.requests == []


async def test_a_certificate_that_nobody_vouches_for(sender: HttpWebhookSender, tmp_path: Path) -> None:
    async with receiving(tls=_self_signed(tmp_path)) as receiver:
        result = await post(sender, receiver, url=receiver.url("hook.example", "https"))
    assert result.outcome is DeliveryOutcome.TLS_FAILED


async def test_plain_text_where_tls_is_spoken(sender: HttpWebhookSender) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.answer(OK)

    async with receiving(answer) as receiver:
        server = await asyncio.start_server(lambda _, writer: _say(writer, b"220 smtp.example\r\n"), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        result = await post(sender, receiver, url=f"https://hook.example:{port}/")
        server.close()
        await server.wait_closed()
    assert result.outcome is DeliveryOutcome.TLS_FAILED


async def _say(writer: asyncio.StreamWriter, raw: bytes) -> None:
    writer.write(raw)
    writer.close()


def _self_signed(directory: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hook.example")])
    now = CLOCK.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = directory / "both.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
