"""JSON answers, written straight from the public representation."""

import json
from typing import Any, Final

import orjson
from starlette.responses import Response

JSON: Final = "application/json"


def to_json(value: Any) -> bytes:
    """JSON in UTF-8.

    What orjson refuses (half a surrogate pair, integers beyond 64 bits: raw content of messages may hold both) is
    written escaped by the slower way.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode("ascii")


def json_response(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer of JSON."""
    return Response(to_json(value), status_code=status, headers=headers, media_type=JSON)
