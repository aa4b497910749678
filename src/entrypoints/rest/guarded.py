"""Every route asks the policy before it does anything."""

from collections.abc import Collection
from typing import Final

from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from application.access.policy import OPEN, POLICY, Rule
from domain.errors import PermissionDeniedError
from entrypoints.caller import CALLER
from entrypoints.rest.problem import Problem


class UnguardedRouteError(TypeError):
    """A route has no rule in the policy: nothing is served that nobody has thought about."""


def guard_routes(routes: list[BaseRoute], opened: Collection[str] = ()) -> None:
    """Puts each route's rule before it; ``opened`` are the paths that the settings open to everybody.

    Raises:
        UnguardedRouteError: a route has none.
    """
    for route in routes:
        name = operation_of(route)
        if name in OPEN or getattr(route, "path", None) in opened:
            continue
        if not isinstance(route, Route | WebSocketRoute) or name not in POLICY:
            raise UnguardedRouteError(f"{name!r} has no rule in application.access.policy")
        route.app = _Guarded(route.app, POLICY[name])


def operation_of(route: BaseRoute) -> str:
    """What the policy calls a route: its operation's id, or its name where it isn't documented."""
    return str(getattr(route, "operation_id", None) or getattr(route, "name", route))


class _Guarded:
    def __init__(self, app: ASGIApp, rule: Rule) -> None:
        self._app: Final = app
        self._rule: Final = rule

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._rule.check(CALLER.get())
        except PermissionDeniedError as error:
            # Before the body is read, and before a WebSocket is upgraded.
            await Problem.of(error).response(scope)(scope, receive, send)
        else:
            await self._app(scope, receive, send)
