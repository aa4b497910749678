"""What is logged, and when: a caller may have its answer before the line about it is written."""

import asyncio
from collections.abc import MutableMapping, Sequence
from typing import Any


async def until_logged(lines: Sequence[MutableMapping[str, Any]], event: str) -> None:
    """Waits until ``structlog.testing.capture_logs`` has caught a line of this event."""
    async with asyncio.timeout(10):
        while not any(line["event"] == event for line in lines):  # noqa: ASYNC110 - a log tells nobody
            await asyncio.sleep(0.01)
