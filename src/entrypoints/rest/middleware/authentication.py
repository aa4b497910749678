"""Nothing but health without a key."""

import base64
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from domain.errors import PomboError, UnauthenticatedError
from entrypoints.caller import CALLER
from entrypoints.rest.problem import Problem
from entrypoints.use_cases import UseCases

_OPEN: Final = frozenset({"/health/live", "/health/ready"})
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="pombo"'}
_BROWSER_CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="pombo API key as password", charset="UTF-8"'}


class AuthenticationMiddleware:
    """Asks for the API key before anything is read or routed, even for addresses that don't exist.

    The key comes as ``X-API-Key`` or as a bearer token. A browser that opens the documentation can send neither:
    there, and only there, the password of HTTP Basic is a key too. The API itself never takes Basic, which
    browsers also send with requests that another site makes. A WebSocket is refused like a request, before its upgrade.
    """

    def __init__(self, app: ASGIApp, use_cases: UseCases) -> None:
        self._app = app
        self._use_cases = use_cases

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] not in {"http", "websocket"} or scope["path"] in _OPEN:
            await self._app(scope, receive, send)
            return
        for_browsers = _is_documentation(scope["path"])
        try:
            CALLER.set(await self._use_cases.authenticate.execute(_key(scope, basic=for_browsers)))
        except UnauthenticatedError as error:
            challenge = _BROWSER_CHALLENGE if for_browsers else _CHALLENGE
            await Problem.of(error, headers=challenge).response(scope)(scope, receive, send)
        except PomboError as error:
            await Problem.of(error).response(scope)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_documentation(path: str) -> bool:
    return path in {"/docs", "/openapi.json"} or path.startswith("/docs/")


def _key(scope: Scope, *, basic: bool) -> str | None:
    authorization = None
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            return _text(value)
        if name == b"authorization":
            authorization = value
    if authorization is None:
        return None
    scheme, _, credentials = authorization.strip().partition(b" ")
    match scheme.lower():
        case b"bearer":
            return _text(credentials.strip())
        case b"basic" if basic:
            return _password(credentials.strip())
        case _:
            return None


def _password(credentials: bytes) -> str | None:
    try:
        decoded = base64.b64decode(credentials, validate=True)
    except ValueError:
        return None
    return _text(decoded.partition(b":")[2])


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
