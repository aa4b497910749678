"""Files, and messages with one."""

from typing import Final

from pydantic import Field

from domain.media import MediaKind
from entrypoints.rest.models.common import AnswerModel, NextPageToken, OptionalTime, Time

MEDIA_ID: Final = "media_01KB5D9R6T3N8W2XQ4V7Y0Z1AF"
SHA256: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_WIDTH: Final = "Pixels; null where that isn't known."
_DURATION: Final = "Seconds; null where that isn't known."
_CAPTION: Final = "The text below it; null when there is none."
_VIEW_ONCE: Final = "Whether it can be opened once only."


class Media(AnswerModel):
    """A file in the store."""

    id: str = Field(examples=[MEDIA_ID])
    kind: MediaKind = Field(description="What its bytes are; an image, too, can be sent as a document.")
    mime_type: str = Field(
        description="As its bytes say, or, where they say nothing, as the caller said.", examples=["image/jpeg"]
    )
    size: int = Field(description="Bytes.", examples=[48_213])
    sha256: str = Field(description="The content's digest in hexadecimal digits.", examples=[SHA256])
    filename: str | None = Field(description="The name that it came with.", examples=["holiday.jpg"])
    width: int | None = Field(description=_WIDTH)
    height: int | None = Field(description=_WIDTH)
    duration: float | None = Field(description=_DURATION)
    animated: bool = Field(description="Whether a picture moves.")
    waveform: list[int] | None = Field(description="A voice note's 64 samples of loudness, 0 to 100.")
    created_at: Time
    expires_at: OptionalTime


class MediaList(AnswerModel):
    """Files, newest first."""

    items: list[Media]
    next_page_token: NextPageToken


class MediaReference(AnswerModel):
    """A message's file."""

    id: str | None = Field(description="The file in the store; null while it isn't there.", examples=[MEDIA_ID])
    mime_type: str = Field(examples=["image/jpeg"])
    size: int | None = Field(description="Bytes; null where that isn't known.")
    sha256: str | None = Field(description="The file's digest in hexadecimal digits; null where it isn't known.")


class Image(MediaReference):
    """A picture."""

    caption: str | None = Field(description=_CAPTION)
    width: int | None = Field(description=_WIDTH)
    height: int | None = Field(description=_WIDTH)
    view_once: bool = Field(description=_VIEW_ONCE)


class Video(MediaReference):
    """A film."""

    caption: str | None = Field(description=_CAPTION)
    gif: bool = Field(description="Whether it plays in a loop and without sound.")
    width: int | None = Field(description=_WIDTH)
    height: int | None = Field(description=_WIDTH)
    duration: float | None = Field(description=_DURATION)
    view_once: bool = Field(description=_VIEW_ONCE)


class Audio(MediaReference):
    """Sound."""

    voice: bool = Field(description="Whether it is a voice note.")
    duration: float | None = Field(description=_DURATION)
    waveform: list[int] | None = Field(description="A voice note's 64 samples of loudness, 0 to 100.")
    view_once: bool = Field(description=_VIEW_ONCE)


class Document(MediaReference):
    """Any file, byte for byte."""

    filename: str | None = Field(description="The name that it is shown under.")
    caption: str | None = Field(description=_CAPTION)


class Sticker(MediaReference):
    """A sticker."""

    animated: bool = Field(description="Whether it moves.")
    width: int | None = Field(description=_WIDTH)
    height: int | None = Field(description=_WIDTH)
