"""Keeps a page's window: opens it with the build that was chosen, and again with another one where that does more."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from adapters.playwright.bridge_choice import CONNECTED, BridgeChoice
from adapters.playwright.news import NewsReader
from adapters.playwright.settings import DriverSettings
from adapters.playwright.wajs import WajsBuild
from adapters.playwright.window import Window
from domain.errors import PomboError, UnavailableError

type Item = Mapping[str, Any]

_KEPT: Final = frozenset({"messages", "receipts"})
"""What a window told while it closed; the state of a closed page is no news."""
_STAGES: Final = frozenset({"unlinked", CONNECTED})
"""Phases in which the page has loaded all that it will, so that a self-test counts."""


class WindowKeeper:
    """One window after another; their news as one stream."""

    def __init__(
        self,
        settings: DriverSettings,
        choice: BridgeChoice,
        news: NewsReader,
        open_window: Callable[[WajsBuild], Awaitable[Window]],
    ) -> None:
        self._settings = settings
        self._choice = choice
        self._news = news
        self._open_window = open_window
        self._left: deque[Item] = deque()
        self._deadline: float | None = None
        self.window: Window | None = None

    async def open(self) -> None:
        """Opens the first window.

        Raises:
            UnavailableError: ``BROWSER_MISSING``, ``BROWSER_FAILED``, ``PAGE_UNREACHABLE``, ``BRIDGE_…``.
        """
        await self._choice.choose()
        await self._open()

    async def _open(self) -> None:
        self.window = await self._open_window(self._choice.build)
        self._deadline = asyncio.get_running_loop().time() + self._settings.bridge_timeout.total_seconds()

    async def reopen(self) -> None:
        """Closes the window cleanly and opens it anew; messages that came meanwhile are told."""
        window = self._opened()
        await window.close()
        while not window.news.empty():
            item = window.news.get_nowait()
            if item is not None and item.get("t") in _KEPT:
                self._left.append(item)
        await self._open()

    async def close(self) -> None:
        """Closes the window, where there is one."""
        if self.window is not None:
            await self.window.close()

    async def next(self) -> Item | None:
        """The next news to be told; None when the page is gone.

        Raises:
            UnavailableError: ``BRIDGE_FAILED``: no build came up in the page; ``PAGE_UNREACHABLE``; what ``open`` may
                raise.
        """
        while True:
            if self._left:
                return self._left.popleft()
            item = await self._hear()
            if item is None:
                if not self._choice.spoilt():
                    return None
                await self.reopen()
            elif not await self._settles(item):
                return item

    async def _settles(self, item: Item) -> bool:
        """Whether news was about the build alone, or led to another window, in which the page tells it again."""
        match item.get("t"):
            case "absent" | "unfit" | "late":
                await self._failed(item)
                return True
            case "ready":
                self._deadline = None
            case "phase" if item.get("phase") in _STAGES and not self._unsettled(item):
                self._choice.told_version = self._news.wajs_version
                if await self._choice.judge(str(item["phase"]), self._news.capabilities):
                    await self._change()
                    return True
            case _:
                pass
        return False

    def _unsettled(self, item: Item) -> bool:
        """A login that was just made has to get to disk before anything else is done with this browser."""
        return item["phase"] == CONNECTED and self._news.fresh_link

    async def _failed(self, item: Item) -> None:
        detail = str(item.get("detail"))
        if not await self._choice.failed(detail, passing=item["t"] == "late"):
            raise UnavailableError(
                "BRIDGE_FAILED", f"The page loaded, but wa-js and the bridge didn't come up in it: {detail}."
            )
        await self._change()

    async def _change(self) -> None:
        """Reopens the page with the build that the choice has turned to; a trial that can't be held is called off."""
        try:
            await self.reopen()
        except PomboError:
            if not self._choice.spoilt():
                raise
            await self._open()

    async def _hear(self) -> Item | None:
        window = self._opened()
        try:
            async with asyncio.timeout_at(self._deadline):
                return await window.news.get()
        except TimeoutError:
            self._deadline = None
            if not await window.is_loaded():
                raise UnavailableError("PAGE_UNREACHABLE", "The page didn't load to its end in time.") from None
            seconds = self._settings.bridge_timeout.total_seconds()
            return {"t": "late", "detail": f"nothing was heard of them within {seconds:.0f} s"}

    def _opened(self) -> Window:
        if self.window is None:
            raise UnavailableError("BROWSER_FAILED", "The page isn't open.")
        return self.window
