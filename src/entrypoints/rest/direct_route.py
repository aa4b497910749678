"""A route without FastAPI's request handling, for the hot path."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import request_response

Endpoint = Callable[[Request], Awaitable[Response]]


class DirectRoute(APIRoute):
    """Documented like every route, served like a plain Starlette one: the endpoint gets the request itself.

    Solving dependencies costs FastAPI some hundred microseconds a request, which is more than all the rest of
    the way to the use case. The endpoint takes one ``Request``; its parameters and its body are documented by
    ``openapi_extra``.
    """

    def __init__(self, path: str, endpoint: Endpoint, **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.app = request_response(endpoint)
