"""What messages hold, between the domain and the bridge: what is told, and what is sent."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from adapters.playwright import more_contents
from adapters.playwright.fields import MalformedError, field, mapping, optional, readable_jid, text
from adapters.playwright.group_decoder import read_notice
from adapters.playwright.handed import Handed
from adapters.playwright.media_contents import hand_media
from adapters.playwright.media_contents import readers as media_readers
from domain.content import Content, Text, Unsupported
from domain.errors import CapabilityUnavailableError
from domain.media_content import MEDIA_CONTENTS, MediaContent
from domain.text_content import LinkPreview


def _read_text(item: Mapping[str, Any]) -> Text:
    mentions = item.get("mentions") or ()
    if not isinstance(mentions, Sequence) or isinstance(mentions, str):
        raise MalformedError("mentions")
    known = (readable_jid(mention) for mention in mentions)
    preview = item.get("preview")
    return Text(
        body=field(item, "body", str),
        mentions=tuple(jid for jid in known if jid is not None),
        mention_all=item.get("mentionAll") is True,
        preview=None if preview is None else _read_preview(mapping(preview)),
    )


def _read_preview(item: Mapping[str, Any]) -> LinkPreview:
    thumbnail = optional(item, "thumbnail", str)
    try:
        return LinkPreview(
            url=text(item, "url"),
            title=optional(item, "title", str) or None,
            description=optional(item, "description", str) or None,
            thumbnail=None if thumbnail is None else b64decode(thumbnail, validate=True),
        )
    except ValueError:
        raise MalformedError("thumbnail") from None


def _hand_text(content: Text) -> Handed:
    needs = ["SEND_TEXT"]
    args: dict[str, Any] = {"body": content.body}
    if content.mentions:
        needs.append("MENTION")
        args["mentions"] = [str(jid) for jid in content.mentions]
    if content.mention_all:
        needs.append("MENTION_ALL")
        args["mentionAll"] = True
    if content.preview is not None:
        needs.append("LINK_PREVIEW")
        args["preview"] = _preview(content.preview)
    return Handed(needs=tuple(needs), args=args)


def _preview(preview: LinkPreview) -> dict[str, Any]:
    args: dict[str, Any] = {"url": preview.url}
    if preview.title is not None:
        args["title"] = preview.title
    if preview.description is not None:
        args["description"] = preview.description
    if preview.thumbnail is not None:
        args["thumbnail"] = b64encode(preview.thumbnail).decode()
    return args


def _hand_media(content: MediaContent) -> Handed:
    needs, args = hand_media(content)
    return Handed(needs=needs, args=args, command="sendMedia")


_READ: Final[Mapping[str, Callable[[Mapping[str, Any]], Content]]] = {
    "chat": _read_text,
    "gp2": read_notice,
    **media_readers(),
    **more_contents.READ,
}
"""By the page's own name of the type. Any other is ``Unsupported``."""

_HAND: Final[Mapping[type[Any], Callable[[Any], Handed]]] = {
    Text: _hand_text,
    **dict.fromkeys(MEDIA_CONTENTS, _hand_media),
    **more_contents.HAND,
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
