"""What every watchdog does. Fixtures: ``watchdog``; ``browsers``, which starts browsers and tells whether they live."""

import asyncio
from datetime import timedelta
from typing import Protocol

from adapters.system.system_clock import SystemClock
from application.ports.watchdog import Watchdog
from domain.ids import SessionId
from tests.contracts.samples import SALES, SUPPORT

_CLOCK = SystemClock()
_SOON = timedelta(milliseconds=200)
_LONG = timedelta(minutes=5)


class Browsers(Protocol):
    async def start(self, session_id: SessionId) -> None: ...

    def alive(self, session_id: SessionId) -> bool: ...


def from_now(span: timedelta) -> timedelta:
    return _CLOCK.elapsed() + span


async def dead(browsers: Browsers, session_id: SessionId) -> None:
    async with asyncio.timeout(10):
        while browsers.alive(session_id):  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.005)


class WatchdogContract:
    async def test_a_browser_lives_until_its_deadline(self, watchdog: Watchdog, browsers: Browsers) -> None:
        await browsers.start(SALES)
        await browsers.start(SUPPORT)
        deadline = from_now(_SOON)
        await watchdog.allow({SALES: deadline, SUPPORT: from_now(_LONG)})
        await dead(browsers, SALES)
        assert _CLOCK.elapsed() >= deadline
        assert browsers.alive(SUPPORT)

    async def test_a_deadline_that_is_put_off_isnt_kept(self, watchdog: Watchdog, browsers: Browsers) -> None:
        await browsers.start(SALES)
        await browsers.start(SUPPORT)
        await watchdog.allow({SALES: from_now(_SOON), SUPPORT: from_now(_SOON * 2)})
        await watchdog.allow({SALES: from_now(_LONG)})
        await dead(browsers, SUPPORT)
        assert browsers.alive(SALES)

    async def test_a_time_that_has_passed_kills_at_once_and_what_comes_later(
        self, watchdog: Watchdog, browsers: Browsers
    ) -> None:
        await watchdog.allow({SALES: from_now(_LONG)})
        await browsers.start(SALES)
        await watchdog.allow({SALES: timedelta(0)})
        await dead(browsers, SALES)
        await browsers.start(SALES)
        await dead(browsers, SALES)
        await watchdog.allow({SALES: from_now(_LONG), SUPPORT: timedelta(0)})
        await browsers.start(SALES)
        await browsers.start(SUPPORT)
        await dead(browsers, SUPPORT)
        assert browsers.alive(SALES)

    async def test_what_is_dismissed_is_left_alone(self, watchdog: Watchdog, browsers: Browsers) -> None:
        await watchdog.allow({SALES: from_now(_SOON), SUPPORT: from_now(_SOON)})
        await watchdog.dismiss([SALES])
        await browsers.start(SALES)
        await browsers.start(SUPPORT)
        await dead(browsers, SUPPORT)
        assert browsers.alive(SALES)
