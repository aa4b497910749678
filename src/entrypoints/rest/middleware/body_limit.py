"""No body larger than the limit, and none that is waited for too long."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.rest.problem import BodyTooLargeError, BodyTooSlowError

_LENGTH: Final = b"content-length"


class BodyLimitMiddleware:
    """Ends the reading of a body at the limit, whether its length was announced or not.

    An announced length is looked at when the body is first read, so that a route which reads none answers as
    ever. What is left of a refused body the server reads and drops.

    Args:
        app: what is limited.
        limit: the most bytes.
        others: the same for some paths.
        stall: how long nothing may come of a body.
    """

    def __init__(
        self, app: ASGIApp, limit: int, others: Mapping[str, int] | None = None, stall: timedelta | None = None
    ) -> None:
        self._app = app
        self._limit = limit
        self._others = dict(others or {})
        self._stall = None if stall is None else stall.total_seconds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit, length, read, ended = self._others.get(scope["path"], self._limit), _announced(scope), 0, False

        async def limited() -> Message:
            nonlocal read, ended
            if length > limit:
                raise BodyTooLargeError(limit)
            try:
                # Behind the body only the end of the connection is waited for, which may be long in coming.
                async with asyncio.timeout(None if ended else self._stall):
                    message = await receive()
            except TimeoutError:
                raise BodyTooSlowError from None
            ended = not message.get("more_body", False)
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
