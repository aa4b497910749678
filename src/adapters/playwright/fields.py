"""Fields of the bridge's JSON, read with a check."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from domain.errors import InvalidArgumentError
from domain.jid import Jid

_LARGEST: Final = sys.float_info.max
MOST: Final = 2**31 - 1
"""What the API's counts hold."""
MOST_BYTES: Final = 2**53 - 1
"""What it tells sizes with: JSON's numbers are doubles to most who read them."""

jid: Final = lru_cache(maxsize=16_384)(Jid.parse)
"""Reads an address: the same few come again and again."""


class MalformedError(Exception):
    """The bridge told something that isn't what it should be."""


def mapping(item: object) -> Mapping[str, Any]:
    """An object."""
    if not isinstance(item, Mapping):
        raise MalformedError("not an object")
    return item


def field[T](item: Mapping[str, Any], name: str, kind: type[T]) -> T:
    """A field of this type."""
    value = item.get(name)
    if not isinstance(value, kind):
        raise MalformedError(name)
    return value


def optional[T](item: Mapping[str, Any], name: str, kind: type[T]) -> T | None:
    """A field of this type, where there is one."""
    return None if item.get(name) is None else field(item, name, kind)


def text(item: Mapping[str, Any], name: str) -> str:
    """A text that isn't empty."""
    value = field(item, name, str)
    if not value:
        raise MalformedError(name)
    return value


def number(item: Mapping[str, Any], name: str) -> float:
    """A number, whole or not, that a float can hold."""
    value = item.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_LARGEST <= value <= _LARGEST:
        raise MalformedError(name)
    return value


def whole(item: Mapping[str, Any], name: str, *, most: int = MOST) -> int:
    """A number without what is behind its point; at most this far from zero, so that every answer can carry it."""
    value = number(item, name)
    if abs(value) > most:
        raise MalformedError(name)
    return int(value)


def optional_whole(item: Mapping[str, Any], name: str, *, most: int = MOST) -> int | None:
    """The same, where there is one."""
    return None if item.get(name) is None else whole(item, name, most=most)


def instant(seconds: float) -> datetime:
    """A Unix time."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise MalformedError("time") from None


def span(item: Mapping[str, Any], name: str) -> timedelta:
    """A span of time, in seconds."""
    try:
        return timedelta(seconds=number(item, name))
    except OverflowError:
        raise MalformedError(name) from None


def readable_jid(address: object) -> Jid | None:
    """An address that is an extra: one of a sort we don't know mustn't cost the message."""
    try:
        return jid(address) if isinstance(address, str) else None
    except InvalidArgumentError:
        return None
