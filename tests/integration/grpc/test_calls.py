"""What every call goes through: key, request id, size, errors."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import override

import grpc
import grpc.aio
import pytest
import structlog

from application.messages.read_messages import GetMessage, ListMessages
from application.pacing.expected_times import ExpectedTimes
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.lease import Lease
from domain.pacing import Pace
from entrypoints.grpc.config import GrpcConfig
from entrypoints.grpc.gen.pombo.v1 import message_pb2
from entrypoints.grpc.gen.pombo.v1 import message_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.message_service_pb2_grpc import MessageServiceStub
from entrypoints.grpc.gen.pombo.v1.session_service_pb2 import ListSessionsRequest, WatchSessionRequest
from entrypoints.grpc.gen.pombo.v1.session_service_pb2_grpc import SessionServiceStub
from tests.integration.logs import until_logged
from tests.unit.application.world import World

from .gateway import KEY, Gateway, bare_channel, info, served, use_cases


@pytest.fixture
async def channel(gateway: Gateway) -> AsyncIterator[grpc.aio.Channel]:
    async with bare_channel(gateway.server) as channel:
        yield channel


@pytest.mark.parametrize(
    "metadata",
    [
        (("x-api-key", KEY),),
        (("authorization", f"Bearer {KEY}"),),
        (("authorization", f"bearer  {KEY}"),),
        (("x-api-key", KEY), ("authorization", "Basic eDp5")),
    ],
)
async def test_a_good_key_in_any_form(channel: grpc.aio.Channel, metadata: tuple[tuple[str, str], ...]) -> None:
    await SessionServiceStub(channel).ListSessions(ListSessionsRequest(), metadata=metadata)


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ((), "API_KEY_MISSING"),
        ((("x-api-key", ""),), "API_KEY_MISSING"),
        ((("authorization", f"Basic {KEY}"),), "API_KEY_MISSING"),
        ((("x-api-key", KEY + "x"),), "API_KEY_INVALID"),
        ((("authorization", "Bearer nope"),), "API_KEY_INVALID"),
    ],
)
async def test_no_key_no_answer(channel: grpc.aio.Channel, metadata: tuple[tuple[str, str], ...], reason: str) -> None:
    sessions = SessionServiceStub(channel)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await sessions.ListSessions(ListSessionsRequest(), metadata=metadata)
    assert (caught.value.code(), info(caught.value).reason) == (grpc.StatusCode.UNAUTHENTICATED, reason)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await anext(aiter(sessions.WatchSession(WatchSessionRequest(session_id="any"), metadata=metadata)))
    assert (caught.value.code(), info(caught.value).reason) == (grpc.StatusCode.UNAUTHENTICATED, reason)


async def test_a_call_has_a_name(gateway: Gateway) -> None:
    call = gateway.sessions.ListSessions(ListSessionsRequest(), metadata=(("x-request-id", "mine-1"),))
    await call
    assert dict(await call.trailing_metadata())["x-request-id"] == "mine-1"
    call = gateway.sessions.ListSessions(ListSessionsRequest(), metadata=(("x-request-id", "two words"),))
    await call
    assert len(dict(await call.trailing_metadata())["x-request-id"]) == 32
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.messages.GetMessage(
            pb.GetMessageRequest(message_id="msg_" + "0" * 26), metadata=(("x-request-id", "mine-2"),)
        )
    assert dict(caught.value.trailing_metadata())["x-request-id"] == "mine-2"


async def test_a_request_too_large_is_told(world: World) -> None:
    """A message may hold a file: it has a limit of its own."""
    config = GrpcConfig(port=0, max_request_bytes=10_000, max_inline_bytes=30_000)

    def message(size: int) -> pb.SendMessageRequest:
        return pb.SendMessageRequest(session_id="x", to="1", text=message_pb2.Text(body="a" * size))

    async with served(use_cases(world), config) as gateway:
        for call, limit in (
            (gateway.messages.SendMessage(message(35_000)), "30000"),
            (gateway.messages.SendMessages(pb.SendMessagesRequest(messages=[message(20_000)])), "10000"),
            # Far beyond the limit gRPC itself refuses, before it has read the message.
            (gateway.messages.SendMessage(message(10_000_000)), None),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call
            assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            if limit is not None:
                told = info(caught.value)
                assert (told.reason, told.metadata["limit_bytes"]) == ("BODY_TOO_LARGE", limit)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await gateway.messages.SendMessage(message(20_000))
        assert info(caught.value).reason == "INVALID_PHONE"  # it was read


async def test_a_request_that_cant_be_read_is_the_callers_fault(gateway: Gateway) -> None:
    unreadable = b"\x0a\xff\xff"
    with pytest.raises(grpc.aio.AioRpcError) as of_unary:
        await gateway.channel.unary_unary("/pombo.v1.MessageService/SendMessage")(unreadable)
    with pytest.raises(grpc.aio.AioRpcError) as of_stream:
        await anext(aiter(gateway.channel.unary_stream("/pombo.v1.EventService/StreamEvents")(unreadable)))
    for caught in (of_unary, of_stream):
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert info(caught.value).reason == "INVALID_REQUEST"


async def test_there_is_no_such_method(gateway: Gateway) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.channel.unary_unary("/pombo.v1.MessageService/Nothing")(b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


class BrokenDatabase(UnitOfWorkFactory):
    """Fails in a way that nobody has foreseen."""

    @override
    def begin(self, fence: Lease | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        raise ZeroDivisionError("password=hunter2")


async def test_an_unforeseen_fault_is_logged_and_not_told(world: World) -> None:
    broken = BrokenDatabase()
    times = ExpectedTimes(world.clock, Pace())
    cases = replace(use_cases(world), get_message=GetMessage(broken, times), list_messages=ListMessages(broken, times))
    async with served(cases) as gateway:
        with structlog.testing.capture_logs() as logs:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await MessageServiceStub(gateway.channel).GetMessage(pb.GetMessageRequest(message_id="msg_" + "0" * 26))
            await until_logged(logs, "grpc.call")
    assert (caught.value.code(), info(caught.value).reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert "hunter2" not in str(caught.value.details()) + str(caught.value.trailing_metadata())
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["grpc.call_failed"]
    (call,) = (entry for entry in logs if entry["event"] == "grpc.call")
    assert (call["status"], call["reason"], call["log_level"]) == ("INTERNAL", "INTERNAL", "warning")
