"""A webhook receiver that fails as often as not, and remembers what it got."""

# ruff: noqa: S311 - chance here is to be repeatable, nothing more

import asyncio
import json
import random
from typing import Final

from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.chaos.ledger import Ledger, Posted

_TROUBLES: Final = (("none", 78), ("500", 7), ("hang", 3), ("drop before", 4), ("drop after", 5), ("slow", 3))
_HANG_SECONDS: Final = 2.0


class Receiver:
    """Listens on a port of loopback. Its troubles end with `is_well`."""

    def __init__(self, seed: int, port: int, ledger: Ledger) -> None:
        self._dice = random.Random(seed)
        self._port = port
        self._ledger = ledger
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self.secret = ""
        self.is_well = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/hook"

    async def start(self) -> None:
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await self.up()

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def up(self) -> None:
        if self._site is None:
            assert self._runner is not None
            self._site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
            await self._site.start()

    async def down(self) -> None:
        if self._site is not None:
            site, self._site = self._site, None
            await site.stop()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        names, weights = zip(*_TROUBLES, strict=True)
        # Open connections outlive the port that they came by.
        down = self._site is None
        trouble = "drop before" if down else "none" if self.is_well else self._dice.choices(names, weights)[0]
        posted = self._note(request, raw)
        if trouble == "500":
            return web.Response(status=500)
        if trouble in {"hang", "slow"}:
            await asyncio.sleep(_HANG_SECONDS)
        if trouble in {"hang", "drop before"}:
            _drop(request)
        else:
            if posted is not None:
                posted.taken += 1
            if trouble == "drop after":
                _drop(request)
        return web.Response(status=204)

    def _note(self, request: web.Request, raw: bytes) -> Posted | None:
        try:
            Webhook(self.secret).verify(raw, dict(request.headers))
        except WebhookVerificationError:
            self._ledger.bad_signatures += 1
            return None
        event = json.loads(raw)
        event_id = request.headers["webhook-id"]
        posted = self._ledger.posted.setdefault(event_id, Posted(event.get("session_id"), event["sequence"]))
        posted.bodies.add(raw)
        posted.times += 1
        self._ledger.webhook_order[posted.session].append(posted.sequence)
        return posted


def _drop(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
