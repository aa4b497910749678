"""What messages hold: as it is sent, and as it is shown. A topic's kinds are in a file of their own."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from domain.content import MAX_MENTIONS, MAX_TEXT_CHARACTERS
from entrypoints.rest.models import forms
from entrypoints.rest.models.common import AnswerModel, RequestModel
from entrypoints.rest.models.media import Audio, Document, Image, Sticker, Video


class TextToSend(RequestModel):
    """A text."""

    body: str = Field(
        description="The text, with WhatsApp's own marks for bold, italic and the like.",
        json_schema_extra={"minLength": 1, "maxLength": MAX_TEXT_CHARACTERS, **forms.NOT_BLANK},
        examples=["Hello from Pombo"],
    )
    mentions: list[str] = Field(
        default=[],
        description="The users whose `@number` stands in the body, as addresses or phone numbers.",
        json_schema_extra={"maxItems": MAX_MENTIONS, **forms.USERS},
    )


def _one_content(schema: dict[str, Any]) -> None:
    """Says in the document that exactly the content that `type` names is given."""
    named = schema["properties"]["type"]
    kinds = named["enum"] if "enum" in named else [named["const"]]
    schema["oneOf"] = [
        {
            "properties": {
                "type": {"const": kind},
                **{other: {"not": {"type": "null"}} if other == kind else {"type": "null"} for other in kinds},
            },
            "required": [kind],
        }
        for kind in kinds
    ]


class ContentsToSend(RequestModel):
    """One field per kind."""

    model_config = ConfigDict(json_schema_extra=_one_content)

    type: Literal["text"] = Field(description="The kind of content: the name of the object that is given.")
    text: TextToSend | None = Field(default=None, description="Given when `type` is `text`.")


class Text(AnswerModel):
    """A text."""

    body: str = Field(examples=["Hello from Pombo"])
    mentions: list[str] = Field(description="The addresses of those who are mentioned.")


class Unsupported(AnswerModel):
    """Content of a kind that the gateway doesn't model yet, as the page told it."""

    kind: str = Field(description="WhatsApp Web's own name of the kind.", examples=["poll_creation"])
    raw: dict[str, Any]


class ShownContents(AnswerModel):
    """One field per kind; `type` names the one that is there. Further types will come."""

    type: str = Field(
        description="`text`, `image`, `video`, `audio`, `document`, `sticker` or `unsupported`.", examples=["text"]
    )
    text: Text | None = Field(default=None, description="There when `type` is `text`.")
    image: Image | None = Field(default=None, description="There when `type` is `image`.")
    video: Video | None = Field(default=None, description="There when `type` is `video`.")
    audio: Audio | None = Field(default=None, description="There when `type` is `audio`.")
    document: Document | None = Field(default=None, description="There when `type` is `document`.")
    sticker: Sticker | None = Field(default=None, description="There when `type` is `sticker`.")
    unsupported: Unsupported | None = Field(default=None, description="There when `type` is `unsupported`.")
