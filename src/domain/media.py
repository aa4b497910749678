"""Files in the media store: what is known of each."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.errors import InvalidArgumentError
from domain.ids import MediaId

MAX_FILENAME: Final = 240
"""Characters of a file's name; what Meta's Cloud API takes, and short of every file system's 255 bytes in ASCII."""

Sha256 = str
"""A digest in 64 lower-case hexadecimal digits: a content's name in the store."""

_MIME: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_PARAMETER: Final = re.compile(r"\s*([A-Za-z0-9-]{1,32})\s*=\s*\"?([A-Za-z0-9.,_+-]{1,64})\"?\s*")


class MediaKind(StrEnum):
    """What a file is, or is sent as: the names of Meta's Cloud API."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    STICKER = "sticker"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFacts:
    """What looking into a file told.

    Attributes:
        width: pixels, as shown; the same for ``height``. None where there is no picture.
        duration: how long it plays. None where it doesn't.
        animated: whether a picture moves.
        waveform: a voice note's 64 samples of loudness, 0 to 100. None for everything else.
    """

    width: int | None = None
    height: int | None = None
    duration: timedelta | None = None
    animated: bool = False
    waveform: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file in the store. Several may have the same content, which is stored once.

    Attributes:
        kind: what its bytes are; an image, too, can be sent as a document.
        mime_type: as its bytes say, or, where they say nothing, as the caller said.
        size: bytes.
        sha256: of its content.
        expires_at: when it is removed; None keeps it until it is deleted.
    """

    id: MediaId
    kind: MediaKind
    mime_type: str
    size: int
    sha256: Sha256
    created_at: datetime
    filename: str | None = None
    facts: MediaFacts = MediaFacts()
    expires_at: datetime | None = None


def parse_mime_type(text: str, *, field: str = "mime_type") -> str:
    """Reads a MIME type, in the form that WhatsApp gives it: lower case, parameters after ``; ``.

    Raises:
        InvalidArgumentError: ``INVALID_MIME_TYPE``.
    """
    name, *parameters = text.split(";")
    bare = name.strip().lower()
    found = [_PARAMETER.fullmatch(parameter) for parameter in parameters if parameter.strip()]
    if not _MIME.fullmatch(bare) or not all(found):
        raise InvalidArgumentError("INVALID_MIME_TYPE", "This can't be a MIME type.", field=field)
    return "; ".join((bare, *(f"{part[1].lower()}={part[2]}" for part in found if part is not None)))


def bare_type(mime_type: str) -> str:
    """A MIME type without its parameters."""
    return mime_type.partition(";")[0].strip().lower()


def check_filename(name: str, *, field: str = "filename") -> str:
    """Refuses what can't be a file's name on every system: it leads nowhere else and can be shown.

    Raises:
        InvalidArgumentError: ``INVALID_FILENAME``.
    """
    if not name.strip() or len(name) > MAX_FILENAME or not name.isprintable() or "/" in name or "\\" in name:
        raise InvalidArgumentError(
            "INVALID_FILENAME",
            f"A file's name has 1 to {MAX_FILENAME} printable characters, and no slashes.",
            field=field,
        )
    if name in {".", ".."}:
        raise InvalidArgumentError("INVALID_FILENAME", "This is no file's name.", field=field)
    return name
