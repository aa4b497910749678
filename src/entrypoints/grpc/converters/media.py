"""Files, and messages with one."""

from datetime import timedelta
from typing import Any, Final

from google.protobuf.duration_pb2 import Duration

from domain.errors import InvalidArgumentError
from domain.media import Media, MediaKind
from domain.media_content import Audio, Document, Image, MediaReference, Sticker, Video
from entrypoints.grpc.converters.forms import ContentConverter
from entrypoints.grpc.converters.times import duration_to_proto, optional_time_to_proto, time_to_proto
from entrypoints.grpc.gen.pombo.v1 import media_pb2 as pb

# A member without a value of its own in the proto fails the import: none can be forgotten.
KINDS: Final = {kind: pb.MediaKind.Value(f"MEDIA_KIND_{kind.name}") for kind in MediaKind}
_KIND_OF: Final = {int(value): kind for kind, value in KINDS.items()}


def media_to_proto(media: Media) -> pb.Media:
    """A file."""
    facts = media.facts
    return pb.Media(
        id=media.id,
        kind=KINDS[media.kind],
        mime_type=media.mime_type,
        size=media.size,
        sha256=media.sha256,
        filename=media.filename,
        width=facts.width,
        height=facts.height,
        duration=_span(facts.duration),
        animated=facts.animated,
        waveform=facts.waveform or (),
        create_time=time_to_proto(media.created_at),
        expire_time=optional_time_to_proto(media.expires_at),
    )


def kind_from_proto(value: int, *, field: str = "kind") -> MediaKind | None:
    """A kind that a caller names; None for any.

    Raises:
        InvalidArgumentError: ``INVALID_REQUEST``.
    """
    if value == pb.MEDIA_KIND_UNSPECIFIED:
        return None
    if value not in _KIND_OF:
        raise InvalidArgumentError("INVALID_REQUEST", "There is no such kind of media.", field=field)
    return _KIND_OF[value]


def _image(content: Image) -> pb.Image:
    return pb.Image(
        media=_reference(content.media),
        caption=content.caption,
        width=content.width,
        height=content.height,
        view_once=content.view_once,
    )


def _video(content: Video) -> pb.Video:
    return pb.Video(
        media=_reference(content.media),
        caption=content.caption,
        gif=content.gif,
        width=content.width,
        height=content.height,
        duration=_span(content.duration),
        view_once=content.view_once,
    )


def _audio(content: Audio) -> pb.Audio:
    return pb.Audio(
        media=_reference(content.media),
        voice=content.voice,
        duration=_span(content.duration),
        waveform=content.waveform or (),
        view_once=content.view_once,
    )


def _document(content: Document) -> pb.Document:
    return pb.Document(media=_reference(content.media), filename=content.filename, caption=content.caption)


def _sticker(content: Sticker) -> pb.Sticker:
    return pb.Sticker(
        media=_reference(content.media), animated=content.animated, width=content.width, height=content.height
    )


def _reference(media: MediaReference) -> pb.MediaReference:
    return pb.MediaReference(media_id=media.id or "", mime_type=media.mime_type, size=media.size, sha256=media.sha256)


def _span(span: timedelta | None) -> Duration | None:
    return None if span is None else duration_to_proto(span)


CONTENT_CONVERTERS: Final[tuple[ContentConverter[Any], ...]] = (
    ContentConverter(field="image", kind=Image, write=_image),
    ContentConverter(field="video", kind=Video, write=_video),
    ContentConverter(field="audio", kind=Audio, write=_audio),
    ContentConverter(field="document", kind=Document, write=_document),
    ContentConverter(field="sticker", kind=Sticker, write=_sticker),
)
