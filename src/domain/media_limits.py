"""What WhatsApp takes of each kind of file, as data.

Sources: for types and the stickers' sizes Meta's Cloud API, "Supported media types"
(developers.facebook.com/docs/whatsapp/cloud-api/reference/media) and WhatsApp's own rules for sticker makers
(github.com/WhatsApp/stickers: 512 by 512 pixels, 100 KB static, 500 KB animated); for the other sizes WhatsApp's help
pages of the clients (faq.whatsapp.com: media 16 MB, larger videos as far as the client compresses them; documents 2 GB
since 2022). The page has limits of its own, which its account's settings may lower: what it refuses fails the message.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.errors import TooLargeError, UnsupportedMediaError
from domain.media import MediaKind, bare_type

KIB: Final = 1_024
MIB: Final = 1_024 * KIB

STICKER_SIDE: Final = 512
"""Pixels of a sticker's width and of its height."""
MAX_STATIC_STICKER: Final = 100 * KIB
MAX_ANIMATED_STICKER: Final = 500 * KIB

MAX_PIXELS: Final = 100_000_000
"""The largest picture that is decoded: beyond it a small file would take gigabytes of memory (a "decompression bomb").
Cameras of phones reach 200 million pixels, whose files go as documents."""
MAX_FRAMES: Final = 1_000
"""Of a picture that moves."""

VOICE_TYPE: Final = "audio/ogg; codecs=opus"
STICKER_TYPE: Final = "image/webp"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindLimits:
    """What can be sent as a kind.

    Attributes:
        max_bytes: the largest file.
        types: the MIME types that WhatsApp's clients show; None takes any.
    """

    max_bytes: int
    types: frozenset[str] | None


LIMITS: Final[Mapping[MediaKind, KindLimits]] = {
    MediaKind.IMAGE: KindLimits(max_bytes=16 * MIB, types=frozenset({"image/jpeg", "image/png", "image/webp"})),
    MediaKind.VIDEO: KindLimits(max_bytes=64 * MIB, types=frozenset({"video/mp4", "video/3gpp"})),
    MediaKind.AUDIO: KindLimits(
        max_bytes=16 * MIB, types=frozenset({"audio/aac", "audio/mp4", "audio/mpeg", "audio/amr", "audio/ogg"})
    ),
    MediaKind.DOCUMENT: KindLimits(max_bytes=2_048 * MIB, types=None),
    MediaKind.STICKER: KindLimits(max_bytes=MAX_ANIMATED_STICKER, types=frozenset({STICKER_TYPE})),
}


def check_limits(kind: MediaKind, mime_type: str, size: int, *, field: str | None = None) -> None:
    """Refuses a file that WhatsApp doesn't take as this kind.

    Raises:
        TooLargeError: ``MEDIA_TOO_LARGE``.
        UnsupportedMediaError: ``MEDIA_TYPE_UNSUPPORTED``.
    """
    limits = LIMITS[kind]
    if limits.types is not None and bare_type(mime_type) not in limits.types:
        raise UnsupportedMediaError(
            "MEDIA_TYPE_UNSUPPORTED",
            f"WhatsApp takes {', '.join(sorted(limits.types))} as {kind}; this is {bare_type(mime_type)}. "
            "A document may be anything.",
            field=field,
            metadata={"mime_type": bare_type(mime_type), "kind": kind.value},
        )
    if size > limits.max_bytes:
        raise media_too_large(limits.max_bytes, field=field)


def media_too_large(limit: int, *, field: str | None = None) -> TooLargeError:
    """The file is larger than what can be taken."""
    return TooLargeError(
        "MEDIA_TOO_LARGE",
        f"The file is larger than {limit} bytes.",
        field=field,
        metadata={"limit_bytes": str(limit)},
    )
