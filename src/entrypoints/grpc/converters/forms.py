"""How one kind of content, or of an event's payload, is carried by a oneof's field of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from application.media.draft import MediaDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentConverter[T]:
    """One kind of content.

    Attributes:
        field: its field in ``Message`` and, where it can be sent, in ``SendMessageRequest``.
        kind: the domain's type.
        write: gives the field's value.
        compose: reads and checks a content to send, or its draft, from the field's value; None: it isn't sent. Raises
            InvalidArgumentError.
    """

    field: str
    kind: type[T]
    write: Callable[[T], Message]
    compose: Callable[[Any], T | MediaDraft] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadConverter[T]:
    """One kind of an event's payload.

    Attributes:
        field: its field in ``Event``.
        kind: the domain's type.
        write: gives the field's value.
    """

    field: str
    kind: type[T]
    write: Callable[[T], Message]
