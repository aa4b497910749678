"""Calls whose message doesn't come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import grpc
import grpc.aio
import pytest

from application.limits.call_rates import CallRates
from entrypoints.grpc.config import GrpcConfig
from entrypoints.grpc.server import GrpcServer
from tests.unit.rest.gateway import KEY, Gateway, running

from .gateway import info

SEND = "/pombo.v1.MessageService/SendMessage"
LIST = "/pombo.v1.SessionService/ListSessions"
WATCH = "/pombo.v1.EventService/StreamEvents"
HEALTH = "/grpc.health.v1.Health/Check"
NO_SUCH = "/pombo.v1.MessageService/NoSuch"
QUICK, NEVER = timedelta(milliseconds=200), timedelta(hours=1)
WITH_KEY = (("x-api-key", KEY),)


@asynccontextmanager
async def serving(
    stall: timedelta, *, rates: CallRates | None = None, idle: timedelta = NEVER
) -> AsyncIterator[grpc.aio.Channel]:
    async with running(Gateway(rates=rates)) as gateway:
        # As many bytes for each message: a larger one may take longer.
        config = GrpcConfig(port=0, stall=stall, max_inline_bytes=1, idle=idle)
        server = GrpcServer(gateway.use_cases, config)
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
                yield channel
        finally:
            await server.stop(timedelta(0))


async def fail(channel: grpc.aio.Channel, method: str, *, key: bool, ends: bool = False) -> grpc.aio.AioRpcError:
    """The error of a call that is opened and says nothing more, or nothing and its end."""

    async def nothing() -> AsyncIterator[bytes]:
        if not ends:
            await asyncio.Event().wait()
        return
        yield

    call = channel.stream_stream(method)(nothing(), metadata=WITH_KEY if key else (), timeout=20)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await anext(aiter(call))
    return caught.value


@pytest.mark.parametrize("method", [SEND, LIST, WATCH, NO_SUCH])
async def test_without_a_key_a_call_is_refused_before_its_message_is_there(method: str) -> None:
    async with serving(NEVER) as channel:
        error = await fail(channel, method, key=False)
    assert (error.code(), info(error).reason) == (grpc.StatusCode.UNAUTHENTICATED, "API_KEY_MISSING")


@pytest.mark.parametrize(("method", "key"), [(SEND, True), (LIST, True), (WATCH, True), (HEALTH, False)])
async def test_a_message_is_waited_for_only_so_long(method: str, key: bool) -> None:
    async with serving(QUICK) as channel:
        error = await fail(channel, method, key=key)
    assert (error.code(), info(error).reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "REQUEST_TOO_SLOW")


@pytest.mark.parametrize("method", [LIST, WATCH])
async def test_a_call_without_a_message(method: str) -> None:
    async with serving(NEVER) as channel:
        error = await fail(channel, method, key=True, ends=True)
    assert (error.code(), info(error).reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")


async def test_open_calls_that_say_nothing_are_few_at_a_time() -> None:
    async def nothing() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    async with serving(NEVER, rates=CallRates(streams=2)) as channel:
        calls = [channel.stream_stream(HEALTH)(nothing()) for _ in range(3)]
        reads = [asyncio.create_task(call.read()) for call in calls]
        (refused,), held = await asyncio.wait(reads, return_when=asyncio.FIRST_COMPLETED, timeout=20)
        error = refused.exception()
        assert isinstance(error, grpc.aio.AioRpcError)
        assert (error.code(), info(error).reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS")
        # Nobody's key is concerned.
        error = await fail(channel, LIST, key=True, ends=True)
        assert info(error).reason == "INVALID_REQUEST"
        for call in calls:
            call.cancel()
        await asyncio.gather(*held, return_exceptions=True)


async def test_a_connection_without_calls_is_closed() -> None:
    async with serving(NEVER, idle=QUICK) as channel:
        watching = channel.unary_stream(WATCH)(b"", metadata=WITH_KEY)
        reading = asyncio.create_task(watching.read())
        await channel.channel_ready()
        ready = grpc.ChannelConnectivity.READY
        # One with a call stays, also where nothing comes of it.
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5 * QUICK.total_seconds()):
                await channel.wait_for_state_change(ready)
        watching.cancel()
        async with asyncio.timeout(20):
            await channel.wait_for_state_change(ready)
        await asyncio.gather(reading, return_exceptions=True)
