"""The page is held to its site: whoever got a say in it gets nowhere else, and is asked nothing of."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from playwright.async_api import CDPSession, Error, Page

_LOG: Final = structlog.get_logger(__name__)
_PORTS: Final = {"http": 80, "https": 443}


class Confinement:
    """Watches one browser with one page.

    Names are held to the site's by the command line (``flags.launch_arguments``). What that leaves open: other ports
    and other hosts of the site's, to which the page itself mustn't go.
    """

    def __init__(self, page: Page, cdp: CDPSession, origin: str) -> None:
        self._page = page
        self._cdp = cdp
        self._origin = origin
        self._main: str | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self) -> None:
        """From now on.

        Raises:
            Error: the browser is gone.
        """
        context = self._page.context
        # An empty list of what is granted: everything else is denied, and nobody is asked.
        await context.grant_permissions([])
        context.on("page", self._opened)
        for other in context.pages:
            self._opened(other)
        tree = await self._cdp.send("Page.getFrameTree")
        self._main = tree["frameTree"]["frame"]["id"]
        self._cdp.on("Fetch.requestPaused", self._asked)
        # Documents alone: nothing else waits for us.
        await self._cdp.send("Fetch.enable", {"patterns": [{"urlPattern": "*", "resourceType": "Document"}]})

    def _opened(self, page: Page) -> None:
        if page is not self._page:
            _LOG.warning("page_window_closed")
            self._do(self._close(page))

    async def _close(self, page: Page) -> None:
        with suppress(Error):
            await page.close()

    def _asked(self, event: Mapping[str, Any]) -> None:
        self._do(self._decide(event))

    async def _decide(self, event: Mapping[str, Any]) -> None:
        request = {"requestId": event["requestId"]}
        # Who is gone meanwhile needs no answer.
        with suppress(Error):
            # Frames of the page's are its own affair; they reach the site's hosts alone.
            if event.get("frameId") != self._main or origin_of(event["request"]["url"]) == self._origin:
                await self._cdp.send("Fetch.continueRequest", request)
            else:
                # As if it hadn't been asked for: the document that is there stays.
                await self._cdp.send("Fetch.failRequest", {**request, "errorReason": "Aborted"})
                _LOG.warning("page_navigation_refused")

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="page-confinement")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self) -> None:
        """Lets go of what is still being done."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def origin_of(url: str) -> str | None:
    """An address's origin as a page's own ``location.origin`` tells it; None where it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{'' if port in {None, _PORTS[parts.scheme]} else f':{port}'}"
