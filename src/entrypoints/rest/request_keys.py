"""The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header)."""

from typing import Annotated, Any, Final

from fastapi import Header
from starlette.requests import Request

from application.idempotency.request_key import RequestKey
from entrypoints.caller import request_key
from entrypoints.rest.models import forms

NAME: Final = "Idempotency-Key"
_DESCRIPTION: Final = (
    "The caller's own name of this request, 1 to 255 printable ASCII characters, like a random UUID. The same request "
    "with the same key and API key is done once, and answered alike, for three days at least; a key that came with "
    "another request is refused. A request that was refused leaves its key free."
)
PARAMETER: Final[dict[str, Any]] = {
    "name": NAME,
    "in": "header",
    "required": False,
    "description": _DESCRIPTION,
    "schema": {"type": "string", **forms.KEY},
}
"""For routes that read their request themselves."""

KEYED: Final = ("INVALID_IDEMPOTENCY_KEY", "IDEMPOTENCY_KEY_REUSED", "REQUEST_IN_PROGRESS")
"""The reasons for which a request with a key may fail."""

IdempotencyKey = Annotated[
    str | None,
    Header(alias=NAME, description=_DESCRIPTION, json_schema_extra=forms.KEY),
]


def key_of(given: str | Request | None) -> RequestKey | None:
    """The key of a request.

    Raises:
        InvalidArgumentError: ``INVALID_IDEMPOTENCY_KEY``.
    """
    return request_key(given.headers.get(NAME) if isinstance(given, Request) else given, NAME)
