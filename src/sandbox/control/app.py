"""The control API's web application."""

import asyncio
from typing import Final

import orjson
from aiohttp import web

from sandbox.control.accounts import AccountRoutes
from sandbox.control.addons import AddonRoutes
from sandbox.control.calls import CallRoutes
from sandbox.control.chats import ChatRoutes
from sandbox.control.clock import ClockRoutes
from sandbox.control.faults import FaultRoutes
from sandbox.control.groups import GroupRoutes
from sandbox.control.media import MediaRoutes
from sandbox.control.messages import MessageRoutes
from sandbox.control.numbers import NumberRoutes
from sandbox.control.people import PeopleRoutes
from sandbox.control.web import guard
from sandbox.core import Core
from sandbox.pages import StaticPage

_LARGEST_BODY: Final = 32 * 1024 * 1024
"""Room for a file in base64; a larger one is put on the phone first."""
_KEEP_ALIVE_SECONDS: Final = 15.0
_POLICY: Final = {
    "Content-Security-Policy": "default-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


def control_application(core: Core, stopping: asyncio.Event) -> web.Application:
    """The control API and the phones' page; `stopping` ends its event streams."""
    application = web.Application(middlewares=[guard(core.config.control_hosts)], client_max_size=_LARGEST_BODY)
    AccountRoutes(core).add_to(application.router)
    MessageRoutes(core).add_to(application.router)
    AddonRoutes(core).add_to(application.router)
    ClockRoutes(core).add_to(application.router)
    MediaRoutes(core).add_to(application.router)
    FaultRoutes(core).add_to(application.router)
    for routes in (ChatRoutes, PeopleRoutes, CallRoutes, GroupRoutes, NumberRoutes):
        routes(core).add_to(application.router)
    page = StaticPage(core.config.phone_dir, _POLICY)

    async def events(request: web.Request) -> web.StreamResponse:
        return await _stream(core, request, stopping)

    application.router.add_get("/events", events)
    application.router.add_get("/", page.serve)
    application.router.add_get("/phone/{file}", page.serve_below)
    return application


async def _stream(core: Core, request: web.Request, stopping: asyncio.Event) -> web.StreamResponse:
    """Server-sent events: one per change, `{"kind","account",…}`; a comment every 15 s of quiet."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    await response.write(b": ready\n\n")
    stopped = asyncio.create_task(stopping.wait())
    try:
        with core.notices.watch() as queue:
            while not stopped.done():
                change = asyncio.create_task(queue.get())
                await asyncio.wait((change, stopped), timeout=_KEEP_ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if change.done():
                    await response.write(b"data: " + orjson.dumps(change.result()) + b"\n\n")
                else:
                    change.cancel()
                    await response.write(b": still here\n\n")
    except ConnectionError:  # the watcher has left
        return response
    finally:
        stopped.cancel()
    return response
