"""How one kind of content is written and read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from application.representation.values import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentForm[T]:
    """One kind of content as JSON.

    Attributes:
        name: the public name of the type, and that of the object.
        kind: the domain's type.
        write: gives the object, or the list of them.
        read: reads what ``write`` wrote, in this version or an earlier one.
    """

    name: str
    kind: type[T]
    write: Callable[[T], Json | list[Json]]
    read: Callable[[Any], T]
