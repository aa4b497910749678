"""The machine's clock."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import override

from application.ports.clock import Clock


class SystemClock(Clock):
    """Tells the machine's time and waits on the event loop."""

    @override
    def now(self) -> datetime:
        return datetime.now(UTC)

    @override
    def elapsed(self) -> timedelta:
        return timedelta(seconds=time.clock_gettime(time.CLOCK_BOOTTIME))

    @override
    async def sleep(self, span: timedelta) -> None:
        await asyncio.sleep(max(span.total_seconds(), 0))
