"""Who waits for a message to leave while the gateway stops hears that it was accepted, over REST and over gRPC."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import grpc.aio

from adapters.memory.driver import Hang, Operation
from application.messages.read_messages import ListMessagesQuery
from application.ports.message_repository import MessageFilter
from domain.ids import SessionId
from domain.message import MessageStatus
from entrypoints.grpc.config import GrpcConfig
from entrypoints.grpc.gen.pombo.v1 import message_pb2
from entrypoints.grpc.gen.pombo.v1 import message_service_pb2 as messages
from entrypoints.grpc.gen.pombo.v1.message_service_pb2_grpc import MessageServiceStub
from entrypoints.grpc.server import GrpcServer
from entrypoints.rest.server import RestServer
from tests.unit.rest.gateway import BEN, KEY, Gateway, running

SEND = "/api/v1/messages/send"
BODY = {"session_id": "ana", "to": BEN, "type": "text", "text": {"body": "hi"}}
GRACE = timedelta(seconds=1)


@asynccontextmanager
async def hanging() -> AsyncIterator[Gateway]:
    """A gateway whose next send doesn't come to an end."""
    async with running(Gateway()) as gateway:
        await gateway.link()
        gateway.whatsapp.script(SessionId("ana"), Operation.SEND, Hang())
        yield gateway


async def accepted(gateway: Gateway) -> str:
    """The id of the message that is on its way, once there is one."""
    async with asyncio.timeout(10):
        while True:
            page = await gateway.use_cases.list_messages.execute(ListMessagesQuery(criteria=MessageFilter()))
            for message in page.items:
                if message.status is MessageStatus.SENDING:
                    return message.id
            await asyncio.sleep(0.01)  # nobody is told of what hasn't left


async def test_over_rest() -> None:
    async with hanging() as gateway:
        server = RestServer(gateway.app, host="127.0.0.1", port=0, stop_within=GRACE)
        await server.start()
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}", headers={"X-API-Key": KEY}) as http:

                async def send() -> tuple[int, str]:
                    async with http.post(SEND, json=BODY) as answer:
                        return answer.status, (await answer.json())["id"]

                sending = asyncio.create_task(send())
                message_id = await accepted(gateway)
                await server.stop()
                assert await sending == (202, message_id)
        finally:
            await server.stop()


async def test_over_grpc() -> None:
    async with hanging() as gateway:
        server = GrpcServer(gateway.use_cases, GrpcConfig(port=0))
        await server.start()
        try:
            request = messages.SendMessageRequest(session_id="ana", to=BEN, text=message_pb2.Text(body="hi"))
            async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
                sending = MessageServiceStub(channel).SendMessage(request, metadata=(("x-api-key", KEY),))
                message_id = await accepted(gateway)
                await server.stop(GRACE)
                assert (await sending).message.id == message_id
        finally:
            await server.stop(timedelta(0))


async def test_waits_that_begin_after_the_end_are_over_at_once() -> None:
    async with hanging() as gateway:
        gateway.use_cases.send_message.end_waits(timedelta(0))
        async with asyncio.timeout(10):
            answer = await gateway.client.post(SEND, BODY)
        assert answer.status == 202
