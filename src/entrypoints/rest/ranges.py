"""Parts of files, as RFC 9110 has them (sections 13 and 14)."""

import re
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

_RANGE: Final = re.compile(r"\s*bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*")


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from ``start`` up to but not including ``end``. ``is_part``: a range was asked for."""

    start: int
    end: int
    is_part: bool


class UnsatisfiableRangeError(Exception):
    """No byte of the file is in the range."""


def span_of(request: Request, size: int, etag: str) -> Span:
    """What of a file a request asks for. Several ranges at once, and what can't be read, are taken for none.

    Raises:
        UnsatisfiableRangeError: the file is shorter.
    """
    whole = Span(0, size, is_part=False)
    wanted = _RANGE.fullmatch(request.headers.get("range", ""))
    condition = request.headers.get("if-range")
    if wanted is None or (condition is not None and condition.strip() != etag):
        return whole
    first, last = wanted[1], wanted[2]
    if not first and not last:
        return whole
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise UnsatisfiableRangeError
        return Span(size - length, size, is_part=True)
    start = int(first)
    if last and int(last) < start:
        return whole
    if start >= size:
        raise UnsatisfiableRangeError
    return Span(start, min(int(last) + 1, size) if last else size, is_part=True)


def is_unchanged(request: Request, etag: str) -> bool:
    """Whether the caller has this content already."""
    known = request.headers.get("if-none-match")
    if known is None:
        return False
    return known.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in known.split(",")}
