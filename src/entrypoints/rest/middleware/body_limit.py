"""No body larger than the limit."""

from collections.abc import Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.rest.problem import BodyTooLargeError

_LENGTH: Final = b"content-length"


class BodyLimitMiddleware:
    """Ends the reading of a body at the limit, whether its length was announced or not.

    An announced length is looked at when the body is first read, so that a route which reads none answers as
    ever. What is left of a refused body the server reads and drops.

    Args:
        app: what is limited.
        limit: the most bytes.
        others: the same for some paths.
    """

    def __init__(self, app: ASGIApp, limit: int, others: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._limit = limit
        self._others = dict(others or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit, length, read = self._others.get(scope["path"], self._limit), _announced(scope), 0

        async def limited() -> Message:
            nonlocal read
            if length > limit:
                raise BodyTooLargeError(limit)
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise BodyTooLargeError(limit)
            return message

        await self._app(scope, limited, send)


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == _LENGTH:
            return int(value) if value.isdigit() else 0
    return 0
