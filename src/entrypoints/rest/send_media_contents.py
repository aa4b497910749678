"""Messages with a file that are to be sent, from the models of requests."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from application.media.draft import MediaBytes, MediaDraft, MediaLink, MediaSource
from domain.ids import parse_media_id
from domain.media import MediaKind
from domain.media_errors import media_empty
from entrypoints.rest.field_errors import FieldError
from entrypoints.rest.given_base64 import decode_base64
from entrypoints.rest.models.media import (
    AudioToSend,
    DocumentToSend,
    ImageToSend,
    StickerToSend,
    VideoToSend,
)
from entrypoints.rest.problem import InvalidRequestError

type _Given = ImageToSend | VideoToSend | AudioToSend | DocumentToSend | StickerToSend

_OPTIONS: Final = ("caption", "filename", "voice", "gif", "view_once")


def _draft(kind: MediaKind) -> Callable[[_Given], MediaDraft]:
    def compose(given: _Given) -> MediaDraft:
        options = {name: getattr(given, name) for name in _OPTIONS if hasattr(given, name)}
        return MediaDraft.compose(kind, _source(kind.value, given), mime_type=given.mime_type, **options)

    return compose


def _source(field: str, given: _Given) -> MediaSource:
    sources = [name for name in ("id", "link", "base64") if getattr(given, name) is not None]
    if len(sources) != 1:
        raise InvalidRequestError([FieldError(field, "Give exactly one of 'id', 'link' and 'base64'.")])
    if given.id is not None:
        return parse_media_id(given.id, field=f"{field}.id")
    if given.link is not None:
        return MediaLink(given.link)
    try:
        data = decode_base64(given.base64 or "")
    except ValueError:
        raise InvalidRequestError([FieldError(f"{field}.base64", "This isn't base64.")]) from None
    if not data:
        raise media_empty(f"{field}.base64")
    return MediaBytes(data)


MEDIA: Final[Mapping[str, Callable[[Any], MediaDraft]]] = {kind.value: _draft(kind) for kind in MediaKind}
"""By the type's public name."""
