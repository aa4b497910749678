"""Errors as RFC 9457 problem details. Every error that leaves the REST entrypoint is made here."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from application.limits.call_limits import TooManyCallsError
from domain.errors import ErrorKind, InvalidArgumentError, PomboError
from entrypoints.rate_fields import rate_fields
from entrypoints.rest.field_errors import FieldError, field_errors
from entrypoints.rest.json_codec import to_json
from entrypoints.status import STATUS

PROBLEM_JSON: Final = "application/problem+json"
REQUEST_ID: Final = "pombo.request_id"
REASON: Final = "pombo.reason"
"""Keys of the ASGI scope: the request's id, and the reason of the error it was answered with."""


class InvalidRequestError(InvalidArgumentError):
    """The request doesn't have the documented form. ``errors`` names each field at fault."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("INVALID_REQUEST", "The request isn't of the documented form; 'errors' says where.")
        self.errors = tuple(errors)


class OriginNotAllowedError(PomboError):
    """A web page of another site opens a WebSocket, which browsers let it do without asking."""

    kind = ErrorKind.PERMISSION_DENIED

    def __init__(self) -> None:
        super().__init__(
            "ORIGIN_NOT_ALLOWED", "Web pages of this origin may not connect; POMBO_CORS_ORIGINS lists those that may."
        )


class UnsupportedMediaTypeError(PomboError):
    """The body isn't JSON."""

    kind = ErrorKind.UNSUPPORTED_MEDIA

    def __init__(self) -> None:
        super().__init__("UNSUPPORTED_MEDIA_TYPE", "Send the body as JSON, with 'Content-Type: application/json'.")


class BodyTooLargeError(HTTPException):
    """The body is larger than the limit. An HTTPException, since FastAPI lets only those pass while it reads."""

    def __init__(self, limit: int) -> None:
        super().__init__(STATUS[ErrorKind.TOO_LARGE].http, f"A request's body has at most {limit} bytes.")
        self.limit = limit


class BodyTooSlowError(HTTPException):
    """Nothing more of a body came for too long. An HTTPException for the same reason."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.REQUEST_TIMEOUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What a problem tells. ``headers`` go beside it."""

    status: int
    title: str
    reason: str
    detail: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    errors: Sequence[FieldError] = ()
    retry_after: timedelta | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, error: PomboError, *, headers: Mapping[str, str] | None = None) -> "Problem":
        """The problem that an error is."""
        status = STATUS[error.kind]
        errors: Sequence[FieldError] = ()
        if isinstance(error, InvalidRequestError):
            errors = error.errors
        elif error.field is not None:
            errors = (FieldError(error.field, error.message),)
        told = rate_fields(error.standings) if isinstance(error, TooManyCallsError) else {}
        return cls(
            status=status.http,
            title=status.title,
            reason=error.reason,
            detail=error.message,
            metadata=error.metadata,
            errors=errors,
            retry_after=error.retry_after,
            headers={**(headers or {}), **told},
        )

    def to_dict(self, request_id: str | None) -> dict[str, Any]:
        """The JSON object."""
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "reason": self.reason,
            "metadata": dict(self.metadata),
            "errors": [{"field": error.field, "message": error.message} for error in self.errors],
            "retry_after": None if self.retry_after is None else _seconds(self.retry_after),
            "request_id": request_id,
        }

    def response(self, scope: Scope, **members: Any) -> Response:
        """The answer to a request; ``members`` are further members of the object."""
        scope[REASON] = self.reason
        headers = dict(self.headers)
        if self.retry_after is not None:
            headers["Retry-After"] = str(_seconds(self.retry_after))
        body = self.to_dict(scope.get(REQUEST_ID)) | members
        return Response(to_json(body), status_code=self.status, headers=headers, media_type=PROBLEM_JSON)


INTERNAL: Final = Problem(
    status=STATUS[ErrorKind.INTERNAL].http,
    title=STATUS[ErrorKind.INTERNAL].title,
    reason="INTERNAL",
    detail="The gateway failed on this request. Its log has the details under the request's id.",
)

REQUEST_TOO_SLOW: Final = Problem(
    status=HTTPStatus.REQUEST_TIMEOUT,
    title="Timed out",
    reason="REQUEST_TOO_SLOW",
    detail="The request didn't come in time, or nothing more of it for too long.",
    headers={"Connection": "close"},
)

UPGRADE_REQUIRED: Final = Problem(
    status=HTTPStatus.UPGRADE_REQUIRED,
    title="Upgrade required",
    reason="UPGRADE_REQUIRED",
    detail="This is a WebSocket's address (RFC 6455, version 13). Without one, read /api/v1/events.",
    headers={"Upgrade": "websocket", "Connection": "Upgrade"},
)

_ROUTING: Final = {
    404: ("ROUTE_NOT_FOUND", "There is nothing at this address; /docs shows what there is."),
    405: ("METHOD_NOT_ALLOWED", "This address doesn't have this method; the Allow header lists those it has."),
    406: ("NOT_ACCEPTABLE", "None of the types in the Accept header can be given here."),
}


def refusing_sockets(default: ASGIApp) -> ASGIApp:
    """What a router does with addresses that it doesn't have, also for who opens a WebSocket there."""
    reason, detail = _ROUTING[HTTPStatus.NOT_FOUND]
    missing = Problem(status=HTTPStatus.NOT_FOUND, title=HTTPStatus.NOT_FOUND.phrase, reason=reason, detail=detail)

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await missing.response(scope)(scope, receive, send)
        else:
            await default(scope, receive, send)

    return refuse


def _seconds(span: timedelta) -> int:
    """Whole seconds, as the Retry-After header has them: never too early, and never zero."""
    return max(1, math.ceil(span.total_seconds()))


def add_problem_handlers(app: FastAPI) -> None:
    """Lets every error of the routes, and of FastAPI itself, be answered with a problem."""
    app.add_exception_handler(PomboError, _on_pombo_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(BodyTooLargeError, _on_body_too_large)
    app.add_exception_handler(BodyTooSlowError, _on_body_too_slow)
    app.add_exception_handler(HTTPException, _on_http_exception)


async def _on_pombo_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, PomboError):
        raise error
    if error.kind is ErrorKind.INTERNAL:
        structlog.get_logger(__name__).error("rest.internal_error", reason=error.reason, exc_info=error)
        return INTERNAL.response(request.scope)
    return Problem.of(error).response(request.scope)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    problems = error.errors()
    # FastAPI hands a body that doesn't say it is JSON on as bytes, which then are no object.
    of_body = any(tuple(problem["loc"]) == ("body",) for problem in problems)
    if of_body and not is_json(request.headers.get("content-type")):
        return Problem.of(UnsupportedMediaTypeError()).response(request.scope)
    return Problem.of(InvalidRequestError(field_errors(problems, located=True))).response(request.scope)


async def _on_body_too_large(request: Request, error: Exception) -> Response:
    if not isinstance(error, BodyTooLargeError):
        raise error
    return Problem(
        status=error.status_code,
        title=STATUS[ErrorKind.TOO_LARGE].title,
        reason="BODY_TOO_LARGE",
        detail=error.detail,
        metadata={"limit_bytes": str(error.limit)},
    ).response(request.scope)


async def _on_body_too_slow(request: Request, _error: Exception) -> Response:
    return REQUEST_TOO_SLOW.response(request.scope)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status = error.status_code
    if status == HTTPStatus.BAD_REQUEST:
        # FastAPI's way to say that it couldn't read the body, whatever it was that JSON forbids.
        invalid = InvalidRequestError([FieldError("body", "This can't be read as JSON.")])
        return Problem.of(invalid).response(request.scope)
    phrase = HTTPStatus(status).phrase
    reason, detail = _ROUTING.get(status, (f"HTTP_{status}", f"{phrase}."))
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods(request))
    return Problem(status=status, title=phrase, reason=reason, detail=detail, headers=headers).response(request.scope)


def _methods(request: Request) -> list[str]:
    """What an address can be asked; Starlette tells only what the first of its routes can.

    `/messages/send` isn't meant by `/messages/{message_id}`, which fits it as well.
    """
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    fitting = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    fewest = min((len(route.param_convertors) for route in fitting), default=0)
    meant = [route for route in fitting if len(route.param_convertors) == fewest]
    return sorted({method for route in meant for method in route.methods or ()})


def is_json(content_type: str | None) -> bool:
    """Whether a Content-Type says JSON. None at all is taken for JSON: there is nothing else to send."""
    if not content_type:
        return True
    name = content_type.partition(";")[0].strip().lower()
    return name == "application/json" or (name.startswith("application/") and name.endswith("+json"))
