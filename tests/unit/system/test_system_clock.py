"""The machine's clock keeps the contract of its port."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.system.system_clock import SystemClock
from tests.contracts.clock import ClockContract


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


class TestSystemClock(ClockContract):
    async def test_it_is_the_machine_s_time(self, clock: SystemClock) -> None:
        before = datetime.now(UTC)
        assert before <= clock.now() < before + timedelta(minutes=1)
