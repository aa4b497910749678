"""How the gateway is, over both transports."""

from collections.abc import AsyncIterator
from datetime import timedelta

import grpc.aio
import pytest

from domain.errors import UnavailableError
from domain.session import SessionStatus, StatusReason, Wanted
from entrypoints.grpc.config import GrpcConfig
from entrypoints.grpc.converters.sessions import REASONS, STATUSES, WANTED
from entrypoints.grpc.gen.pombo.v1 import health_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.health_service_pb2_grpc import HealthServiceStub
from entrypoints.grpc.server import GrpcServer
from tests.unit.rest.gateway import KEY, Client, Gateway, running

METADATA = (("x-api-key", KEY),)


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with running(Gateway()) as gateway:
        yield gateway


@pytest.fixture
async def stub(gateway: Gateway) -> AsyncIterator[HealthServiceStub]:
    server = GrpcServer(gateway.use_cases, GrpcConfig(port=0))
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            yield HealthServiceStub(channel)
    finally:
        await server.stop(timedelta(0))


async def test_both_transports_tell_the_same(gateway: Gateway, stub: HealthServiceStub) -> None:
    await gateway.link("ana")
    await gateway.show_qr("ben")
    await gateway.reach(SessionStatus.SCAN_QR_CODE, "ben")
    told = (await gateway.client.get("/api/v1/health")).json()
    answer = await stub.GetHealth(pb.GetHealthRequest(), metadata=METADATA)
    assert told["ready"] is answer.ready is True
    assert [(part["name"], part["ready"], part["needed"]) for part in told["parts"]] == [
        (part.name, part.ready, part.needed) for part in answer.parts
    ]
    assert [
        (each["id"], each["sound"], each["waiting"], each["sending"], each["put_off"], each["gateway"], each["epoch"])
        for each in told["sessions"]
    ] == [
        (each.session_id, each.sound, each.waiting, each.sending, each.put_off, each.gateway, each.epoch)
        for each in answer.sessions
    ]
    assert [
        (Wanted(each["wanted"]), SessionStatus(each["status"]), StatusReason(each["status_reason"]))
        for each in told["sessions"]
    ] == [
        (_key(WANTED, each.wanted), _key(STATUSES, each.status), _key(REASONS, each.status_reason))
        for each in answer.sessions
    ]
    ana, ben = told["sessions"]
    assert (ana["id"], ana["sound"], ana["status"], ana["gateway"], ana["epoch"]) == ("ana", True, "WORKING", "node", 1)
    assert (ben["id"], ben["sound"], ben["status"]) == ("ben", False, "SCAN_QR_CODE")
    assert answer.sessions_known


async def test_what_is_away_is_told_and_no_failure(gateway: Gateway, stub: HealthServiceStub) -> None:
    await gateway.link("ana")
    gateway.part.problem = "It is away."
    # The key of the settings is known without the database.
    gateway.break_database(UnavailableError("DATABASE_UNAVAILABLE", "It is away."))
    answer = await gateway.client.get("/api/v1/health")
    over_grpc = await stub.GetHealth(pb.GetHealthRequest(), metadata=METADATA)
    gateway.database.fault = None
    told = answer.json()
    assert (answer.status, told["ready"], told["sessions"]) == (200, False, None)
    assert told["parts"][0] == {"name": "database", "ready": False, "problem": "It is away.", "needed": True}
    assert (over_grpc.ready, over_grpc.sessions_known, len(over_grpc.sessions)) == (False, False, 0)
    assert over_grpc.parts[0].problem == "It is away."


async def test_it_wants_a_key(gateway: Gateway, stub: HealthServiceStub) -> None:
    assert (await Client(gateway.app, key=None).get("/api/v1/health")).status == 401
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.GetHealth(pb.GetHealthRequest())
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


def _key[K](numbers: dict[K, int], number: int) -> K:
    return next(key for key, value in numbers.items() if value == number)
