"""Fields of the bridge's JSON, read with a check."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from domain.errors import InvalidArgumentError
from domain.jid import Jid

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
    """A number, whole or not."""
    value = item.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedError(name)
    return value


def instant(seconds: float) -> datetime:
    """A Unix time."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise MalformedError("time") from None


def readable_jid(address: object) -> Jid | None:
    """An address that is an extra: one of a sort we don't know mustn't cost the message."""
    try:
        return jid(address) if isinstance(address, str) else None
    except InvalidArgumentError:
        return None
