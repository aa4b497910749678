"""Readers whose connections are cut at random places while events go on coming miss nothing and see nothing twice."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import aiohttp
import pytest

from tests.unit.rest.gateway import ANA, BEN, Gateway

EVENTS = "/api/v1/events"
MANY = 400

type Reader = Callable[[aiohttp.ClientSession, int, random.Random], AsyncIterator[dict[str, Any]]]


async def by_list(http: aiohttp.ClientSession, after: int, chance: random.Random) -> AsyncIterator[dict[str, Any]]:
    size = chance.randint(1, 60)
    async with http.get(f"{EVENTS}?after={after}&page_size={size}") as answer:
        for event in (await answer.json())["items"]:
            yield event


async def by_sse(http: aiohttp.ClientSession, after: int, chance: random.Random) -> AsyncIterator[dict[str, Any]]:
    """Leaves after some bytes, in the middle of an event as a rule."""
    headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
    async with http.get(EVENTS, headers=headers) as answer:
        data = b""
        while len(data) < 30_000:
            piece = await answer.content.read(chance.randint(1, 9_000))
            *blocks, data = (data + piece).split(b"\n\n")
            for block in blocks:
                fields = dict(line.split(b": ", 1) for line in block.split(b"\n"))
                if b"id" in fields:
                    yield json.loads(fields[b"data"])
            if chance.random() < 0.2:
                return


async def by_websocket(http: aiohttp.ClientSession, after: int, chance: random.Random) -> AsyncIterator[dict[str, Any]]:
    """Leaves without a word."""
    async with http.ws_connect(f"{EVENTS}/ws?after={after}") as socket:
        for _ in range(chance.randint(1, 60)):
            try:
                frame = await socket.receive_json(timeout=0.5)
            except TimeoutError:
                return  # there is no more for now
            if "sequence" in frame:
                yield frame
        assert socket._response.connection is not None
        assert socket._response.connection.transport is not None
        socket._response.connection.transport.abort()


@pytest.mark.parametrize("reader", [by_list, by_sse, by_websocket])
async def test_cut_at_random_places(gateway: Gateway, http: aiohttp.ClientSession, reader: Reader) -> None:
    await gateway.link()
    chance = random.Random(7)  # noqa: S311 - a schedule, not a secret
    got: list[dict[str, Any]] = []

    async def write() -> None:
        for number in range(MANY):
            gateway.whatsapp.phone_sends(BEN, ANA, str(number))
            if number % 10 == 0:
                await asyncio.sleep(0.005)

    async def read() -> None:
        while sum(event["type"] == "message.received" for event in got) < MANY:
            after = got[-1]["sequence"] if got else 0
            async with aclosing(reader(http, after, chance)) as events:  # type: ignore[type-var]
                got.extend([event async for event in events])

    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        tasks.create_task(read())
    assert [event["sequence"] for event in got] == list(range(1, len(got) + 1))
    bodies = [event["payload"]["message"]["text"]["body"] for event in got if event["type"] == "message.received"]
    assert bodies == [str(number) for number in range(MANY)]
    async with http.get(f"{EVENTS}?page_size=1000") as answer:
        assert (await answer.json())["items"][: len(got)] == got
