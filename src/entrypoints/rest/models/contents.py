"""What messages hold: as it is sent, and as it is shown. A topic's kinds are in a file of their own."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from application.representation.content import CONTENT_FORMS
from domain.contact_content import MAX_CARDS
from domain.content import MAX_MENTIONS, MAX_TEXT_CHARACTERS
from entrypoints.rest.models import forms
from entrypoints.rest.models import interactive as choices
from entrypoints.rest.models import more_contents as more
from entrypoints.rest.models.common import AnswerModel, RequestModel
from entrypoints.rest.models.groups import GroupNotice
from entrypoints.rest.models.media import (
    Audio,
    AudioToSend,
    Document,
    DocumentToSend,
    Image,
    ImageToSend,
    Sticker,
    StickerToSend,
    Video,
    VideoToSend,
)


def _given(name: str, **schema: Any) -> Any:
    return Field(default=None, description=f"Given when `type` is `{name}`.", json_schema_extra=schema or None)


def _there(name: str) -> Any:
    return Field(default=None, description=f"There when `type` is `{name}`.")


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
    mention_all: bool = Field(default=False, description="Mentions all members of the group.")
    preview_url: bool = Field(
        default=False,
        description="The gateway looks the first link in the body up itself, and shows what it finds. A link that "
        "doesn't answer in time keeps no message from being sent.",
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

    type: Literal[
        "text",
        "image",
        "video",
        "audio",
        "document",
        "sticker",
        "location",
        "contacts",
        "poll",
        "event",
        "group_invite",
        "interactive",
        "reaction",
    ] = Field(description="The kind of content: the name of the object that is given.")
    text: TextToSend | None = _given("text")
    image: ImageToSend | None = _given("image")
    video: VideoToSend | None = _given("video")
    audio: AudioToSend | None = _given("audio")
    document: DocumentToSend | None = _given("document")
    sticker: StickerToSend | None = _given("sticker")
    location: more.LocationToSend | None = _given("location")
    contacts: list[more.ContactCard] | None = _given("contacts", minItems=1, maxItems=MAX_CARDS)
    poll: more.PollToSend | None = _given("poll")
    event: more.EventInvitationToSend | None = _given("event")
    group_invite: more.GroupInviteToSend | None = _given("group_invite")
    interactive: choices.Interactive | None = _given("interactive")
    reaction: more.ReactionToSend | None = _given("reaction")


class LinkPreview(AnswerModel):
    """What a text shows of a link in it."""

    url: str = Field(examples=["https://example.com/"])
    title: str | None
    description: str | None
    thumbnail: str | None = Field(description="A JPEG of a few kilobytes, as base64.")


class Text(AnswerModel):
    """A text."""

    body: str = Field(examples=["Hello from Pombo"])
    mentions: list[str] = Field(description="The addresses of those who are mentioned.")
    mention_all: bool = Field(default=False, description="Whether all members of the group are mentioned.")
    preview: LinkPreview | None = Field(default=None, description="What it shows of a link in it.")


class Unsupported(AnswerModel):
    """Content of a kind that the gateway doesn't model yet, as the page told it."""

    kind: str = Field(description="WhatsApp Web's own name of the kind.", examples=["poll_creation"])
    raw: dict[str, Any]


class ShownContents(AnswerModel):
    """One field per kind; `type` names the one that is there. Further types will come."""

    type: str = Field(
        description=", ".join(f"`{form.name}`" for form in CONTENT_FORMS) + "; further types will come.",
        examples=["text"],
    )
    text: Text | None = _there("text")
    image: Image | None = _there("image")
    video: Video | None = _there("video")
    audio: Audio | None = _there("audio")
    document: Document | None = _there("document")
    sticker: Sticker | None = _there("sticker")
    location: more.Location | None = _there("location")
    contacts: list[more.ContactCard] | None = _there("contacts")
    poll: more.Poll | None = _there("poll")
    event: more.EventInvitation | None = _there("event")
    group_invite: more.GroupInvite | None = _there("group_invite")
    interactive: choices.Interactive | None = _there("interactive")
    interactive_reply: choices.InteractiveReply | None = _there("interactive_reply")
    reaction: more.Reaction | None = _there("reaction")
    edit: more.Edit | None = _there("edit")
    revoke: more.Revoke | None = _there("revoke")
    poll_vote: more.PollVote | None = _there("poll_vote")
    pin: more.Pin | None = _there("pin")
    group_notice: GroupNotice | None = _there("group_notice")
    unsupported: Unsupported | None = _there("unsupported")
