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
    "MEDIA_EMPTY": (_K.INVALID_ARGUMENT, "The file is empty."),
    "MEDIA_BROKEN": (_K.UNSUPPORTED_MEDIA, "The file can't be decoded, or isn't whole."),
    "MEDIA_NOT_CONVERTIBLE": (_K.UNSUPPORTED_MEDIA, "That can't be made of this file."),
    "MEDIA_TOO_COMPLEX": (_K.TOO_LARGE, "Decoding the file takes more than is allowed."),
    "MEDIA_NOT_FOUND": (_K.NOT_FOUND, "There is no media with this id."),
    "MEDIA_MISSING": (_K.NOT_FOUND, "The file's content isn't in the media store."),
    "MEDIA_IN_USE": (_K.CONFLICT, "A message that is to be sent holds this file."),
    "MEDIA_STORE_UNAVAILABLE": (_K.UNAVAILABLE, "The media store doesn't answer."),
    "MEDIA_WORKSHOP_UNAVAILABLE": (_K.UNAVAILABLE, "The file can't be looked into at present."),
    "MEDIA_TYPE_UNSUPPORTED": (_K.UNSUPPORTED_MEDIA, "WhatsApp doesn't take files of this type as that kind."),
}
