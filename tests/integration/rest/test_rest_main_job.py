"""The main job by a client over a socket: link, send, receive; and the stream of what happened."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from domain.errors import UnavailableError
from entrypoints.rest.server import RestServer
from tests.integration.rest.streams import Sent, blocks, events
from tests.unit.rest.gateway import ANA, BEN, Gateway

EVENTS = "/api/v1/events"
STREAM = {"Accept": "text/event-stream"}


async def post(http: aiohttp.ClientSession, path: str, body: Any = None) -> dict[str, Any]:
    async with http.post(path, json=body) as answer:
        assert answer.ok, await answer.text()
        shown: dict[str, Any] = await answer.json()
        return shown


async def test_the_main_job(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    await post(http, "/api/v1/sessions", {"id": "ana"})
    async with asyncio.timeout(15), http.get(f"{EVENTS}?after=0&session_id=ana", headers=STREAM) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert stream.headers["Cache-Control"] == "no-store"
        seen: list[Sent] = []
        coming = events(stream)
        async for event in coming:
            seen.append(event)
            if event.event == "session.qr":
                async with http.get("/api/v1/sessions/ana/qr") as answer:
                    gateway.whatsapp.scan(ANA, (await answer.json())["qr"])
            if event.data["payload"].get("status") == "WORKING":
                break
        sent = await post(
            http, "/api/v1/messages/send", {"session_id": "ana", "to": BEN, "type": "text", "text": {"body": "ping"}}
        )
        gateway.whatsapp.phone_reads(BEN, ANA)
        gateway.whatsapp.phone_sends(BEN, ANA, "pong")
        async for event in coming:
            seen.append(event)
            if event.event == "message.received":
                break
    assert seen[-1].data["payload"]["message"]["text"]["body"] == "pong"
    of_sent = [event.event for event in seen if sent["id"] in str(event.data)]
    assert of_sent[:2] == ["message.queued", "message.sent"]
    assert "message.ack" in of_sent
    # The stream, the list and the ids say the same, and nothing is missing or twice.
    async with http.get(f"{EVENTS}?page_size=1000") as answer:
        listed = (await answer.json())["items"]
    assert [event.data for event in seen] == listed[: len(seen)]
    assert [event.id for event in seen] == [str(number) for number in range(1, len(seen) + 1)]
    assert [event.event for event in seen] == [event["type"] for event in listed[: len(seen)]]


async def test_a_stream_goes_on_behind_the_last_event(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    await gateway.link()
    head = await gateway.event_head()
    # The header, which browsers send when they come back, wins over the address they came by first.
    async with http.get(f"{EVENTS}?after=0", headers=STREAM | {"Last-Event-ID": str(head - 1)}) as stream:
        async for event in events(stream):
            assert event.id == str(head)
            break


async def test_a_stream_without_a_cursor_begins_now(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    await gateway.link()
    head = await gateway.event_head()
    async with http.get(f"{EVENTS}?types=message.received", headers=STREAM) as stream:
        gateway.whatsapp.phone_sends(BEN, ANA, "now")
        async for event in events(stream):
            assert int(event.id) > head
            assert event.event == "message.received"
            break


async def test_a_stream_begins_at_once_and_shows_that_it_lives(http: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(5), http.get(EVENTS, headers=STREAM) as stream:
        coming = blocks(stream)
        assert await anext(coming) == ["retry: 1000", ": open"]
        assert await anext(coming) == [": keep-alive"]
        assert await anext(coming) == [": keep-alive"]


async def test_a_stop_ends_the_streams(server: RestServer, http: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(5), http.get(EVENTS, headers=STREAM) as stream:
        coming = blocks(stream)
        await anext(coming)
        stopping = asyncio.create_task(server.stop())
        # It ends in order: a broken connection would raise here.
        assert [block async for block in coming if block != [": keep-alive"]] == []
        await stopping


async def test_a_reader_that_leaves_leaves_nothing_behind(http: aiohttp.ClientSession) -> None:
    before = _streams()
    for _ in range(3):
        async with http.get(EVENTS, headers=STREAM) as stream:
            await anext(blocks(stream))
            assert _streams() > before
    async with asyncio.timeout(5):
        while _streams() > before:  # noqa: ASYNC110 - tasks end without telling
            await asyncio.sleep(0.01)


def _streams() -> int:
    return sum("EventStreamResponse" in str(task.get_coro()) for task in asyncio.all_tasks())


async def test_a_log_that_fails_ends_the_stream_in_order(
    gateway: Gateway, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gateway.link()

    async def away(**_: object) -> None:
        raise UnavailableError("DATABASE_UNAVAILABLE", "The database doesn't answer.")

    async with asyncio.timeout(5), http.get(EVENTS, headers=STREAM) as stream:
        coming = blocks(stream)
        await anext(coming)
        monkeypatch.setattr(gateway.database, "scan", away)
        gateway.whatsapp.phone_sends(BEN, ANA, "now")
        [[name, data]] = [block async for block in coming if block != [": keep-alive"]]
        assert name == "event: stream.error"
        assert json.loads(data.removeprefix("data: "))["reason"] == "DATABASE_UNAVAILABLE"


async def test_many_events_to_a_slow_reader(gateway: Gateway, http: aiohttp.ClientSession) -> None:
    await gateway.link()
    for number in range(2_000):
        gateway.whatsapp.phone_sends(BEN, ANA, f"{number} " + "x" * 500)
    got: list[str] = []
    async with asyncio.timeout(20), http.get(f"{EVENTS}?after=0&types=message.received", headers=STREAM) as stream:
        async for event in events(stream):
            if event.event == "stream.lag":
                continue
            got.append(event.data["payload"]["message"]["text"]["body"].split(" ")[0])
            if len(got) == 2_000:
                break
    assert got == [str(number) for number in range(2_000)]
