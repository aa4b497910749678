"""What files are, and what can be made of them."""

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from domain.media import MediaFacts, MediaKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a file's bytes say.

    Attributes:
        kind: a document where they are neither picture, film nor sound, or not whole ones.
        mime_type: as they say, or, where they say nothing, as the caller or the file's name did.
        flaw: why a picture, a film or sound isn't whole, for people. None for what is, and for documents.
    """

    kind: MediaKind
    mime_type: str
    facts: MediaFacts
    flaw: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What was made. ``is_new`` False: the file has the form already, and nothing was written."""

    mime_type: str
    facts: MediaFacts
    is_new: bool


class MediaWorkshop(Protocol):
    """Looks into files that strangers made, and converts them: beside the event loop, within limits of time and memory.

    Every method may raise ``MEDIA_TOO_COMPLEX`` (TooLargeError), when the limits don't do, and
    ``MEDIA_WORKSHOP_UNAVAILABLE`` (UnavailableError).
    """

    @abstractmethod
    async def inspect(
        self, path: Path, *, mime_type: str | None, filename: str | None, as_document: bool = False
    ) -> Inspection:
        """Decodes as much of a file as tells whether it is whole.

        Args:
            path: the file.
            mime_type: what the caller says that it is.
            filename: what it was called.
            as_document: it is a document whatever it is: only its first bytes are looked at.
        """

    @abstractmethod
    async def make_voice_note(self, source: Path, target: Path) -> Conversion:
        """Makes Ogg Opus of whatever has sound, with its duration and its waveform.

        Raises:
            UnsupportedMediaError: ``MEDIA_NOT_CONVERTIBLE``: it has no sound that can be decoded.
        """

    @abstractmethod
    async def make_sticker(self, source: Path, target: Path) -> Conversion:
        """Makes a WebP of 512 by 512 pixels of a picture, which keeps moving where it moves.

        Raises:
            UnsupportedMediaError: ``MEDIA_NOT_CONVERTIBLE``: it is no picture that can be decoded.
            TooLargeError: ``MEDIA_TOO_LARGE``: it can't be made small enough.
        """

    @abstractmethod
    async def make_thumbnail(self, source: Path, target: Path) -> Conversion:
        """Makes a JPEG of a few kilobytes, at most 192 pixels wide and high, of a picture.

        Raises:
            UnsupportedMediaError: ``MEDIA_NOT_CONVERTIBLE``: it is no picture that can be decoded.
        """
