"""Calls, as phones make and end them."""

from aiohttp import web

from sandbox.addresses import user_jid
from sandbox.calls import RINGING_SECONDS, Call
from sandbox.control.accounts import account_of, online_account_of
from sandbox.control.web import answer, body_of, only
from sandbox.core import Core
from sandbox.errors import bad_request
from sandbox.frames import Json
from sandbox.people import address_given


class CallRoutes:
    """`/accounts/{phone}/call`, `call/end`, `call/accept` and `calls`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the routes."""
        router.add_post("/accounts/{phone}/call", self.offer)
        router.add_post("/accounts/{phone}/call/end", self.end)
        router.add_post("/accounts/{phone}/call/accept", self.accept)
        router.add_get("/accounts/{phone}/calls", self.list)

    async def offer(self, request: web.Request) -> web.StreamResponse:
        """The phone calls somebody."""
        account = online_account_of(self._core, request)
        body = await body_of(request)
        only(body, "to", "video", "ring_ms")
        video, ring_ms = body.get("video", False), body.get("ring_ms", RINGING_SECONDS * 1000)
        if not isinstance(video, bool):
            raise bad_request("video is true or false")
        if (
            not isinstance(ring_ms, int | float)
            or isinstance(ring_ms, bool)
            or not 0 < ring_ms <= RINGING_SECONDS * 1000
        ):
            raise bad_request(f"ring_ms is at most {RINGING_SECONDS * 1000:.0f}")
        to = address_given(body.get("to"))
        call = self._core.calls.offer(account, to, video=video, ring_seconds=ring_ms / 1000)
        return answer(_view(call), 201)

    async def end(self, request: web.Request) -> web.StreamResponse:
        """Hang up."""
        account = online_account_of(self._core, request)
        body = await body_of(request)
        only(body, "id")
        return answer(_view(self._core.calls.end(account, body.get("id"))))

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """Take a call on the phone."""
        account = online_account_of(self._core, request)
        body = await body_of(request)
        only(body, "id")
        return answer(_view(self._core.calls.accept(account, body.get("id"))))

    async def list(self, request: web.Request) -> web.StreamResponse:
        """The calls that the phone knows, oldest first."""
        account = account_of(self._core, request)
        return answer({"calls": [_view(call) for call in self._core.calls.of(account)]})


def _view(call: Call) -> Json:
    return {
        "id": call.id,
        "from": user_jid(call.caller),
        "to": user_jid(call.called),
        "video": call.video,
        "offered_ms": call.offered_ms,
        "state": call.state.value,
        "by_device": call.by_device,
    }
