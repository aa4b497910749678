"""Contents with files: as a client gives and gets them over REST, and as phones hold and send them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, override

from tests import media_files

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class File:
    """A content with a file.

    Attributes:
        source: which file, of those that ``data_of`` makes.
        mime_type: what the file is.
        more: of the content, as it is given and shown.
        shown: what is shown beside that when it was sent.
        phone: as a phone sends it, beside the file.
        wire: what phones hold of it at least.
        kept: whether the gateway leaves the file as it is.
        redrawn: whether the page doesn't.
    """

    name: str
    kind: str
    source: str
    mime_type: str
    more: Json = field(default_factory=dict)
    shown: Json = field(default_factory=dict)
    phone: Json = field(default_factory=dict)
    wire: Json = field(default_factory=dict)
    kept: bool = True
    redrawn: bool = False

    @override
    def __str__(self) -> str:
        return self.name


def data_of(source: str, directory: Path) -> bytes:
    """A file."""
    match source:
        case "film.mp4":
            return media_files.film(directory / source, "libx264").read_bytes()
        case "tune.mp3":
            return media_files.sound(directory / source).read_bytes()
        case "note.ogg":
            return media_files.sound(directory / source, "libopus").read_bytes()
        case "wave.gif":
            return media_files.moving_picture()
        case "wave.webp":
            return media_files.moving_picture("WEBP", (512, 512))
        case "still.webp":
            return media_files.picture("WEBP", (512, 512))
        case "paper.pdf":
            return b"%PDF-1.4 " + bytes(range(256)) * 20
        case _:
            return media_files.picture("JPEG", (320, 200))


_FILM = {"width": 64, "height": 48, "duration": 2.0}
_SQUARE = {"width": 512, "height": 512}
OGG = "audio/ogg; codecs=opus"
SENT_FILES = (
    File(
        "image",
        "image",
        "sea.jpg",
        "image/jpeg",
        {"caption": "o mar"},
        {"width": 320, "height": 200},
        wire={"type": "image", "mimetype": "image/jpeg", "caption": "o mar", "width": 320, "height": 200},
    ),
    File(
        "view once",
        "image",
        "sea.jpg",
        "image/jpeg",
        {"view_once": True},
        {"width": 320, "height": 200},
        wire={"type": "image", "mimetype": "image/jpeg", "isViewOnce": True},
    ),
    File(
        "video",
        "video",
        "film.mp4",
        "video/mp4",
        {"caption": "a film"},
        _FILM,
        wire={"type": "video", "mimetype": "video/mp4", "caption": "a film", "width": 64, "height": 48, "duration": 2},
    ),
    File(
        "gif",
        "video",
        "film.mp4",
        "video/mp4",
        {"gif": True},
        _FILM,
        wire={"type": "video", "mimetype": "video/mp4", "isGif": True},
    ),
    File(
        "audio",
        "audio",
        "tune.mp3",
        "audio/mpeg",
        wire={"type": "audio", "mimetype": "audio/mpeg", "duration": 2},
    ),
    File(
        "voice note",
        "audio",
        "tune.mp3",
        "audio/mpeg",
        {"voice": True},
        {"mime_type": OGG},
        wire={"type": "ptt", "mimetype": OGG, "duration": 2},
        kept=False,
    ),
    File(
        "static sticker",
        "sticker",
        "sea.jpg",
        "image/jpeg",
        shown={"mime_type": "image/webp", **_SQUARE},
        wire={"type": "sticker", "mimetype": "image/webp", **_SQUARE},
        kept=False,
        redrawn=True,
    ),
    File(
        "moving sticker",
        "sticker",
        "wave.gif",
        "image/gif",
        shown={"mime_type": "image/webp", "animated": True, **_SQUARE},
        wire={"type": "sticker", "mimetype": "image/webp", "isAnimated": True, **_SQUARE},
        kept=False,
    ),
    File(
        "document",
        "document",
        "paper.pdf",
        "application/pdf",
        {"caption": "read it", "filename": "relatório 1.pdf"},
        wire={"type": "document", "mimetype": "application/pdf", "caption": "read it", "filename": "relatório 1.pdf"},
    ),
)
"""What becomes of a file that isn't sent as it is, is looked into."""
_WAVEFORM = [0, 50, 100, 50] * 16
GOT_FILES = (
    File(
        "image",
        "image",
        "sea.jpg",
        "image/jpeg",
        {"caption": "o mar", "width": 320, "height": 200},
        phone={"kind": "image", "caption": "o mar", "width": 320, "height": 200},
    ),
    File(
        "view once", "image", "sea.jpg", "image/jpeg", {"view_once": True}, phone={"kind": "image", "view_once": True}
    ),
    File(
        "video",
        "video",
        "film.mp4",
        "video/mp4",
        {"caption": "a film", **_FILM},
        phone={"kind": "video", "caption": "a film", "width": 64, "height": 48, "duration": 2},
    ),
    File("gif", "video", "film.mp4", "video/mp4", {"gif": True}, phone={"kind": "gif"}),
    File("audio", "audio", "tune.mp3", "audio/mpeg", {"duration": 2.0}, phone={"kind": "audio", "duration": 2}),
    File(
        "voice note",
        "audio",
        "note.ogg",
        OGG,
        {"voice": True, "duration": 2.0, "waveform": _WAVEFORM},
        phone={"kind": "ptt", "duration": 2, "waveform": _WAVEFORM},
    ),
    File("static sticker", "sticker", "still.webp", "image/webp", _SQUARE, phone={"kind": "sticker", **_SQUARE}),
    File(
        "moving sticker",
        "sticker",
        "wave.webp",
        "image/webp",
        {"animated": True, **_SQUARE},
        phone={"kind": "sticker", "animated": True, **_SQUARE},
    ),
    File(
        "document",
        "document",
        "paper.pdf",
        "application/pdf",
        {"caption": "read it", "filename": "relatório 1.pdf"},
        phone={"kind": "document", "caption": "read it", "filename": "relatório 1.pdf"},
    ),
)
