"""`/clock`: the sandbox's clock, moved on instead of waiting."""

from typing import Final

from aiohttp import web

from sandbox.clock import ahead_ms, now_ms, set_ahead
from sandbox.control.web import answer, body_of, only
from sandbox.core import CLOCK_AHEAD, Core
from sandbox.errors import bad_request
from sandbox.frames import Json

_FARTHEST_MS: Final = 10 * 366 * 86_400_000


class ClockRoutes:
    """Shows the clock and moves it; it only ever goes forward."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the routes."""
        router.add_get("/clock", self.show)
        router.add_post("/clock", self.advance)

    async def show(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002 - a handler takes its request
        """What time it is."""
        return answer(_view())

    async def advance(self, request: web.Request) -> web.StreamResponse:
        """Move the clock forward by `advance_ms`; the phones do what is due, and the pages are told."""
        body = await body_of(request)
        only(body, "advance_ms")
        by = body.get("advance_ms")
        if not isinstance(by, int) or isinstance(by, bool) or not 0 <= by <= _FARTHEST_MS - ahead_ms():
            raise bad_request("advance_ms is a number of milliseconds, ten years at most in all")
        set_ahead(ahead_ms() + by)
        self._core.addon_store.set(CLOCK_AHEAD, ahead_ms())
        for account in self._core.accounts.all():
            self._core.phones.reconsider(account)
        for link in self._core.hub.all():
            link.connection.send_object({"t": "clock", "ahead_ms": ahead_ms()})
        return answer(_view())


def _view() -> Json:
    return {"now_ms": now_ms(), "ahead_ms": ahead_ms()}
