"""Ending a browser: cleanly where it does so in time, and for certain."""

import asyncio
import contextlib
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog
from playwright.async_api import BrowserContext, Error

from adapters.playwright import processes

_LOG: Final = structlog.get_logger(__name__)
_PAGE_CLOSE_SECONDS: Final = 2.0
"""For how long a page is waited for before its browser is closed all the same."""
_LEAST_SECONDS: Final = 1.0
"""For how long its processes are waited for at least."""


async def end(context: BrowserContext | None, user_data_dir: Path, pid: int | None, within: timedelta) -> None:
    """Closes a browser so that its profile is written out; kills what is left on the profile after ``within``.

    ``context`` is None, and so is ``pid``, its main process, where it never answered: then nothing of worth is written,
    and it gets a second.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + within.total_seconds()
    tree = processes.tree(pid) if pid is not None else ()
    if context is not None:
        # A browser that is gone or hangs is ended below.
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout_at(deadline):
                await _close_pages(context)
                await context.close()
    # One with windows ends by itself with its last page: closing it returns at once, while it still writes.
    left = _LEAST_SECONDS if context is None else max(deadline - clock(), _LEAST_SECONDS)
    if not await processes.gone(user_data_dir, left):
        _LOG.warning("browser_killed", pid=pid)
        processes.kill(tree)
        processes.kill(processes.browser_pids(user_data_dir))
        await processes.gone(user_data_dir, within.total_seconds())


async def _close_pages(context: BrowserContext) -> None:
    """Closes the pages first: Chromium writes their local storage then, which at its own end it may fail to do."""
    with contextlib.suppress(Error, TimeoutError):
        async with asyncio.timeout(_PAGE_CLOSE_SECONDS):
            for page in context.pages:
                await page.close()
