import asyncio
import random
from datetime import UTC, datetime, timedelta

import grpc
import grpc.aio
import pytest
import structlog
from google.rpc.error_details_pb2 import RetryInfo

from application.events.cursors import check_kept
from entrypoints.grpc.config import GrpcConfig
from entrypoints.grpc.gen.pombo.v1 import event_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1 import message_pb2
from tests.unit.application.world import ANA, BEN, SESSION, World, until

from .gateway import Gateway, details, fields, info, served, use_cases

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


async def test_cut_at_random_places_nothing_is_missed(gateway: Gateway, world: World) -> None:
    await world.linked()
    chance = random.Random(7)  # noqa: S311 - a schedule, not a secret
    got: list[pb.StreamEventsResponse] = []

    async def write() -> None:
        for number in range(400):
            world.whatsapp.phone_sends(BEN, ANA, str(number))
            if number % 10 == 0:
                await asyncio.sleep(0.005)

    async def read() -> None:
        while sum(item.event.type == "message.received" for item in got) < 400:
            after = got[-1].event.sequence if got else 0
            stream = gateway.events.StreamEvents(pb.StreamEventsRequest(after=after), timeout=chance.uniform(0.02, 0.4))
            try:
                async for item in stream:
                    got.append(item)
                    if chance.random() < 0.05:
                        break
            except grpc.aio.AioRpcError as error:
                assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            stream.cancel()

    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        tasks.create_task(read())
    assert [item.event.sequence for item in got] == list(range(1, len(got) + 1))
    bodies = [item.event.message_received.message.text.body for item in got if item.event.type == "message.received"]
    assert bodies == [str(number) for number in range(400)]


async def test_who_is_far_behind_is_told(gateway: Gateway, world: World) -> None:
    await world.linked()
    for number in range(MANY):
        world.whatsapp.phone_sends(BEN, ANA, str(number))

    async def all_there() -> bool | None:
        return True if await world.database.settle() > MANY else None

    await until(all_there)
    stream = gateway.events.StreamEvents(pb.StreamEventsRequest(after=1), timeout=30)
    items = aiter(stream)
    first, second = await anext(items), await anext(items)
    assert first.lag.behind == first.lag.head - 1 > 1_000
    assert [first.event.sequence, second.event.sequence] == [2, 3]
    assert not second.HasField("lag")
    stream.cancel()


async def test_who_reads_nothing_is_ended_and_told_and_goes_on(world: World) -> None:
    async with served(use_cases(world), GrpcConfig(port=0, stall=timedelta(milliseconds=300))) as gateway:
        await world.linked()
        request = pb.StreamEventsRequest(after=0, types=["message.received"])
        slow = gateway.events.StreamEvents(request, timeout=30)
        await slow.initial_metadata()
        with structlog.testing.capture_logs() as lines:
            for number in range(600):
                world.whatsapp.phone_sends(BEN, ANA, f"{number} " + "x" * 20_000)
            # It holds up nobody.
            quick = gateway.events.StreamEvents(request, timeout=30)
            items = aiter(quick)
            assert [(await anext(items)).event.sequence for _ in range(600)] != []
            quick.cancel()

            async def ended() -> bool | None:
                return any(line.get("reason") == "CONSUMER_TOO_SLOW" for line in lines) or None

            await until(ended)
        last = 0
        with pytest.raises(grpc.aio.AioRpcError) as caught:  # noqa: PT012 - it is the stream that must end so
            async for item in slow:
                last = item.event.sequence
        assert (caught.value.code(), info(caught.value).reason) == (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "CONSUMER_TOO_SLOW",
        )
        assert len(details(caught.value, RetryInfo)) == 1
        request.after = last
        resumed = gateway.events.StreamEvents(request, timeout=30)
        assert (await anext(aiter(resumed))).event.sequence > last > 0
        resumed.cancel()


async def test_who_never_reads_again_leaves_nothing_behind(world: World) -> None:
    async with served(use_cases(world), GrpcConfig(port=0, stall=timedelta(milliseconds=200))) as gateway:
        await world.linked()
        before = len(asyncio.all_tasks())
        slow = gateway.events.StreamEvents(pb.StreamEventsRequest(after=0), timeout=60)
        await slow.initial_metadata()
        for number in range(600):
            world.whatsapp.phone_sends(BEN, ANA, f"{number} " + "x" * 20_000)

        async def gone() -> bool | None:
            return True if len(asyncio.all_tasks()) <= before + 2 else None

        await until(gone)
        slow.cancel()


async def test_a_cursor_that_expires_in_mid_stream_is_told(
    gateway: Gateway, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.linked()
    stream = gateway.events.StreamEvents(pb.StreamEventsRequest(), timeout=30)
    await stream.initial_metadata()

    async def expired(**_: object) -> None:
        check_kept(3, 7)

    monkeypatch.setattr(world.database, "scan", expired)
    world.whatsapp.phone_sends(BEN, ANA, "now")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await anext(aiter(stream))
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert (info(caught.value).reason, info(caught.value).metadata) == ("CURSOR_EXPIRED", {"oldest_cursor": "7"})


async def test_a_cursor_from_before_retention_is_refused(gateway: Gateway, world: World) -> None:
    await world.linked()
    head = await world.database.settle()
    later = datetime.now(UTC) + timedelta(days=40)
    await world.database.prune(now=later, keep=timedelta(days=30), needed_from=None, limit=1_000)
    calls = (
        gateway.events.ListEvents(pb.ListEventsRequest(after=1)),
        anext(aiter(gateway.events.StreamEvents(pb.StreamEventsRequest(after=1), timeout=5))),
    )
    for call in calls:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert info(caught.value).metadata == {"oldest_cursor": str(head)}
    assert (await gateway.events.ListEvents(pb.ListEventsRequest(after=0))).cursor == head
