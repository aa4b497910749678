"""Blocking work beside the event loop."""

import asyncio
from collections.abc import Callable


async def in_thread[**P, T](work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Does short blocking work in a thread, and returns, or is cancelled, only when it has ended.

    What it works with may be closed afterwards: no thread still has its hands on it.
    """
    running = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            try:
                await asyncio.wait({running})
            except asyncio.CancelledError:
                continue
        if not running.cancelled():
            running.exception()
        raise
