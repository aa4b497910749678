"""Every route asks the policy before it does anything."""

from collections.abc import Collection
from http import HTTPStatus
from typing import Final

from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from application.access.policy import OPEN, POLICY
from application.access.principal import Principal
from application.audit.audited import AUDITED
from application.audit.call import AuditedCall
from application.audit.trail import OpenCall
from domain.audit import CANCELED, OK, AuditTransport
from domain.errors import PermissionDeniedError, PomboError
from entrypoints.caller import ADDRESS, CALLER
from entrypoints.caller_address import caller_site
from entrypoints.rest.problem import REASON, REQUEST_ID, Problem
from entrypoints.use_cases import UseCases


class UnguardedRouteError(TypeError):
    """A route has no rule in the policy: nothing is served that nobody has thought about."""


def guard_routes(routes: list[BaseRoute], use_cases: UseCases, opened: Collection[str] = ()) -> None:
    """Puts each route's rule before it, and the audit log; ``opened`` are the paths that are open to everybody.

    Raises:
        UnguardedRouteError: a route has none.
    """
    for route in routes:
        name = operation_of(route)
        if name in OPEN or getattr(route, "path", None) in opened:
            continue
        if not isinstance(route, Route | WebSocketRoute) or name not in POLICY or name not in AUDITED:
            raise UnguardedRouteError(f"{name!r} has no rule in application.access.policy, or no row in AUDITED")
        route.app = _Guarded(route.app, name, use_cases)


def operation_of(route: BaseRoute) -> str:
    """What the policy calls a route: its operation's id, or its name where it isn't documented."""
    return str(getattr(route, "operation_id", None) or getattr(route, "name", route))


class _Guarded:
    def __init__(self, app: ASGIApp, operation: str, use_cases: UseCases) -> None:
        self._app: Final = app
        self._operation: Final = operation
        self._use_cases: Final = use_cases

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = call_of(scope, self._operation, CALLER.get())
        trail = self._use_cases.audit.trail
        try:
            POLICY[self._operation].check(CALLER.get())
            opened = await trail.begin(call)
        except PomboError as error:
            # Before the body is read, and before a WebSocket is upgraded.
            if isinstance(error, PermissionDeniedError):
                trail.refused(call, error.reason, site=caller_site(call.address))
            await Problem.of(error).response(scope)(scope, receive, send)
        else:
            await (self._app(scope, receive, send) if opened is None else self._audited(opened, scope, receive, send))

    async def _audited(self, opened: OpenCall, scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                # Before anybody hears of it.
                await opened.end(OK if message["status"] < HTTPStatus.BAD_REQUEST else _reason(scope))
            await send(message)

        try:
            await self._app(scope, receive, tell)
        except Exception:
            opened.break_off("INTERNAL")
            raise
        finally:
            opened.break_off(CANCELED)


def call_of(scope: Scope, operation: str, caller: Principal | None) -> AuditedCall:
    """A request, as the audit log tells it."""
    return AuditedCall(
        transport=AuditTransport.REST,
        operation=operation,
        request_id=scope.get(REQUEST_ID),
        address=ADDRESS.get(),
        caller=caller,
        names=scope.get("path_params", {}),
    )


def _reason(scope: Scope) -> str:
    return str(scope.get(REASON) or "FAILED")
