"""What messages hold, between the domain and the bridge: what is told, and what is sent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.playwright.fields import MalformedError, field, mapping, readable_jid, text
from adapters.playwright.media_contents import hand_media
from adapters.playwright.media_contents import readers as media_readers
from domain.content import Content, Text, Unsupported
from domain.errors import CapabilityUnavailableError
from domain.media_content import MEDIA_CONTENTS, MediaContent


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A content on its way to the bridge.

    Attributes:
        needs: the capabilities without which it can't be sent.
        args: what the bridge is told of it.
        command: the bridge's command that sends it.
    """

    needs: tuple[str, ...]
    args: Mapping[str, Any]
    command: str = "send"


def _read_text(item: Mapping[str, Any]) -> Text:
    mentions = item.get("mentions") or ()
    if not isinstance(mentions, Sequence) or isinstance(mentions, str):
        raise MalformedError("mentions")
    known = (readable_jid(mention) for mention in mentions)
    return Text(body=field(item, "body", str), mentions=tuple(jid for jid in known if jid is not None))


def _hand_text(content: Text) -> Handed:
    args: dict[str, Any] = {"body": content.body}
    if not content.mentions:
        return Handed(needs=("SEND_TEXT",), args=args)
    return Handed(needs=("SEND_TEXT", "MENTION"), args=args | {"mentions": [str(jid) for jid in content.mentions]})


def _hand_media(content: MediaContent) -> Handed:
    needs, args = hand_media(content)
    return Handed(needs=needs, args=args, command="sendMedia")


_READ: Final[Mapping[str, Callable[[Mapping[str, Any]], Content]]] = {
    "chat": _read_text,
    **media_readers(),
}
"""By the page's own name of the type. Any other is ``Unsupported``."""

_HAND: Final[Mapping[type[Any], Callable[[Any], Handed]]] = {
    Text: _hand_text,
    **dict.fromkeys(MEDIA_CONTENTS, _hand_media),
}


def read_content(item: Mapping[str, Any]) -> Content:
    """Reads the content of a message that the bridge tells of.

    Raises:
        MalformedError: a field is missing or of the wrong type.
    """
    kind = text(item, "type")
    read = _READ.get(kind)
    return Unsupported(kind=kind, raw=dict(mapping(item.get("raw") or {}))) if read is None else read(item)


def hand(content: Content) -> Handed:
    """A content for the bridge to send.

    Raises:
        CapabilityUnavailableError: it is of a kind that isn't sent.
    """
    how = _HAND.get(type(content))
    if how is None:
        kind = content.kind if isinstance(content, Unsupported) else type(content).__name__
        raise CapabilityUnavailableError(f"SEND_{kind.upper()}")
    return how(content)
