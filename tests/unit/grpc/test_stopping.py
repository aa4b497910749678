import asyncio
from collections.abc import AsyncGenerator

import pytest

from domain.errors import UnavailableError
from entrypoints.grpc.stopping import Stopping


class Source:
    """A stream that gives what is put in, and notes in which task it was closed."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[int] = asyncio.Queue()
        self.closed_by: asyncio.Task[object] | None = None

    async def items(self) -> AsyncGenerator[int]:
        try:
            while (item := await self.queue.get()) >= 0:
                yield item
        finally:
            self.closed_by = asyncio.current_task()


async def test_a_stream_passes_until_its_source_ends() -> None:
    source = Source()
    for item in (1, 2, -1):
        source.queue.put_nowait(item)
    assert [item async for item in Stopping().follow(source.items())] == [1, 2]


async def test_a_stop_ends_the_waiting_and_closes_the_source_in_its_readers_task() -> None:
    stopping, source, seen = Stopping(), Source(), asyncio.Event()

    async def read() -> None:
        async for _ in stopping.follow(source.items()):
            seen.set()

    source.queue.put_nowait(1)
    reader = asyncio.create_task(read())
    await seen.wait()
    stopping.begin()
    with pytest.raises(UnavailableError) as caught:
        await reader
    assert caught.value.reason == "SERVER_STOPPING"
    assert caught.value.retry_after is not None
    assert source.closed_by is reader


async def test_what_begins_after_the_stop_ends_at_once() -> None:
    stopping, source = Stopping(), Source()
    source.queue.put_nowait(1)
    stopping.begin()
    with pytest.raises(UnavailableError, match="stopping"):
        await anext(stopping.follow(source.items()))


async def test_a_reader_who_leaves_closes_the_source() -> None:
    stopping, source = Stopping(), Source()
    source.queue.put_nowait(1)
    following = stopping.follow(source.items())
    assert await anext(following) == 1
    await following.aclose()
    assert source.closed_by is asyncio.current_task()


async def test_a_timeout_of_anothers_stays_one() -> None:
    with pytest.raises(TimeoutError):
        async with Stopping().interrupting(), asyncio.timeout(0.001):
            await asyncio.Event().wait()


async def test_cancelling_a_reader_cancels_it() -> None:
    stopping = Stopping()

    async def read() -> None:
        async with stopping.interrupting():
            await asyncio.Event().wait()

    reader = asyncio.create_task(read())
    await asyncio.sleep(0)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    stopping.begin()
