"""What messages with a file hold. The file itself is in the media store, or still with WhatsApp."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from domain.errors import InvalidArgumentError
from domain.ids import MediaId
from domain.media import Sha256

MAX_CAPTION: Final = 1_024
"""The longest caption, in UTF-16 code units, as Meta's Cloud API documents it (developers.facebook.com, "Image
messages")."""

WAVEFORM_SAMPLES: Final = 64
"""How many samples of loudness a voice note has, each 0 to 100: what WhatsApp Web's own recorder gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaReference:
    """A message's file.

    Attributes:
        mime_type: with its parameters, as in ``audio/ogg; codecs=opus``.
        size: bytes; None where the page doesn't know.
        sha256: of the file itself, not of what WhatsApp's servers hold; None where the page doesn't know.
        id: the file in the media store; None while it isn't there.
    """

    mime_type: str
    size: int | None = None
    sha256: Sha256 | None = None
    id: MediaId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture. ``width`` and ``height`` are pixels, where known. A view-once one can be opened once."""

    media: MediaReference
    caption: str | None = None
    width: int | None = None
    height: int | None = None
    view_once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A film. ``gif``: it plays in a loop and without sound, which is all that a GIF is on WhatsApp."""

    media: MediaReference
    caption: str | None = None
    gif: bool = False
    width: int | None = None
    height: int | None = None
    duration: timedelta | None = None
    view_once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """Sound. ``voice``: a voice note, in Ogg Opus, with a waveform (``WAVEFORM_SAMPLES``)."""

    media: MediaReference
    voice: bool = False
    duration: timedelta | None = None
    waveform: tuple[int, ...] | None = None
    view_once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Any file, byte for byte, under its name."""

    media: MediaReference
    filename: str | None = None
    caption: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sticker:
    """A WebP picture of 512 by 512 pixels."""

    media: MediaReference
    animated: bool = False
    width: int | None = None
    height: int | None = None


MediaContent = Image | Video | Audio | Document | Sticker
MEDIA_CONTENTS: Final = (Image, Video, Audio, Document, Sticker)


def with_media_id(content: MediaContent, media_id: MediaId | None) -> MediaContent:
    """The same content, whose file is in the store under this id."""
    return replace(content, media=replace(content.media, id=media_id))


def check_caption(caption: str | None, *, field: str) -> str | None:
    """A caption that can be sent; an empty one is none.

    Raises:
        InvalidArgumentError: ``INVALID_TEXT``, ``CAPTION_TOO_LONG``.
    """
    if caption is None or not caption.strip():
        return None
    try:
        units = len(caption.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        raise InvalidArgumentError("INVALID_TEXT", "The caption holds half a surrogate pair.", field=field) from None
    if "\x00" in caption:
        raise InvalidArgumentError("INVALID_TEXT", "The caption holds a NUL character.", field=field)
    if units > MAX_CAPTION:
        raise InvalidArgumentError("CAPTION_TOO_LONG", f"A caption has at most {MAX_CAPTION} characters.", field=field)
    return caption
