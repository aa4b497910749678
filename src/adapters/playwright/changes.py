"""What the bridge tells of changes to messages."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from adapters.playwright.fields import (
    MalformedError,
    field,
    instant,
    jid,
    mapping,
    number,
    optional,
    readable_jid,
    text,
)
from adapters.playwright.more_contents import items, read_event, texts
from domain.changes import AnyChange, Deleted, Edited, Pinned, Reacted, Revoked, Starred, Voted
from domain.ids import WhatsAppMessageId


def change(item: Mapping[str, Any]) -> AnyChange:
    """Reads a change.

    Raises:
        MalformedError: a field is missing or of the wrong type, or the kind isn't known.
        InvalidArgumentError: an address can't be read.
    """
    read = _READ.get(text(item, "kind"))
    if read is None:
        raise MalformedError("unknown change")
    return read(item)


def milliseconds(item: Mapping[str, Any], name: str) -> datetime:
    """A time in Unix milliseconds."""
    return instant(number(item, name) / 1000)


def _common(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "target": WhatsAppMessageId(text(item, "target")),
        "chat": jid(text(item, "chat")),
        "by": jid(text(item, "sender")),
        "from_me": field(item, "fromMe", bool),
        "at": milliseconds(item, "at"),
        "alternate": readable_jid(item.get("alternate")),
    }


def _reacted(item: Mapping[str, Any]) -> Reacted:
    return Reacted(**_common(item), emoji=optional(item, "emoji", str) or "")


def _edited(item: Mapping[str, Any]) -> Edited:
    mentioned = items(item, "mentions") if item.get("mentions") is not None else ()
    known = (readable_jid(mention) for mention in mentioned)
    event = item.get("event")
    return Edited(
        **_common(item),
        body=field(item, "body", str),
        mentions=tuple(each for each in known if each is not None),
        event=None if event is None else read_event(mapping(event)),
    )


def _voted(item: Mapping[str, Any]) -> Voted:
    return Voted(**_common(item), options=texts(item, "options"))


def _pinned(item: Mapping[str, Any]) -> Pinned:
    until = milliseconds(item, "until") if field(item, "pinned", bool) else None
    return Pinned(**_common(item), until=until)


def _starred(item: Mapping[str, Any]) -> Starred:
    return Starred(**_common(item), starred=field(item, "starred", bool))


_READ: Final[Mapping[str, Callable[[Mapping[str, Any]], AnyChange]]] = {
    "reaction": _reacted,
    "edit": _edited,
    "revoke": lambda item: Revoked(**_common(item)),
    "vote": _voted,
    "pin": _pinned,
    "star": _starred,
    "delete": lambda item: Deleted(**_common(item)),
}
"""By the bridge's names of the kinds."""
