import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import override

import grpc
import grpc.aio
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub

from adapters.memory.driver import Hang, Operation
from application.ports.health_check import HealthCheck
from domain.errors import ConflictError, UnavailableError
from entrypoints.grpc.config import GrpcConfig
from entrypoints.grpc.gen.pombo.v1 import event_service_pb2, message_pb2, message_service_pb2, session_service_pb2
from entrypoints.grpc.server import SERVICES, GrpcServer
from tests.unit.application.world import BEN, SESSION, World

from .gateway import KEY, METADATA, Gateway, bare_channel, details, info, served, use_cases

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
BUF = Path(sys.executable).parent / "buf"


class Part(HealthCheck):
    """A part that is well or isn't, as the test says."""

    def __init__(self) -> None:
        self.problem: str | None = None

    @property
    @override
    def name(self) -> str:
        return "part"

    @override
    async def check(self) -> str | None:
        return self.problem


async def test_a_port_in_use_is_told_with_what_to_do(gateway: Gateway, world: World) -> None:
    second = GrpcServer(use_cases(world), GrpcConfig(port=gateway.server.port))
    with pytest.raises(ConflictError, match="GRPC_PORT") as caught:
        await second.start()
    await second.stop(timedelta(0))
    assert caught.value.reason == "PORT_IN_USE"
    assert caught.value.metadata == {
        "host": "127.0.0.1",
        "port": str(gateway.server.port),
        "setting": "GRPC_PORT",
    }


async def test_a_port_that_another_program_holds_is_told(world: World) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        server = GrpcServer(use_cases(world), GrpcConfig(port=other.getsockname()[1]))
        with pytest.raises(ConflictError, match="GRPC_PORT"):
            await server.start()


@pytest.mark.parametrize("host", ["192.0.2.1", "not an address"])
async def test_an_address_that_isnt_ours_is_told(world: World, host: str) -> None:
    with pytest.raises(UnavailableError, match="POMBO_HOST") as caught:
        await GrpcServer(use_cases(world), GrpcConfig(host=host, port=0)).start()
    assert caught.value.reason == "CANNOT_LISTEN"


async def test_streams_end_with_a_reason_when_the_server_stops(world: World) -> None:
    await world.linked()
    async with served(use_cases(world)) as gateway:
        events = gateway.events.StreamEvents(event_service_pb2.StreamEventsRequest(), timeout=30)
        watch = gateway.sessions.WatchSession(session_service_pb2.WatchSessionRequest(session_id=SESSION), timeout=30)
        await events.initial_metadata()
        items = aiter(watch)
        await anext(items)
        reading = asyncio.ensure_future(anext(aiter(events)))
        began = asyncio.get_running_loop().time()
        await gateway.server.stop(timedelta(seconds=10))
        assert asyncio.get_running_loop().time() - began < 5
        with pytest.raises(grpc.aio.AioRpcError) as of_events:
            await reading
        with pytest.raises(grpc.aio.AioRpcError) as of_watch:
            await anext(items)
    for caught in (of_events, of_watch):
        assert (caught.value.code(), info(caught.value).reason) == (grpc.StatusCode.UNAVAILABLE, "SERVER_STOPPING")
        assert len(details(caught.value, RetryInfo)) == 1


async def test_a_send_that_goes_on_gets_its_answer_when_the_server_stops(world: World) -> None:
    await world.linked()
    world.whatsapp.script(SESSION, Operation.SEND, Hang())
    async with served(use_cases(world)) as gateway:
        request = message_service_pb2.SendMessageRequest(
            session_id=SESSION, to=BEN, text=message_pb2.Text(body="late"), wait=Duration(seconds=1)
        )
        stream = gateway.events.StreamEvents(
            event_service_pb2.StreamEventsRequest(types=["message.queued"]), timeout=30
        )
        await stream.initial_metadata()
        sending = asyncio.ensure_future(gateway.messages.SendMessage(request))
        await anext(aiter(stream))
        await gateway.server.stop(timedelta(seconds=10))
        assert (await sending).message.text.body == "late"


@pytest.fixture
def part() -> Part:
    return Part()


@pytest.fixture
async def health(world: World, part: Part) -> AsyncIterator[tuple[Gateway, HealthStub]]:
    config = GrpcConfig(port=0, health_interval=timedelta(milliseconds=50))
    async with served(use_cases(world, [part]), config) as gateway, bare_channel(gateway.server) as channel:
        yield gateway, HealthStub(channel)


async def test_health_needs_no_key(health: tuple[Gateway, HealthStub]) -> None:
    _, stub = health
    for service in ("", *SERVICES):
        assert (await stub.Check(health_pb2.HealthCheckRequest(service=service))).status == SERVING
    listed = (await stub.List(health_pb2.HealthListRequest())).statuses
    assert {name: status.status for name, status in listed.items()} == dict.fromkeys(("", *SERVICES), SERVING)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.Check(health_pb2.HealthCheckRequest(service="pombo.v1.Nothing"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_health_follows_the_parts(health: tuple[Gateway, HealthStub], part: Part) -> None:
    gateway, stub = health
    watch = stub.Watch(health_pb2.HealthCheckRequest(service=SERVICES[0]), timeout=30)
    statuses = aiter(watch)
    assert (await anext(statuses)).status == SERVING
    part.problem = "it is away"
    assert (await anext(statuses)).status == NOT_SERVING
    part.problem = None
    assert (await anext(statuses)).status == SERVING
    # grpc.aio's client forgets what it hasn't read when the status comes: so it reads while the server stops.
    reading = asyncio.ensure_future(anext(statuses))
    await gateway.server.stop(timedelta(seconds=5))
    assert (await reading).status == NOT_SERVING
    with pytest.raises(StopAsyncIteration):
        await anext(statuses)


async def test_an_unknown_service_is_watched_as_unknown(health: tuple[Gateway, HealthStub]) -> None:
    watch = health[1].Watch(health_pb2.HealthCheckRequest(service="pombo.v1.Nothing"), timeout=30)
    assert (await anext(aiter(watch))).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watch.cancel()


async def test_reflection_lists_the_services_to_who_has_the_key(gateway: Gateway) -> None:
    async with bare_channel(gateway.server) as channel:
        stub = ServerReflectionStub(channel)
        requests = [ServerReflectionRequest(list_services="")]
        answers = stub.ServerReflectionInfo(iter(requests), metadata=METADATA, timeout=10)
        (answer,) = [answer async for answer in answers]
        names = {service.name for service in answer.list_services_response.service}
        assert names == {*SERVICES, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            async for _ in stub.ServerReflectionInfo(iter(requests), timeout=10):
                pass
        assert (caught.value.code(), info(caught.value).reason) == (
            grpc.StatusCode.UNAUTHENTICATED,
            "API_KEY_MISSING",
        )


async def test_another_languages_client_calls_by_reflection_alone(gateway: Gateway, tmp_path: Path) -> None:
    call = ["curl", "--protocol", "grpc", "--http2-prior-knowledge", "--reflect-protocol", "grpc-v1alpha"]
    headers = ["--header", f"x-api-key: {KEY}", "--reflect-header", f"x-api-key: {KEY}"]
    address = f"http://127.0.0.1:{gateway.server.port}/pombo.v1.SessionService/CreateSession"
    process = await asyncio.create_subprocess_exec(
        BUF,
        *call,
        *headers,
        "--data",
        '{"session_id": "from-go", "start": false}',
        address,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=tmp_path,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    assert b'"SESSION_STATUS_STOPPED"' in out
    listed = await gateway.sessions.ListSessions(session_service_pb2.ListSessionsRequest())
    assert [session.id for session in listed.sessions] == ["from-go"]
