"""Nothing but health without a key, unless the settings open the measurements too; and nothing too often."""

import base64
import re
from collections.abc import Collection, Sequence
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from application.audit.audited import AUTHENTICATE
from domain.errors import PomboError, UnauthenticatedError
from entrypoints.caller import ADDRESS, CALLER
from entrypoints.caller_address import FORWARDED_FOR, caller_address, caller_site
from entrypoints.networks import Network
from entrypoints.rate_fields import rate_fields
from entrypoints.rest.config import API_PREFIX
from entrypoints.rest.guarded import call_of
from entrypoints.rest.http_protocol import ADMITTED, HEALTH
from entrypoints.rest.problem import Problem
from entrypoints.use_cases import UseCases

_ALIVE: Final = "/health/live"
"""Never refused: it costs nothing, and who asks ends a process that doesn't answer."""
_SENDS: Final = re.compile(rf"{API_PREFIX}/(messages/(send|bulk|[^/]+/forward)|media/send)")
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="pombo"'}
_BROWSER_CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="pombo API key as password", charset="UTF-8"'}


class AuthenticationMiddleware:
    """Asks for the API key before anything is read or routed, even for addresses that don't exist.

    The key comes as ``X-API-Key`` or as a bearer token. A browser that opens the documentation can send neither:
    there, and only there, the password of HTTP Basic is a key too. The API itself never takes Basic, which
    browsers also send with requests that another site makes. A WebSocket is refused like a request, before its upgrade.

    Each call is counted (``application/limits/call_limits.py``), and told how its caller stands with the rates.
    """

    def __init__(
        self,
        app: ASGIApp,
        use_cases: UseCases,
        opened: Collection[str] = (),
        trusted_proxies: Sequence[Network] = (),
    ) -> None:
        self._app = app
        self._open = HEALTH | set(opened)
        self._use_cases = use_cases
        self._trusted = tuple(trusted_proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] not in {"http", "websocket"} or scope["path"] == _ALIVE:
            await self._app(scope, receive, send)
            return
        address = _address(scope, self._trusted)
        ADDRESS.set(address)
        for_browsers = _is_documentation(scope["path"])
        try:
            if scope["path"] in self._open:
                await self._use_cases.limits.admit_open(caller_site(address))
                fields: dict[str, str] = {}
            else:
                fields = await self._admit(scope, address, basic=for_browsers)
        except UnauthenticatedError as error:
            self._use_cases.audit.refused(call_of(scope, AUTHENTICATE, None), error)
            challenge = _BROWSER_CHALLENGE if for_browsers else _CHALLENGE
            await Problem.of(error, headers=challenge).response(scope)(scope, receive, send)
        except PomboError as error:
            await Problem.of(error).response(scope)(scope, receive, send)
        else:
            await self._app(scope, receive, _telling(send, fields) if fields else send)

    async def _admit(self, scope: Scope, address: str, *, basic: bool) -> dict[str, str]:
        key = _key(scope, basic=basic)
        admission = await self._use_cases.limits.admit(
            lambda: self._use_cases.authenticate.execute(key), address=caller_site(address), sends=_sends(scope)
        )
        CALLER.set(admission.caller)
        if (tell := scope.get("extensions", {}).get(ADMITTED)) is not None:
            tell()
        return rate_fields(admission.standings)


def _sends(scope: Scope) -> int:
    """How many messages a request sends; of many in one the route counts the others."""
    return int(scope.get("method") == "POST" and _SENDS.fullmatch(scope["path"]) is not None)


def _address(scope: Scope, trusted: Sequence[Network]) -> str:
    client = scope.get("client")
    name = FORWARDED_FOR.encode()
    forwarded = (value.decode("latin-1") for header, value in scope["headers"] if header == name)
    return caller_address(client[0] if client else None, forwarded, trusted)


def _telling(send: Send, fields: dict[str, str]) -> Send:
    """Adds header fields to an answer, unless it has its own, as one has that a rate refused later."""
    added = [(name.lower().encode(), value.encode()) for name, value in fields.items()]

    async def tell(message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.accept", "websocket.http.response.start"}:
            headers = list(message.get("headers", ()))
            names = {name.lower() for name, _ in headers}
            message["headers"] = headers + [pair for pair in added if pair[0] not in names]
        await send(message)

    return tell


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
