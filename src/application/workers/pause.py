"""A pause that can be cut short."""

import asyncio
from datetime import timedelta

from application.ports.clock import Clock


async def pause_until(event: asyncio.Event, span: timedelta, clock: Clock) -> None:
    """Waits for an event, or for a time, whichever is over first. The event stays set."""
    pausing = asyncio.create_task(clock.sleep(span))
    called = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({pausing, called}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        pausing.cancel()
        called.cancel()
