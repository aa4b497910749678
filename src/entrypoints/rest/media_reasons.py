"""The reasons of errors of files."""

from typing import Final

from domain.errors import ErrorKind

_K = ErrorKind

MEDIA_REASONS: Final[dict[str, tuple[ErrorKind, str]]] = {
    "INVALID_MEDIA_ID": (_K.INVALID_ARGUMENT, "This can't be a media id."),
    "INVALID_MIME_TYPE": (_K.INVALID_ARGUMENT, "This can't be a MIME type."),
    "INVALID_FILENAME": (_K.INVALID_ARGUMENT, "This can't be a file's name."),
    "CAPTION_TOO_LONG": (_K.INVALID_ARGUMENT, "The caption is too long."),
    "MEDIA_TOO_LARGE": (_K.TOO_LARGE, "The file is larger than the limit."),
    "MEDIA_TYPE_UNSUPPORTED": (_K.UNSUPPORTED_MEDIA, "WhatsApp doesn't take files of this type as that kind."),
}
