"""Files, and messages with one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, assert_never

from google.protobuf.duration_pb2 import Duration

from application.media.draft import MediaBytes, MediaDraft, MediaLink, MediaSource
from domain.errors import InvalidArgumentError
from domain.ids import parse_media_id
from domain.media import Media, MediaKind
from domain.media_content import Audio, Document, Image, MediaReference, Sticker, Video
from domain.media_errors import media_empty
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


_OPTIONS: Final = ("caption", "filename", "voice", "gif", "view_once")

type _ToSend = pb.ImageToSend | pb.VideoToSend | pb.AudioToSend | pb.DocumentToSend | pb.StickerToSend


def _draft(kind: MediaKind) -> Callable[[_ToSend], MediaDraft]:
    def compose(given: _ToSend) -> MediaDraft:
        named = {field.name for field in given.DESCRIPTOR.fields}
        options: dict[str, Any] = {name: getattr(given, name) for name in _OPTIONS if name in named}
        texts: dict[str, Any] = {name: options.pop(name) or None for name in ("caption", "filename") if name in options}
        mime_type = given.media.mime_type or None
        return MediaDraft.compose(kind, _source(kind.value, given.media), mime_type=mime_type, **texts, **options)

    return compose


def _source(field: str, media: pb.MediaSource) -> MediaSource:
    match source := media.WhichOneof("source"):
        case "media_id":
            return parse_media_id(media.media_id, field=f"{field}.media.media_id")
        case "link":
            return MediaLink(media.link)
        case "data":
            if not media.data:
                raise media_empty(f"{field}.media.data")
            return MediaBytes(media.data)
        case None:
            raise InvalidArgumentError(
                "INVALID_REQUEST", "Give the file: media_id, link or data.", field=f"{field}.media"
            )
        case _:
            assert_never(source)


CONTENT_CONVERTERS: Final[tuple[ContentConverter[Any], ...]] = (
    ContentConverter(field="image", kind=Image, write=_image, compose=_draft(MediaKind.IMAGE)),
    ContentConverter(field="video", kind=Video, write=_video, compose=_draft(MediaKind.VIDEO)),
    ContentConverter(field="audio", kind=Audio, write=_audio, compose=_draft(MediaKind.AUDIO)),
    ContentConverter(field="document", kind=Document, write=_document, compose=_draft(MediaKind.DOCUMENT)),
    ContentConverter(field="sticker", kind=Sticker, write=_sticker, compose=_draft(MediaKind.STICKER)),
)
