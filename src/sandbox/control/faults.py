"""Faults: put in force, listed, cleared."""

from typing import Final

from aiohttp import web

from sandbox.addresses import parse_phone
from sandbox.control.web import answer, body_of
from sandbox.core import Core
from sandbox.faults import INSTANT, Fault, FaultKind
from sandbox.frames import Json

_ORDERS: Final = {FaultKind.HANG_PAGE: "hang", FaultKind.NAVIGATE_PAGE: "navigate"}
"""Frames that tell a page to misbehave."""


class FaultRoutes:
    """`/faults`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the routes."""
        router.add_post("/faults", self.inject)
        router.add_get("/faults", self.list)
        router.add_delete("/faults", self.clear)

    async def inject(self, request: web.Request) -> web.StreamResponse:
        """Do what a fault does at once, and keep it in force if it lasts."""
        body = await body_of(request)
        account = None
        if body.get("account") is not None:
            account = self._core.accounts.get(parse_phone(body["account"])).phone
        fault = self._core.faults.parse(body, account)
        affected = self._strike(fault)
        if _lasts(fault):
            self._core.faults.add(fault)
        return answer({**_view(fault), "affected": affected}, 201)

    async def list(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002 - a handler takes its request
        """The faults in force."""
        return answer({"faults": [_view(fault) for fault in self._core.faults.active()]})

    async def clear(self, request: web.Request) -> web.StreamResponse:
        """End all faults, or those of `?kind=`."""
        return answer({"cleared": self._core.faults.clear(request.query.get("kind"))})

    def _strike(self, fault: Fault) -> int:
        """The immediate effect; answers how many connections it met."""
        hub = self._core.hub
        if fault.kind is FaultKind.END_REFS:
            return self._core.linking.end_all_refs()
        met = [link for link in hub.all() if fault.concerns(link.device.phone, link.device.number)]
        order = _ORDERS.get(fault.kind)
        if order is not None:
            for link in met:
                link.connection.send_object({"t": order, "ms": fault.ms})
            return len(met)
        match fault.kind:
            case FaultKind.DROP_SOCKET:
                for link in met:
                    link.connection.drop()
            case FaultKind.CONFLICT:
                for link in met:
                    hub.conflict(link.device)
            case FaultKind.BAN:
                for link in met:
                    hub.expel(link.device, 403, "the account is banned")
            case _:
                return 0
        return len(met)


def _lasts(fault: Fault) -> bool:
    if fault.kind is FaultKind.DROP_SOCKET:
        return fault.until_ms is not None
    return fault.kind not in INSTANT


def _view(fault: Fault) -> Json:
    details = {"device": fault.device, "ms": fault.ms, "count": fault.count, "limit": fault.limit}
    return {
        "id": fault.id,
        "kind": fault.kind.value,
        "account": fault.account,
        "until_ms": fault.until_ms,
        **{name: value for name, value in details.items() if value is not None},
    }
