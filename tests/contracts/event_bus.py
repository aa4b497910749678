"""What every event bus does. Fixtures: ``bus``, and ``queue_length``, how much a slow reader may lag."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from application.ports.event_bus import EventBus


async def take(signals: AsyncIterator[str]) -> str:
    async with asyncio.timeout(5):
        return await anext(signals)


async def nothing_comes(signals: AsyncIterator[str]) -> bool:
    try:
        async with asyncio.timeout(0.05):
            await anext(signals)
    except TimeoutError:
        return True
    return False


class EventBusContract:
    async def test_every_subscriber_of_the_topic_gets_each_payload_in_order(self, bus: EventBus) -> None:
        async with bus.subscribe("a") as first, bus.subscribe("a") as second, bus.subscribe("b") as other:
            for payload in ("1", "", "two · ü"):
                await bus.publish("a", payload)
            for subscriber in (first, second):
                assert [await take(subscriber) for _ in range(3)] == ["1", "", "two · ü"]
            assert await nothing_comes(other)

    async def test_in_this_process_it_comes_at_once_and_once(self, bus: EventBus) -> None:
        async with bus.subscribe("a") as signals:
            await bus.publish("a", "x")
            async with asyncio.timeout(0.5):
                assert await anext(signals) == "x"
            assert await nothing_comes(signals)

    async def test_publishing_to_nobody_is_fine(self, bus: EventBus) -> None:
        await bus.publish("nobody", "x")
        async with bus.subscribe("nobody") as signals:
            assert await nothing_comes(signals)

    async def test_a_wait_that_was_cancelled_loses_nothing(self, bus: EventBus) -> None:
        async with bus.subscribe("a") as signals:
            assert await nothing_comes(signals)
            await bus.publish("a", "x")
            assert await take(signals) == "x"

    async def test_a_slow_reader_misses_the_oldest(self, bus: EventBus, queue_length: int) -> None:
        async with bus.subscribe("a") as signals:
            for n in range(queue_length + 3):
                await bus.publish("a", str(n))
            assert [await take(signals) for _ in range(queue_length)] == [str(n + 3) for n in range(queue_length)]
            assert await nothing_comes(signals)

    async def test_subscribers_come_and_go(self, bus: EventBus) -> None:
        async with bus.subscribe("a") as stays:
            with pytest.raises(ZeroDivisionError):
                async with bus.subscribe("a"):
                    raise ZeroDivisionError
            await bus.publish("a", "x")
            assert await take(stays) == "x"
        async with bus.subscribe("a") as again:
            await bus.publish("a", "y")
            assert await take(again) == "y"
