"""How one kind of event's payload is written and read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from application.representation.values import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadForm[T]:
    """One kind of payload as JSON.

    Attributes:
        kind: the domain's type; it knows the public name of the event's type.
        write: gives the payload's object.
        read: reads what ``write`` wrote, in this version or an earlier one.
    """

    kind: type[T]
    write: Callable[[T], Json]
    read: Callable[[Mapping[str, Any]], T]
