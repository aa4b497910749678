"""Which field of a request is wrong, and how."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from domain.errors import InvalidArgumentError

_MAX_ERRORS: Final = 50
_MAX_NAME: Final = 200
_MESSAGES: Final = {
    "extra_forbidden": "There is no such field.",
    "missing": "This field is required.",
}
_NOT_JSON: Final = "json_invalid"


class FieldError(NamedTuple):
    """A field at fault, as a path like ``text.mentions[2]``, and a sentence that never repeats the value."""

    field: str
    message: str


def field_errors(problems: Sequence[Mapping[str, Any]], *, located: bool = False) -> tuple[FieldError, ...]:
    """Translates pydantic's errors.

    Args:
        problems: what pydantic's ``errors()`` gives.
        located: whether each path begins with where the field was: body, query, path or header.
    """
    return tuple(_translate(problem, located=located) for problem in problems[:_MAX_ERRORS])


@contextmanager
def field_known_as(name: str, field: str) -> Iterator[None]:
    """Tells of a ``field`` of the use case by the ``name`` that the caller gave it under."""
    try:
        yield
    except InvalidArgumentError as error:
        if error.field != field:
            raise
        raise InvalidArgumentError(error.reason, error.message, field=name) from error


def _translate(problem: Mapping[str, Any], *, located: bool) -> FieldError:
    if problem["type"] == _NOT_JSON:
        return FieldError("body", f"This isn't JSON: {problem.get('ctx', {}).get('error', 'it ends too early')}.")
    location = problem["loc"][1:] if located else problem["loc"]
    message = _MESSAGES.get(problem["type"]) or f"{problem['msg']}."
    return FieldError(_path(location) or "body", message)


def _path(parts: Iterable[int | str]) -> str:
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    # A name in the path may be the caller's own: any length, and half a surrogate pair.
    return path[:_MAX_NAME].encode("utf-8", "replace").decode()
