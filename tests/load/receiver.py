"""A webhook receiver that takes its time."""

import asyncio
import json
from contextlib import suppress

from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.load.tally import Posts


class SlowReceiver:
    """Answers each post after a while. Once `hurry` is called it answers at once."""

    def __init__(self, port: int, pause: float, posts: Posts) -> None:
        self._port = port
        self._pause = pause
        self._posts = posts
        self._is_hurried = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self.secret = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/hook"

    async def start(self) -> None:
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def hurry(self) -> None:
        self._is_hurried.set()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        try:
            Webhook(self.secret).verify(raw, dict(request.headers))
        except WebhookVerificationError:
            self._posts.bad_signatures += 1
            return web.Response(status=401)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_hurried.wait(), self._pause)
        event = json.loads(raw)
        sequence = event["sequence"]
        if sequence in self._posts.taken:
            self._posts.repeats += 1
        else:
            self._posts.taken.add(sequence)
            self._posts.order[event.get("session_id")].append(sequence)
        return web.Response(status=204)
