import asyncio
import time

import grpc
import grpc.aio
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from adapters.memory.driver import Hang, Operation
from domain.message import MessageStatus
from entrypoints.grpc.gen.pombo.v1 import message_pb2
from entrypoints.grpc.gen.pombo.v1 import message_service_pb2 as pb
from tests.unit.application.world import ANA, BEN, CARLA, SESSION, World, until

from .gateway import Gateway, fields, info

STATUS = message_pb2.MessageStatus
NOW = Duration()


def text(body: str = "hello", *, to: str = BEN, **more: object) -> pb.SendMessageRequest:
    return pb.SendMessageRequest(session_id=SESSION, to=to, text=message_pb2.Text(body=body), **more)  # type: ignore[arg-type]


async def test_a_text_reaches_the_other_phone(gateway: Gateway, world: World) -> None:
    await world.linked()
    sent = (await gateway.messages.SendMessage(text("olá 🕊", to="+1 555 010 0200"))).message
    assert sent.status >= STATUS.MESSAGE_STATUS_SENT
    assert (sent.direction, sent.sender, sent.recipient) == (
        message_pb2.DIRECTION_OUTBOUND,
        f"{ANA}@c.us",
        f"{BEN}@c.us",
    )
    assert (sent.text.body, sent.from_api, sent.WhichOneof("content")) == ("olá 🕊", True, "text")
    assert world.phone_bodies(BEN) == ["olá 🕊"]

    async def delivered() -> message_pb2.Message | None:
        stored = (await gateway.messages.GetMessage(pb.GetMessageRequest(message_id=sent.id))).message
        return stored if stored.status == STATUS.MESSAGE_STATUS_DELIVERED else None

    stored = await until(delivered)
    assert stored.HasField("delivered_time")
    assert not stored.HasField("read_time")
    assert not stored.HasField("error")


async def test_a_reply_with_mentions(gateway: Gateway, world: World) -> None:
    await world.linked()
    first = (await gateway.messages.SendMessage(text("first"))).message
    request = pb.SendMessageRequest(
        session_id=SESSION,
        to=f"{BEN}@c.us",
        text=message_pb2.Text(body=f"second @{CARLA}", mentions=[CARLA]),
        context=message_pb2.MessageContext(message_id=first.id),
    )
    reply = (await gateway.messages.SendMessage(request)).message
    assert reply.context.message_id == first.whatsapp_id
    assert list(reply.text.mentions) == [f"{CARLA}@c.us"]


async def test_without_a_wait_the_message_is_accepted_and_thats_that(gateway: Gateway, world: World) -> None:
    await world.linked()
    world.whatsapp.script(SESSION, Operation.SEND, Hang())
    message = (await gateway.messages.SendMessage(text(wait=NOW))).message
    assert message.status in {STATUS.MESSAGE_STATUS_QUEUED, STATUS.MESSAGE_STATUS_SENDING}


async def test_the_answer_comes_before_the_calls_own_deadline(gateway: Gateway, world: World) -> None:
    await world.linked()
    world.whatsapp.script(SESSION, Operation.SEND, Hang())
    began = time.monotonic()
    message = (await gateway.messages.SendMessage(text(), timeout=2.5)).message
    assert message.status in {STATUS.MESSAGE_STATUS_QUEUED, STATUS.MESSAGE_STATUS_SENDING}
    # Not at once, and in time: after 2.5 s the call itself would have failed.
    assert time.monotonic() - began > 0.5


async def test_a_caller_who_leaves_leaves_the_message_behind(gateway: Gateway, world: World) -> None:
    await world.linked()
    world.whatsapp.script(SESSION, Operation.SEND, Hang())
    call = gateway.messages.SendMessage(text("stays"))

    async def accepted() -> pb.ListMessagesResponse | None:
        found = await gateway.messages.ListMessages(pb.ListMessagesRequest())
        return found if found.messages else None

    pending = asyncio.ensure_future(call)
    stored = await until(accepted)
    pending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pending
    world.whatsapp.kill_page(SESSION)
    await world.message(stored.messages[0].id, lambda message: message.status is MessageStatus.DELIVERED)
    assert world.phone_bodies(BEN) == ["stays"]


async def test_messages_are_listed_and_filtered(gateway: Gateway, world: World) -> None:
    await world.linked()
    for number in range(3):
        await gateway.messages.SendMessage(text(f"out {number}"))
    await gateway.messages.SendMessage(text("to carla", to=CARLA))
    world.whatsapp.phone_sends(BEN, ANA, "in")

    async def listed(**criteria: object) -> list[str]:
        page = await gateway.messages.ListMessages(pb.ListMessagesRequest(**criteria))  # type: ignore[arg-type]
        return [message.text.body for message in page.messages]

    async def came() -> list[str] | None:
        return await listed(direction=message_pb2.DIRECTION_INBOUND) or None

    assert await until(came) == ["in"]
    assert sorted(await listed(chat_id=BEN)) == ["in", "out 0", "out 1", "out 2"]
    assert await listed(chat_id=f"{CARLA}@c.us") == ["to carla"]
    assert await listed(session_id="other") == []
    assert await listed(status=message_pb2.MESSAGE_STATUS_FAILED) == []
    assert await listed(since_time=Timestamp(seconds=4_000_000_000)) == []
    assert len(await listed(until_time=Timestamp(seconds=4_000_000_000))) == 5

    seen: list[str] = []
    token = ""
    while True:
        page = await gateway.messages.ListMessages(pb.ListMessagesRequest(page_size=2, page_token=token))
        seen += [message.id for message in page.messages]
        token = page.next_page_token
        if not token:
            break
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize(
    ("send", "code", "reason", "field"),
    [
        (text(to="nonsense@x"), grpc.StatusCode.INVALID_ARGUMENT, "INVALID_JID", "to"),
        (text(to="0123"), grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PHONE", "to"),
        (text(to="status@broadcast"), grpc.StatusCode.INVALID_ARGUMENT, "RECIPIENT_NOT_ADDRESSABLE", "to"),
        (text(" "), grpc.StatusCode.INVALID_ARGUMENT, "EMPTY_TEXT", "text.body"),
        (text("a" * 65_537), grpc.StatusCode.INVALID_ARGUMENT, "TEXT_TOO_LONG", "text.body"),
        (
            pb.SendMessageRequest(session_id=SESSION, to=BEN),
            grpc.StatusCode.INVALID_ARGUMENT,
            "INVALID_REQUEST",
            "content",
        ),
        (
            pb.SendMessageRequest(session_id=SESSION, to=BEN, text=message_pb2.Text(body="x", mentions=["nobody"])),
            grpc.StatusCode.INVALID_ARGUMENT,
            "INVALID_PHONE",
            "text.mentions[0]",
        ),
        (
            text(context=message_pb2.MessageContext(message_id="msg_" + "0" * 26)),
            grpc.StatusCode.NOT_FOUND,
            "MESSAGE_NOT_FOUND",
            None,
        ),
        (
            text(context=message_pb2.MessageContext()),
            grpc.StatusCode.INVALID_ARGUMENT,
            "INVALID_REPLY",
            "context.message_id",
        ),
        (text(to="15550109999"), grpc.StatusCode.FAILED_PRECONDITION, "NUMBER_NOT_ON_WHATSAPP", "to"),
    ],
)
async def test_a_message_that_cant_be_sent_says_why(
    gateway: Gateway, world: World, send: pb.SendMessageRequest, code: grpc.StatusCode, reason: str, field: str | None
) -> None:
    await world.linked()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.messages.SendMessage(send)
    assert (caught.value.code(), info(caught.value).reason) == (code, reason)
    assert fields(caught.value) == ([] if field is None else [field])
    assert world.phone_bodies(BEN) == []


async def test_a_session_that_doesnt_work_cant_send(gateway: Gateway, world: World) -> None:
    await world.linked()
    await world.stop.execute(SESSION)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.messages.SendMessage(text())
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    told = info(caught.value)
    assert (told.reason, told.metadata["status"]) == ("SESSION_NOT_WORKING", "STOPPED")


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (pb.ListMessagesRequest(page_size=501), "INVALID_PAGE_SIZE"),
        (pb.ListMessagesRequest(page_size=-1), "INVALID_PAGE_SIZE"),
        (pb.ListMessagesRequest(page_token="?"), "INVALID_PAGE_TOKEN"),
        (pb.ListMessagesRequest(session_id="A B"), "INVALID_SESSION_ID"),
        (pb.ListMessagesRequest(chat_id="x@y"), "INVALID_JID"),
        (pb.ListMessagesRequest(direction=7), "INVALID_REQUEST"),  # type: ignore[arg-type]  # a newer client's
        (pb.ListMessagesRequest(status=70), "INVALID_REQUEST"),  # type: ignore[arg-type]  # a newer client's
        (pb.ListMessagesRequest(since_time=Timestamp(seconds=10**15)), "INVALID_REQUEST"),
    ],
)
async def test_a_bad_query_says_why(gateway: Gateway, query: pb.ListMessagesRequest, reason: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.messages.ListMessages(query)
    assert (caught.value.code(), info(caught.value).reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)


async def test_a_send_with_a_request_id_is_done_once(gateway: Gateway, world: World) -> None:
    await world.linked()
    answers = await asyncio.gather(
        *(gateway.messages.SendMessage(text(request_id="order 7")) for _ in range(3)),
        gateway.messages.SendMessage(text(request_id="order 7", wait=NOW)),
    )
    assert len({answer.message.id for answer in answers}) == 1
    assert world.phone_bodies(BEN) == ["hello"]
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.messages.SendMessage(text("other", request_id="order 7"))
    assert (caught.value.code(), info(caught.value).reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "IDEMPOTENCY_KEY_REUSED",
    )
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.messages.SendMessage(text(request_id="x" * 256))
    assert (info(caught.value).reason, fields(caught.value)) == ("INVALID_IDEMPOTENCY_KEY", ["request_id"])


async def test_scheduled_and_canceled(gateway: Gateway, world: World) -> None:
    await world.linked()
    at = Timestamp(seconds=int(time.time()) + 3_600)
    later = (await gateway.messages.SendMessage(text("later", not_before_time=at))).message
    assert (later.status, later.not_before_time) == (STATUS.MESSAGE_STATUS_QUEUED, at)
    canceled = (await gateway.messages.CancelMessage(pb.CancelMessageRequest(message_id=later.id))).message
    assert canceled.status == STATUS.MESSAGE_STATUS_CANCELED
    sent = (await gateway.messages.SendMessage(text("now"))).message
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.messages.CancelMessage(pb.CancelMessageRequest(message_id=sent.id))
    assert info(caught.value).reason == "MESSAGE_NOT_CANCELABLE"
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.messages.SendMessage(text(deadline_time=Timestamp(seconds=1)))
    assert (info(caught.value).reason, fields(caught.value)) == ("INVALID_DEADLINE", ["deadline_time"])


async def test_a_bulk_with_bad_entries(gateway: Gateway, world: World) -> None:
    await world.linked()
    request = pb.SendMessagesRequest(
        messages=[text("one"), text(""), pb.SendMessageRequest(), text("two")], request_id="bulk"
    )
    for _ in range(2):
        results = (await gateway.messages.SendMessages(request)).results
        assert [result.WhichOneof("result") for result in results] == ["message", "error", "error", "message"]
        assert (results[1].error.reason, results[1].error.field) == ("EMPTY_TEXT", "text.body")
        assert results[1].error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
        assert results[2].error.reason == "INVALID_SESSION_ID"
        await world.message(results[3].message.id, lambda now: now.sent_at is not None)
    assert world.phone_bodies(BEN) == ["one", "two"]
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.messages.SendMessages(pb.SendMessagesRequest())
    assert (info(caught.value).reason, fields(caught.value)) == ("INVALID_REQUEST", ["messages"])
