"""What every clock does. Fixture: ``clock``."""

import asyncio
from datetime import UTC, timedelta

import pytest

from application.ports.clock import Clock


class ClockContract:
    async def test_it_tells_utc(self, clock: Clock) -> None:
        assert clock.now().tzinfo is UTC

    async def test_a_pause_takes_its_time(self, clock: Clock) -> None:
        began, before = clock.elapsed(), clock.now()
        await clock.sleep(timedelta(milliseconds=20))
        # The loop's own timers are a little early now and then.
        assert clock.elapsed() - began >= timedelta(milliseconds=19)
        assert clock.now() > before

    async def test_what_has_elapsed_never_goes_back(self, clock: Clock) -> None:
        told = [clock.elapsed() for _ in range(1_000)]
        assert told == sorted(told)

    async def test_others_go_on_while_one_waits(self, clock: Clock) -> None:
        order: list[str] = []

        async def wait(name: str, milliseconds: int) -> None:
            await clock.sleep(timedelta(milliseconds=milliseconds))
            order.append(name)

        async with asyncio.timeout(10):
            await asyncio.gather(wait("later", 60), wait("soon", 5))
        assert order == ["soon", "later"]

    async def test_no_time_and_less_is_over_at_once(self, clock: Clock) -> None:
        async with asyncio.timeout(10):
            for span in (timedelta(0), timedelta(days=-1)):
                await clock.sleep(span)

    async def test_a_pause_can_be_broken_off(self, clock: Clock) -> None:
        waiting = asyncio.ensure_future(clock.sleep(timedelta(days=1)))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
