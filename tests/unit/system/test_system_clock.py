"""The machine's clock."""

from datetime import UTC, datetime, timedelta

from adapters.system.system_clock import SystemClock


async def test_it_tells_utc_and_waits() -> None:
    clock = SystemClock()
    before = datetime.now(UTC)
    await clock.sleep(timedelta(milliseconds=20))
    await clock.sleep(timedelta(seconds=-1))
    assert clock.now() - before >= timedelta(milliseconds=20)
    assert clock.now().tzinfo is UTC
