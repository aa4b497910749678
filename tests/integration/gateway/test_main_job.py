"""Link, send, receive: over real sockets, with the real servers, browser and sandbox."""

import asyncio
import json
from collections.abc import AsyncIterator

import grpc
import grpc.aio
import pytest

from entrypoints.grpc.gen.pombo.v1 import (
    event_service_pb2,
    message_pb2,
    message_service_pb2,
    session_pb2,
    session_service_pb2,
)
from entrypoints.grpc.gen.pombo.v1.event_service_pb2_grpc import EventServiceStub
from entrypoints.grpc.gen.pombo.v1.message_service_pb2_grpc import MessageServiceStub
from entrypoints.grpc.gen.pombo.v1.session_service_pb2_grpc import SessionServiceStub

from .conftest import ANA, BEN
from .processes import Gateway, Sandbox, alive, descendants, until


@pytest.fixture
async def channel(gateway: Gateway) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel:
        yield channel


async def test_over_rest(gateway: Gateway, sandbox: Sandbox) -> None:
    await gateway.link("ana", sandbox, ANA)
    me = await gateway.call("GET", "/api/v1/sessions/ana/me")
    assert me["phone"] == ANA

    message = await gateway.send("ana", BEN, "Olá, Ben! 🐦")
    assert message["status"] in {"SENT", "DELIVERED", "READ"}

    async def read() -> bool | None:
        found = await gateway.call("GET", f"/api/v1/messages/{message['id']}")
        return found["status"] == "READ" or None

    await until(read)
    assert await sandbox.bodies(BEN, ANA) == ["Olá, Ben! 🐦"]

    await sandbox.send(BEN, ANA, "Olá, Ana!")
    inbound = await gateway.received("Olá, Ana!")
    assert (inbound["direction"], inbound["from"]) == ("inbound", f"{BEN}@c.us")

    reply = {
        "session_id": "ana",
        "to": f"{BEN}@c.us",
        "type": "text",
        "text": {"body": "got it"},
        "context": {"message_id": inbound["id"]},
    }
    await gateway.call("POST", "/api/v1/messages/send", reply, status=201)
    listed = await gateway.call("GET", f"/api/v1/messages?session_id=ana&chat_id={BEN}")
    assert [item["text"]["body"] for item in listed["items"]] == ["got it", "Olá, Ana!", "Olá, Ben! 🐦"]

    kinds = [event["type"] for event in await gateway.events()]
    assert kinds.count("message.received") == 1
    assert kinds.count("message.sent") == kinds.count("message.queued") == 2
    for kind in ("session.status", "session.qr", "message.ack"):
        assert kind in kinds


async def test_events_stream_over_sse_and_resume(gateway: Gateway, sandbox: Sandbox) -> None:
    await gateway.link("ana", sandbox, ANA)
    url = gateway.url + "/api/v1/events?types=message.received"
    headers = {"Accept": "text/event-stream"}

    async def first(headers: dict[str, str], url: str) -> dict[str, object]:
        async with gateway.http.get(url, headers=headers) as answer:
            assert answer.status == 200
            async for line in answer.content:
                if line.startswith(b"data:"):
                    event: dict[str, object] = json.loads(line[5:])
                    return event
        raise AssertionError("the stream ended")

    live = asyncio.create_task(first(headers, url + "&after=0"))
    await sandbox.send(BEN, ANA, "one")
    async with asyncio.timeout(20):
        one = await live
    await sandbox.send(BEN, ANA, "two")
    async with asyncio.timeout(20):
        two = await first({**headers, "Last-Event-ID": str(one["sequence"])}, url)
    assert two["payload"]["message"]["text"]["body"] == "two"  # type: ignore[index]  # JSON


async def test_over_grpc(gateway: Gateway, sandbox: Sandbox, channel: grpc.aio.Channel) -> None:
    metadata = (("x-api-key", gateway.key),)
    sessions, messages, events = SessionServiceStub(channel), MessageServiceStub(channel), EventServiceStub(channel)
    await sessions.CreateSession(session_service_pb2.CreateSessionRequest(session_id="ana"), metadata=metadata)
    scanned = False
    async with asyncio.timeout(40):
        watch = sessions.WatchSession(session_service_pb2.WatchSessionRequest(session_id="ana"), metadata=metadata)
        async for view in watch:
            if view.HasField("qr_code") and not scanned:
                await sandbox.scan(ANA, view.qr_code.qr)
                scanned = True
            if view.session.status == session_pb2.SESSION_STATUS_WORKING:
                break
        watch.cancel()
    request = message_service_pb2.SendMessageRequest(session_id="ana", to=BEN, text=message_pb2.Text(body="by gRPC"))
    sent = await messages.SendMessage(request, metadata=metadata)
    assert sent.message.status >= message_pb2.MESSAGE_STATUS_SENT
    await sandbox.send(BEN, ANA, "answer")
    stream = events.StreamEvents(
        event_service_pb2.StreamEventsRequest(after=0, types=["message.received"]), metadata=metadata
    )
    async with asyncio.timeout(20):
        event = await anext(aiter(stream))
    stream.cancel()
    assert event.event.message_received.message.text.body == "answer"
    assert await sandbox.bodies(BEN, ANA) == ["by gRPC"]


async def test_an_unknown_number_is_refused_by_both_transports(
    gateway: Gateway, sandbox: Sandbox, channel: grpc.aio.Channel
) -> None:
    await gateway.link("ana", sandbox, ANA)
    body = {"session_id": "ana", "to": "15559990000", "type": "text", "text": {"body": "x"}}
    problem = await gateway.call("POST", "/api/v1/messages/send", body, status=422)
    assert problem["reason"] == "NUMBER_NOT_ON_WHATSAPP"
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await MessageServiceStub(channel).SendMessage(
            message_service_pb2.SendMessageRequest(session_id="ana", to="15559990000", text=message_pb2.Text(body="x")),
            metadata=(("x-api-key", gateway.key),),
        )
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert (await gateway.call("GET", "/api/v1/messages"))["items"] == []


async def test_the_whole_life_of_a_link(gateway: Gateway, sandbox: Sandbox) -> None:
    await gateway.link("ana", sandbox, ANA)
    await gateway.call("POST", "/api/v1/sessions/ana/stop")
    await gateway.status("ana", "STOPPED")
    assert await sandbox.devices(ANA)
    await gateway.call("POST", "/api/v1/sessions/ana/start")
    await gateway.status("ana", "WORKING")
    session = await gateway.call("POST", "/api/v1/sessions/ana/logout")
    assert (session["status"], session["me"]) == ("LOGGED_OUT", None)
    assert await sandbox.devices(ANA) == []
    await gateway.call("POST", "/api/v1/sessions/ana/start")
    code = None

    async def paired() -> bool | None:
        nonlocal code
        async with gateway.http.post(gateway.url + "/api/v1/sessions/ana/pairing-code", json={"phone": ANA}) as answer:
            code = (await answer.json())["code"] if answer.ok else None
        return code is not None or None

    await until(paired)
    await sandbox.call("POST", f"/accounts/{ANA}/pairing-code", {"code": code})
    await gateway.status("ana", "WORKING")
    [device] = await sandbox.devices(ANA)
    await sandbox.call("DELETE", f"/accounts/{ANA}/devices/{device}")
    session = await gateway.status("ana", "LOGGED_OUT")
    assert session["status_reason"] == "UNLINKED_BY_PHONE"
    await gateway.call("DELETE", "/api/v1/sessions/ana")
    await gateway.call("GET", "/api/v1/sessions/ana", status=404)


async def test_sigterm_leaves_nothing_behind(gateway: Gateway, sandbox: Sandbox) -> None:
    await gateway.link("ana", sandbox, ANA)
    started = descendants(gateway.process.pid)
    assert len(started) > 3
    assert await gateway.stop() == 0
    assert [pid for pid in started if alive(pid)] == []
