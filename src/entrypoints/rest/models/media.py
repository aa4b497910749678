"""Files, and messages with one."""

from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field

from application.media.read_media import MAX_PAGE
from domain.media import MediaKind
from entrypoints.rest.models import forms
from entrypoints.rest.models.common import (
    AnswerModel,
    NextPageToken,
    OptionalTime,
    PageToken,
    QueryModel,
    RequestModel,
    Time,
    page_size,
)

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


class ListMediaQuery(QueryModel):
    """Which files to list."""

    kind: MediaKind | None = Field(default=None, description="Of this kind.")
    page_size: Annotated[int, page_size(50, MAX_PAGE)]
    page_token: PageToken = None


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


_SOURCES: Final = ("id", "link", "base64")


def _one_source(schema: dict[str, Any]) -> None:
    """Says in the document that exactly one of them is given."""
    schema["oneOf"] = [
        {
            "properties": {
                other: {"not": {"type": "null"}} if other == source else {"type": "null"} for other in _SOURCES
            },
            "required": [source],
        }
        for source in _SOURCES
    ]


class _FileToSend(RequestModel):
    """A file of a message: exactly one of `id`, `link` and `base64`."""

    model_config = ConfigDict(json_schema_extra=_one_source)

    id: str | None = Field(
        default=None, description="A file of the store.", json_schema_extra=forms.MEDIA_ID, examples=[MEDIA_ID]
    )
    link: str | None = Field(
        default=None,
        description="An address (http or https) that the gateway fetches the file from before it accepts the message. "
        "Addresses that aren't public are refused, at redirects, too.",
        json_schema_extra=forms.LINK,
        examples=["https://files.example/sea.jpg"],
    )
    base64: str | None = Field(
        default=None,
        description="The file itself (RFC 4648). What is large goes into the store, or as a form.",
        json_schema_extra=forms.BASE64,
    )
    mime_type: str | None = Field(
        default=None,
        description="What a file is whose bytes don't say it.",
        json_schema_extra=forms.MIME_TYPE,
        examples=["text/csv"],
    )


class _Captioned(_FileToSend):
    """A file with a text below it."""

    caption: str | None = Field(default=None, description="The text below it.", json_schema_extra=forms.CAPTION)


class ImageToSend(_Captioned):
    """A picture: JPEG, PNG or WebP, at most 16 MiB."""

    view_once: bool = Field(default=False, description=_VIEW_ONCE)


class VideoToSend(_Captioned):
    """A film: MP4 or 3GPP, at most 64 MiB."""

    gif: bool = Field(default=False, description="Whether it plays in a loop and without sound.")
    view_once: bool = Field(default=False, description=_VIEW_ONCE)


class AudioToSend(_FileToSend):
    """Sound, at most 16 MiB: AAC, MP4, MPEG, AMR or Ogg Opus. A voice note is made of anything that can be heard."""

    voice: bool = Field(
        default=False,
        description="Whether it goes as a voice note: then it is made Ogg Opus where it is something else.",
    )
    view_once: bool = Field(default=False, description=_VIEW_ONCE)


class DocumentToSend(_Captioned):
    """Any file, byte for byte."""

    filename: str | None = Field(
        default=None,
        description="The name that it is shown under. Without it: the one that it came with.",
        json_schema_extra=forms.FILENAME,
    )


class StickerToSend(_FileToSend):
    """A sticker. What isn't a WebP of 512 by 512 pixels is made one; what moves goes on moving."""
