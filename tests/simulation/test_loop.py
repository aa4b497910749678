"""The loop in virtual time."""

import asyncio
from contextvars import copy_context

import pytest

from tests.simulation.loop import OWNER, StuckError, VirtualLoop


class Process:
    alive = True
    stopped = False


def run(work, step_limit=1_000):
    loop = VirtualLoop(lambda: None, step_limit=step_limit)
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(work), loop
    finally:
        asyncio.set_event_loop(None)
        loop.dispose()


async def test_hours_pass_at_once() -> None:
    async def sleeper() -> float:
        await asyncio.sleep(7_200)
        return asyncio.get_running_loop().time()

    # Another loop can't run inside the one of this test.
    moment, _ = await asyncio.to_thread(run, sleeper())
    assert moment == 7_200


def test_timers_fire_in_their_order_and_timeouts_work() -> None:
    order: list[str] = []

    async def after(seconds: float, name: str) -> None:
        await asyncio.sleep(seconds)
        order.append(name)

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(after(3, "c"))
            tasks.create_task(after(1, "a"))
            tasks.create_task(after(2, "b"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.Event().wait()

    _, loop = run(main())
    assert order == ["a", "b", "c"]
    assert loop.time() == 8


def test_who_waits_for_nothing_is_stuck() -> None:
    async def waiter() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(StuckError):
        run(waiter())


def test_what_never_ends_is_stuck() -> None:
    async def spinner() -> None:
        while True:
            await asyncio.sleep(0)

    with pytest.raises(StuckError):
        run(spinner())


def test_a_dead_process_has_no_effect_any_more() -> None:
    process, done = Process(), []

    async def work() -> None:
        try:
            await asyncio.sleep(1)
            done.append("before")
            await asyncio.sleep(2)
            done.append("after")
        finally:
            done.append("cleaned up")

    async def main() -> None:
        context = copy_context()
        context.run(OWNER.set, process)
        task = asyncio.get_running_loop().create_task(work(), context=context)
        await asyncio.sleep(2)
        process.alive = False
        await asyncio.sleep(10)
        assert not task.done()
        assert done == ["before"]

    run(main())


def test_tasks_have_the_same_hashes_in_each_run() -> None:
    async def hashes() -> list[int]:
        return [hash(asyncio.get_running_loop().create_future()), hash(asyncio.current_task())]

    assert run(hashes())[0] == run(hashes())[0]
