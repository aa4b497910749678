"""Values of ports as JSON between gateways, by their declared types."""

import base64
from collections.abc import Set as AbstractSet
from dataclasses import is_dataclass
from datetime import datetime, timedelta
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

from cattrs import Converter

from domain.jid import Jid

_KIND: Final = "_kind"
"""Where several types may stand, the name of the one that does."""


def write(value: object, declared: Any) -> Any:
    """A value as JSON values: dataclasses, enums, times, bytes, addresses, and collections and unions of them."""
    return _CONVERTER.unstructure(value, unstructure_as=declared)


def read(told: Any, declared: Any) -> Any:
    """Reads what ``write`` wrote, here or at a gateway of another version: fields that aren't known are left out.

    Raises:
        Exception: it isn't of that type.
    """
    return _CONVERTER.structure(told, declared)


def _is_union_of_dataclasses(declared: Any) -> bool:
    members = _members(declared)
    return len(members) > 1 and all(is_dataclass(member) for member in members)


def _members(declared: Any) -> list[Any]:
    if get_origin(declared) not in {Union, UnionType}:
        return []
    return [member for member in get_args(declared) if member is not NoneType]


def _write_tagged(declared: Any) -> Any:
    known = set(_members(declared))

    def unstructure(value: Any) -> Any:
        if value is None:
            return None
        if type(value) not in known:
            raise TypeError(f"{type(value).__name__} isn't one of what is declared")
        return {_KIND: type(value).__name__, **write(value, type(value))}

    return unstructure


def _read_tagged(declared: Any) -> Any:
    known = {member.__name__: member for member in _members(declared)}

    def structure(told: Any, _: Any) -> Any:
        if told is None:
            return None
        fields = {name: value for name, value in told.items() if name != _KIND}
        return read(fields, known[told[_KIND]])

    return structure


def _make_converter() -> Converter:
    converter = Converter(unstruct_collection_overrides={AbstractSet: list})
    converter.register_structure_hook(NoneType, lambda _, __: None)
    converter.register_unstructure_hook_factory(_is_union_of_dataclasses, _write_tagged)
    converter.register_structure_hook_factory(_is_union_of_dataclasses, _read_tagged)
    converter.register_unstructure_hook(Jid, str)
    converter.register_structure_hook(Jid, lambda told, _: Jid.parse(told))
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_structure_hook(datetime, lambda told, _: datetime.fromisoformat(told))
    converter.register_unstructure_hook(timedelta, timedelta.total_seconds)
    converter.register_structure_hook(timedelta, lambda told, _: timedelta(seconds=told))
    converter.register_unstructure_hook(bytes, lambda value: base64.b64encode(value).decode())
    converter.register_structure_hook(bytes, lambda told, _: base64.b64decode(told))
    return converter


_CONVERTER: Final = _make_converter()
