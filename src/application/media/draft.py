"""A message with a file, as it is asked for: the file may be anywhere yet."""

import hashlib
from dataclasses import dataclass
from typing import Any, assert_never

from application.ports.media_spool import SpooledFile
from domain.errors import InvalidArgumentError
from domain.ids import MediaId
from domain.media import MediaKind, check_filename, parse_mime_type
from domain.media_content import check_caption

MAX_LINK = 2_048


@dataclass(frozen=True, slots=True)
class MediaLink:
    """A file at an address."""

    url: str


@dataclass(frozen=True, slots=True)
class MediaBytes:
    """A file that came with the request."""

    data: bytes

    @property
    def sha256(self) -> str:
        """Its digest."""
        return hashlib.sha256(self.data).hexdigest()


type MediaSource = MediaId | MediaLink | MediaBytes | SpooledFile


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaDraft:
    """What is to be sent.

    Attributes:
        kind: what it is sent as.
        source: where the file is.
        mime_type: what it is said to be; its bytes have the last word.
        filename: the name that a document is shown under.
        voice: sound goes as a voice note, and is made one.
        gif: a film plays in a loop and without sound.
        view_once: it can be opened once only.
    """

    kind: MediaKind
    source: MediaSource
    mime_type: str | None = None
    caption: str | None = None
    filename: str | None = None
    voice: bool = False
    gif: bool = False
    view_once: bool = False

    @classmethod
    def compose(
        cls,
        kind: MediaKind,
        source: MediaSource,
        *,
        mime_type: str | None = None,
        caption: str | None = None,
        filename: str | None = None,
        voice: bool = False,
        gif: bool = False,
        view_once: bool = False,
    ) -> "MediaDraft":
        """Checks what can be checked without the file.

        Raises:
            InvalidArgumentError: ``INVALID_MIME_TYPE``, ``INVALID_TEXT``, ``CAPTION_TOO_LONG``, ``INVALID_FILENAME``,
                ``INVALID_MEDIA_LINK``, ``MEDIA_EMPTY``.
        """
        name = kind.value
        if isinstance(source, MediaLink) and not 1 <= len(source.url) <= MAX_LINK:
            raise InvalidArgumentError(
                "INVALID_MEDIA_LINK", f"An address has 1 to {MAX_LINK} characters.", field=f"{name}.link"
            )
        return cls(
            kind=kind,
            source=source,
            mime_type=None if mime_type is None else parse_mime_type(mime_type, field=f"{name}.mime_type"),
            caption=check_caption(caption, field=f"{name}.caption"),
            filename=None if filename is None else check_filename(filename, field=f"{name}.filename"),
            voice=voice,
            gif=gif,
            view_once=view_once,
        )

    def asked(self) -> dict[str, Any]:
        """What is asked, as JSON: the part that makes two requests the same."""
        return {
            "type": self.kind.value,
            self.kind.value: {
                **_source(self.source),
                "mime_type": self.mime_type,
                "caption": self.caption,
                "filename": self.filename,
                "voice": self.voice,
                "gif": self.gif,
                "view_once": self.view_once,
            },
        }


def _source(source: MediaSource) -> dict[str, str]:
    match source:
        case str():
            return {"id": source}
        case MediaLink():
            return {"link": source.url}
        case MediaBytes() | SpooledFile():
            return {"sha256": source.sha256}
        case _:
            assert_never(source)
