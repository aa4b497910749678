"""The reasons of errors of files."""

from typing import Final

from domain.errors import ErrorKind

_K = ErrorKind

MEDIA_REASONS: Final[dict[str, tuple[ErrorKind, str]]] = {
    "INVALID_MEDIA_ID": (_K.INVALID_ARGUMENT, "This can't be a media id."),
    "INVALID_MIME_TYPE": (_K.INVALID_ARGUMENT, "This can't be a MIME type."),
    "INVALID_FILENAME": (_K.INVALID_ARGUMENT, "This can't be a file's name."),
    "INVALID_MEDIA_LINK": (_K.INVALID_ARGUMENT, "The link isn't an address of http or https."),
    "MEDIA_LINK_REFUSED": (_K.INVALID_ARGUMENT, "The link leads to what isn't public, and isn't allowed."),
    "MEDIA_LINK_FAILED": (_K.UNPROCESSABLE, "No file came from the link."),
    "MEDIA_NOT_STORED": (_K.INVALID_ARGUMENT, "A bulk send takes files by their id."),
    "MEDIA_TYPE_MISMATCH": (_K.UNSUPPORTED_MEDIA, "The file isn't what it is said to be."),
    "UPLOAD_STALLED": (_K.DEADLINE_EXCEEDED, "Nothing more of the file came."),
    "MESSAGE_WITHOUT_MEDIA": (_K.NOT_FOUND, "The message holds no file."),
    "MEDIA_EXPIRED": (_K.GONE, "Neither the store nor WhatsApp has the file any more."),
    "MEDIA_UNREADABLE": (_K.UNPROCESSABLE, "What WhatsApp has isn't what the message says."),
    "MEDIA_UPLOAD_FAILED": (_K.UNPROCESSABLE, "WhatsApp's servers didn't take the file."),
    "MEDIA_DOWNLOAD_TIMEOUT": (_K.DEADLINE_EXCEEDED, "WhatsApp didn't give the file in time."),
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

FILE: Final = (
    *("MEDIA_EMPTY", "MEDIA_TOO_LARGE", "MEDIA_TOO_COMPLEX", "MEDIA_TYPE_UNSUPPORTED", "MEDIA_TYPE_MISMATCH"),
    *("MEDIA_BROKEN", "INVALID_MIME_TYPE", "INVALID_FILENAME", "UPLOAD_STALLED"),
    *("MEDIA_STORE_UNAVAILABLE", "MEDIA_WORKSHOP_UNAVAILABLE", "DISK_FULL"),
)
"""For which a file that comes may be refused."""

SEND_MEDIA: Final = (
    *FILE,
    "MEDIA_UPLOAD_FAILED",
    *("INVALID_MEDIA_ID", "MEDIA_NOT_FOUND", "MEDIA_MISSING", "CAPTION_TOO_LONG", "MEDIA_NOT_CONVERTIBLE"),
    *("INVALID_MEDIA_LINK", "MEDIA_LINK_REFUSED", "MEDIA_LINK_FAILED"),
)
"""For which a message with a file may be refused."""

_FETCHED: Final = (
    *("SESSION_NOT_RUNNING", "MEDIA_EXPIRED", "MEDIA_TOO_LARGE", "MEDIA_UNREADABLE", "MEDIA_MISSING", "TARGET_UNKNOWN"),
    *("CAPABILITY_UNAVAILABLE", "MEDIA_DOWNLOAD_TIMEOUT", "OWNER_SILENT", "PAGE_UNAVAILABLE", "DISK_FULL"),
    "MEDIA_STORE_UNAVAILABLE",
)

MESSAGE_FILE: Final = ("INVALID_MESSAGE_ID", "MESSAGE_NOT_FOUND", "MESSAGE_WITHOUT_MEDIA", *_FETCHED)
"""For which a message's file may not be had."""

FORWARD_FILE: Final = (*_FETCHED, "MEDIA_UPLOAD_FAILED")
"""For which a message with a file may not be forwarded."""
