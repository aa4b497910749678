"""The public JSON shapes of files, and of what messages with one hold."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from application.representation.content_form import ContentForm
from application.representation.values import Json, optional_time, read_optional_time, read_time, time_to_text
from domain.ids import MediaId
from domain.media import Media, MediaFacts, MediaKind
from domain.media_content import Audio, Document, Image, MediaReference, Sticker, Video


def seconds_of(span: timedelta | None) -> float | None:
    """A span in seconds, to the millisecond."""
    return None if span is None else round(span.total_seconds(), 3)


def span_of(seconds: float | None) -> timedelta | None:
    """Reads what ``seconds_of`` wrote."""
    return None if seconds is None else timedelta(milliseconds=round(seconds * 1000))


def facts_to_dict(facts: MediaFacts) -> Json:
    """What looking into a file told."""
    return {
        "width": facts.width,
        "height": facts.height,
        "duration": seconds_of(facts.duration),
        "animated": facts.animated,
        "waveform": _samples(facts.waveform),
    }


def facts_from_dict(data: Mapping[str, Any]) -> MediaFacts:
    """Reads what ``facts_to_dict`` wrote."""
    return MediaFacts(
        width=data.get("width"),
        height=data.get("height"),
        duration=span_of(data.get("duration")),
        animated=data.get("animated", False),
        waveform=_read_samples(data.get("waveform")),
    )


def media_to_dict(media: Media) -> Json:
    """A file in the store as the API shows it."""
    return {
        "id": media.id,
        "kind": media.kind.value,
        "mime_type": media.mime_type,
        "size": media.size,
        "sha256": media.sha256,
        "filename": media.filename,
        **facts_to_dict(media.facts),
        "created_at": time_to_text(media.created_at),
        "expires_at": optional_time(media.expires_at),
    }


def media_from_dict(data: Mapping[str, Any]) -> Media:
    """Reads what ``media_to_dict`` wrote."""
    return Media(
        id=MediaId(data["id"]),
        kind=MediaKind(data["kind"]),
        mime_type=data["mime_type"],
        size=data["size"],
        sha256=data["sha256"],
        filename=data.get("filename"),
        facts=facts_from_dict(data),
        created_at=read_time(data["created_at"]),
        expires_at=read_optional_time(data.get("expires_at")),
    )


def _samples(waveform: tuple[int, ...] | None) -> list[int] | None:
    return None if waveform is None else list(waveform)


def _read_samples(samples: Sequence[int] | None) -> tuple[int, ...] | None:
    return None if samples is None else tuple(samples)


def _reference(media: MediaReference) -> Json:
    return {"id": media.id, "mime_type": media.mime_type, "size": media.size, "sha256": media.sha256}


def _read_reference(data: Mapping[str, Any]) -> MediaReference:
    media_id = data.get("id")
    return MediaReference(
        mime_type=data["mime_type"],
        size=data.get("size"),
        sha256=data.get("sha256"),
        id=None if media_id is None else MediaId(media_id),
    )


def _write_image(image: Image) -> Json:
    own = {"caption": image.caption, "width": image.width, "height": image.height, "view_once": image.view_once}
    return _reference(image.media) | own


def _read_image(data: Mapping[str, Any]) -> Image:
    return Image(
        media=_read_reference(data),
        caption=data.get("caption"),
        width=data.get("width"),
        height=data.get("height"),
        view_once=data.get("view_once", False),
    )


def _write_video(video: Video) -> Json:
    return _reference(video.media) | {
        "caption": video.caption,
        "gif": video.gif,
        "width": video.width,
        "height": video.height,
        "duration": seconds_of(video.duration),
        "view_once": video.view_once,
    }


def _read_video(data: Mapping[str, Any]) -> Video:
    return Video(
        media=_read_reference(data),
        caption=data.get("caption"),
        gif=data.get("gif", False),
        width=data.get("width"),
        height=data.get("height"),
        duration=span_of(data.get("duration")),
        view_once=data.get("view_once", False),
    )


def _write_audio(audio: Audio) -> Json:
    return _reference(audio.media) | {
        "voice": audio.voice,
        "duration": seconds_of(audio.duration),
        "waveform": _samples(audio.waveform),
        "view_once": audio.view_once,
    }


def _read_audio(data: Mapping[str, Any]) -> Audio:
    return Audio(
        media=_read_reference(data),
        voice=data.get("voice", False),
        duration=span_of(data.get("duration")),
        waveform=_read_samples(data.get("waveform")),
        view_once=data.get("view_once", False),
    )


def _write_document(document: Document) -> Json:
    return _reference(document.media) | {"filename": document.filename, "caption": document.caption}


def _read_document(data: Mapping[str, Any]) -> Document:
    return Document(media=_read_reference(data), filename=data.get("filename"), caption=data.get("caption"))


def _write_sticker(sticker: Sticker) -> Json:
    own = {"animated": sticker.animated, "width": sticker.width, "height": sticker.height}
    return _reference(sticker.media) | own


def _read_sticker(data: Mapping[str, Any]) -> Sticker:
    return Sticker(
        media=_read_reference(data),
        animated=data.get("animated", False),
        width=data.get("width"),
        height=data.get("height"),
    )


MEDIA_FORMS: Final[tuple[ContentForm[Any], ...]] = (
    ContentForm(name="image", kind=Image, write=_write_image, read=_read_image),
    ContentForm(name="video", kind=Video, write=_write_video, read=_read_video),
    ContentForm(name="audio", kind=Audio, write=_write_audio, read=_read_audio),
    ContentForm(name="document", kind=Document, write=_write_document, read=_read_document),
    ContentForm(name="sticker", kind=Sticker, write=_write_sticker, read=_read_sticker),
)
