import asyncio

import grpc
import grpc.aio
import pytest

from entrypoints.grpc.gen.pombo.v1 import event_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1 import message_pb2
from tests.unit.application.world import ANA, BEN, SESSION, World, until

from .gateway import Gateway, fields, info

MANY = 1_200
"""More than the log gives in one piece."""


async def everything(gateway: Gateway) -> pb.ListEventsResponse:
    return await gateway.events.ListEvents(pb.ListEventsRequest(page_size=1_000))


async def test_the_log_tells_the_life_of_a_message(gateway: Gateway, world: World) -> None:
    await world.linked()
    sent = await world.text("hello")

    async def acked() -> pb.ListEventsResponse | None:
        page = await gateway.events.ListEvents(pb.ListEventsRequest(types=["message.ack"]))
        return page if page.events else None

    (ack,) = (await until(acked)).events
    assert ack.message_acked.message_id == sent.id
    assert ack.message_acked.status == message_pb2.MESSAGE_STATUS_DELIVERED
    world.whatsapp.phone_sends(BEN, ANA, "and back")

    async def received() -> pb.ListEventsResponse | None:
        page = await gateway.events.ListEvents(pb.ListEventsRequest(types=["message.received"], session_id=SESSION))
        return page if page.events else None

    (event,) = (await until(received)).events
    assert event.message_received.message.text.body == "and back"
    page = await everything(gateway)
    kinds = [event.WhichOneof("payload") for event in page.events]
    assert {"session_status_changed", "qr_issued", "message_queued", "message_sent"} <= set(kinds)
    sequences = [event.sequence for event in page.events]
    assert sequences == sorted(set(sequences))
    assert page.cursor == sequences[-1]
    rest = await gateway.events.ListEvents(pb.ListEventsRequest(after=page.cursor))
    assert (list(rest.events), rest.cursor) == ([], page.cursor)


async def test_a_stream_gives_what_was_and_what_comes(gateway: Gateway, world: World) -> None:
    await world.linked()
    known = await everything(gateway)
    stream = gateway.events.StreamEvents(pb.StreamEventsRequest(after=0), timeout=30)
    items = aiter(stream)
    old = [(await anext(items)).event for _ in known.events]
    assert old == list(known.events)
    world.whatsapp.phone_sends(BEN, ANA, "live")
    while (event := (await anext(items)).event).type != "message.received":
        pass
    assert event.message_received.message.text.body == "live"

    # Whoever resumes at a cursor gets exactly what comes after it.
    resumed = gateway.events.StreamEvents(pb.StreamEventsRequest(after=event.sequence - 1), timeout=30)
    assert (await anext(aiter(resumed))).event == event
    stream.cancel()
    resumed.cancel()


async def test_a_stream_from_now_on_misses_nothing_after_its_metadata(gateway: Gateway, world: World) -> None:
    await world.linked()
    stream = gateway.events.StreamEvents(pb.StreamEventsRequest(types=["message.received"]), timeout=30)
    await stream.initial_metadata()
    for number in range(MANY):
        world.whatsapp.phone_sends(BEN, ANA, str(number))
    items = aiter(stream)
    bodies = [(await anext(items)).event.message_received.message.text.body for _ in range(MANY)]
    assert bodies == [str(number) for number in range(MANY)]
    stream.cancel()


async def test_readers_who_leave_leave_nothing_behind(gateway: Gateway, world: World) -> None:
    await world.linked()
    before = len(asyncio.all_tasks())
    streams = [gateway.events.StreamEvents(pb.StreamEventsRequest(after=0), timeout=30) for _ in range(20)]
    for stream in streams:
        await anext(aiter(stream))
        stream.cancel()

    async def gone() -> bool | None:
        return True if len(asyncio.all_tasks()) <= before + 1 else None

    await until(gone)


@pytest.mark.parametrize(
    ("query", "reason", "field"),
    [
        (pb.StreamEventsRequest(after=-1), "INVALID_CURSOR", "after"),
        (pb.StreamEventsRequest(after=10**9), "INVALID_CURSOR", "after"),
        (pb.StreamEventsRequest(types=["message.unheard"]), "UNKNOWN_EVENT_TYPE", "types"),
        (pb.StreamEventsRequest(session_id="A B"), "INVALID_SESSION_ID", "session_id"),
    ],
)
async def test_a_bad_query_fails_before_the_first_event(
    gateway: Gateway, query: pb.StreamEventsRequest, reason: str, field: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await anext(aiter(gateway.events.StreamEvents(query, timeout=5)))
    assert (caught.value.code(), info(caught.value).reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
    assert fields(caught.value) == [field]
    listed = pb.ListEventsRequest(after=query.after, session_id=query.session_id, types=query.types)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.events.ListEvents(listed)
    assert info(caught.value).reason == reason
