"""Rates and streams are limited alike over REST and over gRPC, and both count the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import grpc
import grpc.aio
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub

from application.limits.call_rates import CallRates
from application.ports.rate_limiter import Rate
from entrypoints.grpc.config import GrpcConfig
from entrypoints.grpc.gen.pombo.v1 import event_service_pb2 as events
from entrypoints.grpc.gen.pombo.v1 import message_pb2
from entrypoints.grpc.gen.pombo.v1 import message_service_pb2 as messages
from entrypoints.grpc.gen.pombo.v1 import session_service_pb2 as sessions
from entrypoints.grpc.gen.pombo.v1.event_service_pb2_grpc import EventServiceStub
from entrypoints.grpc.gen.pombo.v1.message_service_pb2_grpc import MessageServiceStub
from entrypoints.grpc.gen.pombo.v1.session_service_pb2_grpc import SessionServiceStub
from entrypoints.grpc.server import GrpcServer
from entrypoints.rest.config import RestConfig
from tests.unit.rest.gateway import BEN, KEY, Answer, Client, Gateway, running

from .gateway import details, info

HOUR = timedelta(hours=1)
SESSIONS = "/api/v1/sessions"
SEND, BULK = "/api/v1/messages/send", "/api/v1/messages/bulk"
METADATA = (("x-api-key", KEY),)
RATES = CallRates(
    calls=Rate(quota=20, window=HOUR),
    sends=Rate(quota=3, window=HOUR),
    open_calls=Rate(quota=4, window=HOUR),
    refused_keys=Rate(quota=4, window=HOUR),
    streams=2,
)


def text() -> dict[str, Any]:
    return {"session_id": "ana", "to": BEN, "type": "text", "text": {"body": "hi"}}


def to_send() -> messages.SendMessageRequest:
    return messages.SendMessageRequest(session_id="ana", to=BEN, text=message_pb2.Text(body="hi"))


class Both:
    """One set of use cases, and one set of rates, behind both transports."""

    def __init__(self, gateway: Gateway, channel: grpc.aio.Channel) -> None:
        self.gateway = gateway
        self.rest = gateway.client
        self.channel = channel
        self.sessions = SessionServiceStub(channel)
        self.messages = MessageServiceStub(channel)
        self.events = EventServiceStub(channel)
        self.health = HealthStub(channel)  # type: ignore[no-untyped-call]  # the library is untyped

    async def list_over_grpc(self, *metadata: tuple[str, str]) -> dict[str, Any]:
        """Gives the trailing metadata."""
        call = self.sessions.ListSessions(sessions.ListSessionsRequest(), metadata=metadata or METADATA)
        await call
        return dict(await call.trailing_metadata())


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    trusted = (ip_network("127.0.0.0/8"),)
    gateway = Gateway(RestConfig(keep_alive=timedelta(milliseconds=50), trusted_proxies=trusted), rates=RATES)
    async with running(gateway), AsyncExitStack() as stack:
        server = GrpcServer(gateway.use_cases, GrpcConfig(port=0, trusted_proxies=trusted))
        await server.start()
        stack.push_async_callback(server.stop, timedelta(0))
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{server.port}"))
        yield Both(gateway, channel)


async def refused(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


def assert_alike(answer: Answer, error: grpc.aio.AioRpcError, policy: str, quota: int) -> None:
    assert (answer.status, error.code()) == (429, grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert answer.reason == info(error).reason == "RATE_LIMITED"
    metadata = {"policy": policy, "quota": str(quota), "window_seconds": "3600"}
    assert answer.json()["metadata"] == dict(info(error).metadata) == metadata
    (retry,) = details(error, RetryInfo)
    least = 3600 // quota
    for seconds in (int(answer.headers["retry-after"]), answer.json()["retry_after"], retry.retry_delay.seconds):
        assert least - 120 < seconds <= least
    trailing: dict[str, Any] = dict(error.trailing_metadata() or ())
    for fields in (answer.headers, trailing):
        assert fields["ratelimit-policy"] == f'"{policy}";q={quota};w=3600'
        assert fields["ratelimit"].startswith(f'"{policy}";r=0;t=')
    assert answer.headers["ratelimit"] == f'"{policy}";r=0;t={answer.headers["retry-after"]}'


async def test_both_count_the_calls_of_a_key_together(both: Both) -> None:
    for place in range(10):
        answer = await both.rest.get(SESSIONS)
        assert answer.headers["ratelimit-policy"] == '"calls";q=20;w=3600'
        assert answer.headers["ratelimit"].startswith(f'"calls";r={19 - 2 * place};t=')
        trailing = await both.list_over_grpc()
        assert trailing["ratelimit-policy"] == '"calls";q=20;w=3600'
        assert trailing["ratelimit"].startswith(f'"calls";r={18 - 2 * place};t=')
        assert "x-request-id" in trailing
    error = await refused(both.list_over_grpc())
    assert_alike(await both.rest.get(SESSIONS), error, "calls", 20)
    # Not even what doesn't exist, or the documentation, is answered; health is.
    assert (await both.rest.get("/nothing")).status == 429
    assert (await both.rest.get("/docs")).status == 429
    assert (await both.rest.get("/health/ready")).status == 200


async def test_an_error_of_a_call_tells_the_rates_too(both: Both) -> None:
    answer = await both.rest.get(f"{SESSIONS}/nobody")
    assert (answer.status, answer.headers["ratelimit"][:14]) == (404, '"calls";r=19;t')
    request = sessions.GetSessionRequest(session_id="nobody")
    error = await refused(both.sessions.GetSession(request, metadata=METADATA))
    assert dict(error.trailing_metadata() or ())["ratelimit"].startswith('"calls";r=18;t')


async def test_sends_have_a_rate_of_their_own(both: Both) -> None:
    await both.gateway.link()
    answer = await both.rest.post(SEND, text())
    assert (answer.status, answer.headers["ratelimit"].split(", ")[1][:13]) == (201, '"sends";r=2;t')
    call = both.messages.SendMessage(to_send(), metadata=METADATA)
    await call
    assert '"sends";r=1;t' in dict(await call.trailing_metadata())["ratelimit"]
    await both.rest.post(SEND, text())
    error = await refused(both.messages.SendMessage(to_send(), metadata=METADATA))
    assert_alike(await both.rest.post(SEND, text()), error, "sends", 3)
    for target in (BULK, "/api/v1/media/send", "/api/v1/messages/msg_1/forward"):
        assert (await both.rest.post(target, {})).json()["metadata"]["policy"] == "sends"
    forward = both.messages.ForwardMessage(messages.ForwardMessageRequest(), metadata=METADATA)
    assert info(await refused(forward)).reason == "RATE_LIMITED"
    # Nothing of what was refused was accepted; reading goes on.
    listed = (await both.rest.get("/api/v1/messages")).json()["items"]
    assert len(listed) == 3
    assert (await both.rest.get(SESSIONS)).status == 200


@pytest.mark.parametrize("transport", ["REST", "gRPC"])
async def test_each_message_of_a_bulk_send_counts(both: Both, transport: str) -> None:
    await both.gateway.link()

    async def bulk(count: int) -> str | None:
        """The reason, where it is refused."""
        if transport == "REST":
            answer = await both.rest.post(BULK, {"messages": [text()] * count})
            assert answer.headers["ratelimit-policy"].endswith('"sends";q=3;w=3600')
            return None if answer.status == 200 else answer.reason
        call = both.messages.SendMessages(messages.SendMessagesRequest(messages=[to_send()] * count), metadata=METADATA)
        try:
            await call
        except grpc.aio.AioRpcError as error:
            return info(error).reason
        return None

    assert await bulk(2) is None
    assert await bulk(3) == "RATE_LIMITED"
    assert len((await both.rest.get("/api/v1/messages")).json()["items"]) == 2


async def test_who_guesses_is_refused_with_the_right_key_too(both: Both) -> None:
    guessing = Client(both.gateway.app, key="wrong")
    for _ in range(2):
        assert (await guessing.get(SESSIONS)).reason == "API_KEY_INVALID"
        assert info(await refused(both.list_over_grpc(("x-api-key", "wrong")))).reason == "API_KEY_INVALID"
    error = await refused(both.list_over_grpc(("x-api-key", "wrong")))
    assert_alike(await guessing.get(SESSIONS), error, "refused-keys", 4)
    answer, error = await both.rest.get(SESSIONS), await refused(both.list_over_grpc())
    assert_alike(answer, error, "refused-keys", 4)
    assert "www-authenticate" not in answer.headers


async def test_addresses_behind_a_proxy_are_apart(both: Both) -> None:
    # This machine is a trusted proxy here: what it says of its callers is believed, and what they say isn't.
    guessing = Client(both.gateway.app, key="wrong")
    for number in range(4):
        answer = await guessing.get(SESSIONS, x_forwarded_for=f"203.0.113.{number}, 198.51.100.9")
        assert answer.status == 401
    assert (await guessing.get(SESSIONS, x_forwarded_for="203.0.113.5, 198.51.100.9")).status == 429
    assert (await both.rest.get(SESSIONS, x_forwarded_for="198.51.100.9")).status == 429
    assert (await both.rest.get(SESSIONS, x_forwarded_for="198.51.100.8")).status == 200
    await both.list_over_grpc(*METADATA, ("x-forwarded-for", "198.51.100.8"))
    error = await refused(both.list_over_grpc(*METADATA, ("x-forwarded-for", "198.51.100.9")))
    assert dict(info(error).metadata)["policy"] == "refused-keys"


async def test_health_is_limited_by_address_and_never_the_sign_of_life(both: Both) -> None:
    for _ in range(2):
        assert (await both.rest.get("/health/ready")).status == 200
        await both.health.Check(health_pb2.HealthCheckRequest())
    error = await refused(both.health.Check(health_pb2.HealthCheckRequest()))
    assert_alike(await both.rest.get("/health/ready"), error, "open-calls", 4)
    assert (await both.rest.get("/health/live")).status == 200
    assert (await both.rest.get(SESSIONS)).status == 200


async def test_so_many_streams_of_a_key(both: Both) -> None:
    await both.gateway.show_qr()
    streams = both.gateway.use_cases.limits.streams
    following = both.events.StreamEvents(events.StreamEventsRequest(after=0), metadata=METADATA)
    watching = both.sessions.WatchSession(sessions.WatchSessionRequest(session_id="ana"), metadata=METADATA)
    await following.read()
    await watching.read()
    error = await refused(both.events.StreamEvents(events.StreamEventsRequest(), metadata=METADATA).read())
    answer = await both.rest.get("/api/v1/events", accept="text/event-stream")
    assert (answer.status, error.code()) == (429, grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert answer.reason == info(error).reason == "TOO_MANY_STREAMS"
    assert answer.json()["metadata"] == dict(info(error).metadata) == {"limit": "2"}
    # A page is no stream.
    assert (await both.rest.get("/api/v1/events")).status == 200
    following.cancel()
    async with asyncio.timeout(20):
        while streams.open(_scope(both)) > 1:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    again = both.events.StreamEvents(events.StreamEventsRequest(after=0), metadata=METADATA)
    await again.read()
    again.cancel()
    watching.cancel()


def _scope(both: Both) -> str:
    (scope,) = both.gateway.use_cases.limits.streams._open
    return scope
