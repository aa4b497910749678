"""Choosing an answer's type by the Accept header (RFC 9110, section 12.5.1)."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from starlette.exceptions import HTTPException

_NOT_ACCEPTABLE: Final = 406
_MAX_RANGES: Final = 50


class _Range(NamedTuple):
    main: str
    sub: str
    quality: float

    def specificity(self, main: str, sub: str) -> int:
        """How closely the range names a type; 0 when it doesn't match."""
        if (self.main, self.sub) == (main, sub):
            return 3
        if self.main == main and self.sub == "*":
            return 2
        return 1 if self.main == self.sub == "*" else 0


def negotiate(accept: str | None, offers: Sequence[str]) -> str:
    """The offered type that the caller likes best; among equals the one that is offered first.

    Raises:
        HTTPException: 406, none of them is accepted.
    """
    if not accept or not accept.strip():
        return offers[0]
    ranges = [_parse(part) for part in accept.split(",")[:_MAX_RANGES] if "/" in part]
    best = max(offers, key=lambda offer: _quality(offer, ranges))
    if _quality(best, ranges) <= 0:
        raise HTTPException(_NOT_ACCEPTABLE)
    return best


def _quality(offer: str, ranges: Sequence[_Range]) -> float:
    main, _, sub = offer.partition("/")
    matches = [(found, a_range.quality) for a_range in ranges if (found := a_range.specificity(main, sub))]
    return max(matches)[1] if matches else 0.0


def _parse(part: str) -> _Range:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    main, _, sub = name.lower().partition("/")
    quality = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            quality = _number(value.strip())
    return _Range(main.strip(), sub.strip(), quality)


def _number(text: str) -> float:
    """A weight; what isn't one counts as 0, so that it never wins."""
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
