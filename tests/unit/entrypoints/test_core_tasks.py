"""A core task that ends takes the gateway with it, and says so."""

import asyncio

import pytest

from domain.errors import InternalError
from entrypoints.runtime.core_tasks import CoreTasks


async def forever() -> None:
    await asyncio.Event().wait()


async def breaks() -> None:
    raise RuntimeError("the disk is full")


async def breaks_in_a_group() -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(breaks())


async def test_a_stop_is_no_failure() -> None:
    stop = asyncio.Event()
    stop.set()
    async with CoreTasks.running({"feed": forever()}) as tasks:
        await tasks.until(stop)


@pytest.mark.parametrize(("work", "why"), [(breaks, "the disk is full"), (breaks_in_a_group, "the disk is full")])
async def test_a_task_that_fails_is_named(work: object, why: str) -> None:
    assert callable(work)
    async with CoreTasks.running({"feed": forever(), "supervisor": work()}) as tasks:
        with pytest.raises(InternalError, match=rf"supervisor.*{why}") as caught:
            await tasks.until(asyncio.Event())
    assert caught.value.reason == "CORE_TASK_ENDED"


async def test_the_others_are_cancelled_and_awaited() -> None:
    ended = asyncio.Event()

    async def tidy() -> None:
        try:
            await forever()
        finally:
            await asyncio.sleep(0)
            ended.set()

    async with CoreTasks.running({"feed": tidy()}):
        await asyncio.sleep(0)
    assert ended.is_set()
