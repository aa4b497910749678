"""Contents with a file, between the domain and the bridge."""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Protocol, assert_never

from adapters.playwright.fields import MOST_BYTES, MalformedError, mapping, optional, optional_whole, span
from domain.media_content import Audio, Document, Image, MediaContent, MediaReference, Sticker, Video

_UNTYPED: Final = "application/octet-stream"
_SHA256_BYTES: Final = 32

type Fields = Mapping[str, Any]


class _Reader(Protocol):
    def __call__(self, fields: Fields, reference: MediaReference, /) -> MediaContent: ...


def _read_image(fields: Fields, reference: MediaReference) -> Image:
    return Image(media=reference, caption=_caption(fields), view_once=_flag(fields, "viewOnce"), **_size(fields))


def _read_video(fields: Fields, reference: MediaReference) -> Video:
    return Video(
        media=reference,
        caption=_caption(fields),
        gif=_flag(fields, "gif"),
        duration=_duration(fields),
        view_once=_flag(fields, "viewOnce"),
        **_size(fields),
    )


def _read_audio(fields: Fields, reference: MediaReference) -> Audio:
    return Audio(media=reference, duration=_duration(fields), view_once=_flag(fields, "viewOnce"))


def _read_voice(fields: Fields, reference: MediaReference) -> Audio:
    waveform = fields.get("waveform")
    if waveform is not None and (not isinstance(waveform, Sequence) or isinstance(waveform, str)):
        raise MalformedError("waveform")
    return Audio(
        media=reference,
        voice=True,
        duration=_duration(fields),
        waveform=None if waveform is None else tuple(_sample(sample) for sample in waveform),
        view_once=_flag(fields, "viewOnce"),
    )


def _read_document(fields: Fields, reference: MediaReference) -> Document:
    return Document(media=reference, filename=optional(fields, "filename", str), caption=_caption(fields))


def _read_sticker(fields: Fields, reference: MediaReference) -> Sticker:
    return Sticker(media=reference, animated=_flag(fields, "animated"), **_size(fields))


_READ: Final[Mapping[str, _Reader]] = {
    "image": _read_image,
    "video": _read_video,
    "ptv": _read_video,
    "audio": _read_audio,
    "ptt": _read_voice,
    "document": _read_document,
    "sticker": _read_sticker,
}


def readers() -> Mapping[str, Callable[[Fields], MediaContent]]:
    """How the bridge's messages with files are read, by the page's own name of the type."""
    return {kind: _reading(read) for kind, read in _READ.items()}


def _reading(read: _Reader) -> Callable[[Fields], MediaContent]:
    def reading(item: Fields) -> MediaContent:
        fields = mapping(item.get("media"))
        return read(fields, _reference(fields))

    return reading


def hand_media(content: MediaContent) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    """The capabilities that sending a content needs, and what the bridge is told of it beside its file."""
    kind, needs, more = _handed(content)
    args = {"kind": kind, "mimetype": content.media.mime_type, **more}
    return (needs,), {name: value for name, value in args.items() if value is not None and value is not False}


def _handed(content: MediaContent) -> tuple[str, str, Mapping[str, Any]]:
    match content:
        case Image():
            return "image", "SEND_IMAGE", {"caption": content.caption, "viewOnce": content.view_once}
        case Video():
            video = {"caption": content.caption, "gif": content.gif, "viewOnce": content.view_once}
            return "video", "SEND_VIDEO", video
        case Audio():
            seconds = None if content.duration is None else max(1, round(content.duration.total_seconds()))
            waveform = None if content.waveform is None else list(content.waveform)
            audio = {"voice": content.voice, "duration": seconds, "waveform": waveform, "viewOnce": content.view_once}
            return "audio", "SEND_VOICE" if content.voice else "SEND_AUDIO", audio
        case Document():
            return "document", "SEND_DOCUMENT", {"filename": content.filename, "caption": content.caption}
        case Sticker():
            return "sticker", "SEND_STICKER", {}
        case _:
            assert_never(content)


def _reference(fields: Fields) -> MediaReference:
    return MediaReference(
        mime_type=optional(fields, "mimetype", str) or _UNTYPED,
        size=optional_whole(fields, "size", most=MOST_BYTES),
        sha256=_sha256(fields.get("filehash")),
    )


def _sha256(filehash: object) -> str | None:
    """Hexadecimal of what the page has in base64. Another sort of digest says nothing, and costs no message."""
    try:
        digest = base64.b64decode(filehash, validate=True) if isinstance(filehash, str) else b""
    except ValueError:  # of which binascii's are; text that isn't ASCII is refused with the plain one
        return None
    return digest.hex() if len(digest) == _SHA256_BYTES else None


def _size(fields: Fields) -> Mapping[str, int | None]:
    return {name: optional_whole(fields, name) for name in ("width", "height")}


def _duration(fields: Fields) -> timedelta | None:
    return None if fields.get("duration") is None else span(fields, "duration")


def _sample(sample: object) -> int:
    if not isinstance(sample, int) or isinstance(sample, bool):
        raise MalformedError("waveform")
    return sample


def _flag(fields: Fields, name: str) -> bool:
    return optional(fields, name, bool) or False


def _caption(fields: Fields) -> str | None:
    return optional(fields, "caption", str) or None
