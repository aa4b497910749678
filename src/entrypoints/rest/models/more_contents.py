"""What messages without a file hold beside texts."""

from typing import Any, Literal

from pydantic import Field

from domain import contact_content as contacts
from domain import interactive_content as interactive
from domain.event_content import MAX_EVENT_DESCRIPTION, MAX_EVENT_NAME, CallType
from domain.group_invite_content import MAX_GROUP_NAME, MAX_INVITE_CAPTION
from domain.location_content import MAX_ADDRESS, MAX_PLACE_NAME
from domain.poll_content import MAX_OPTION, MAX_OPTIONS, MAX_QUESTION, MIN_OPTIONS
from entrypoints.rest.models.common import (
    MESSAGE_ID,
    WHATSAPP_ID,
    AnswerModel,
    GivenTime,
    Integer,
    OptionalTime,
    RequestModel,
    Time,
)

_GROUP = "120363000000000000@g.us"


def _text(at_most: int, description: str) -> Any:
    return Field(description=description, json_schema_extra={"minLength": 1, "maxLength": at_most})


def _optional(at_most: int, description: str) -> Any:
    return Field(default=None, description=description, json_schema_extra={"maxLength": at_most})


class LocationToSend(RequestModel):
    """A place."""

    latitude: float = Field(description="Degrees, -90 to 90; north is positive.", examples=[38.7139])
    longitude: float = Field(description="Degrees, -180 to 180; east is positive.", examples=[-9.1334])
    name: str | None = _optional(MAX_PLACE_NAME, "What the place is called.")
    address: str | None = _optional(MAX_ADDRESS, "Its address.")


class Location(AnswerModel):
    """A place."""

    latitude: float = Field(description="Degrees; north is positive.", examples=[38.7139])
    longitude: float = Field(description="Degrees; east is positive.", examples=[-9.1334])
    name: str | None
    address: str | None
    live: bool = Field(description="Whether its sender shares where they are for a time.")


class PollToSend(RequestModel):
    """A poll."""

    question: str = _text(MAX_QUESTION, "What is asked.")
    options: list[str] = Field(
        description="The answers to choose from, each another.",
        json_schema_extra={"minItems": MIN_OPTIONS, "maxItems": MAX_OPTIONS},
        examples=[["Yes", "No"]],
    )
    selectable: Integer = Field(
        default=1,
        description="How many of them a person may choose; 0: any number.",
        json_schema_extra={"minimum": 0, "maximum": MAX_OPTIONS},
    )


class Poll(AnswerModel):
    """A poll. What it has got so far is the message's `results`."""

    question: str
    options: list[str] = Field(description=f"Each at most {MAX_OPTION} characters where it was sent from here.")
    selectable: int = Field(description="How many of them a person may choose; 0: any number.")


class EventInvitationToSend(RequestModel):
    """An event that people are asked to."""

    name: str = _text(MAX_EVENT_NAME, "What it is called.")
    start_time: GivenTime = Field(description="When it starts (RFC 3339), to the second.")
    end_time: GivenTime | None = Field(default=None, description="When it ends (RFC 3339).")
    description: str | None = _optional(MAX_EVENT_DESCRIPTION, "What it is about.")
    location: LocationToSend | None = None
    call: Literal["voice", "video"] | None = Field(default=None, description="WhatsApp makes a link to a call for it.")


class EventInvitation(AnswerModel):
    """An event that people are asked to."""

    name: str
    description: str | None
    start_time: Time
    end_time: OptionalTime
    location: Location | None
    call: CallType | None
    canceled: bool


class GroupInviteToSend(RequestModel):
    """An invitation to a group, for one person."""

    group_id: str = Field(description="The group's address.", examples=[_GROUP])
    code: str = Field(description="The invitation's code, without the link before it.", examples=["Lh3Qw9ZxT0aB7cDe"])
    group_name: str | None = _optional(MAX_GROUP_NAME, "The group's name, as it is shown.")
    caption: str | None = _optional(MAX_INVITE_CAPTION, "A text with it.")
    expires_at: GivenTime | None = Field(default=None, description="When WhatsApp takes it for void (RFC 3339).")


class GroupInvite(AnswerModel):
    """An invitation to a group."""

    group_id: str = Field(examples=[_GROUP])
    code: str
    group_name: str | None
    caption: str | None
    expires_at: OptionalTime


class ContactName(RequestModel):
    """A person's name."""

    formatted_name: str = _text(contacts.MAX_NAME, "The whole name, as it is shown.")
    first_name: str | None = None
    last_name: str | None = None
    middle_name: str | None = None
    prefix: str | None = None
    suffix: str | None = None


class ContactPhone(RequestModel):
    """A phone number."""

    phone: str = Field(description="The number as it is written.", examples=["+1 555 010 0200"])
    type: str | None = Field(default=None, description="`CELL`, `HOME`, `WORK` or the like.")
    wa_id: str | None = Field(
        default=None, description="The digits of the number under which the person is on WhatsApp."
    )


class ContactEmail(RequestModel):
    """A mail address."""

    email: str
    type: str | None = None


class ContactUrl(RequestModel):
    """A link."""

    url: str
    type: str | None = None


class ContactAddress(RequestModel):
    """A postal address."""

    street: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
    type: str | None = None


class ContactOrganization(RequestModel):
    """Where a person works."""

    company: str | None = None
    department: str | None = None
    title: str | None = None


class ContactCard(RequestModel):
    """A person's card, as Meta's Cloud API has it."""

    name: ContactName
    phones: list[ContactPhone] = Field(default=[], json_schema_extra={"maxItems": contacts.MAX_ENTRIES})
    emails: list[ContactEmail] = Field(default=[], json_schema_extra={"maxItems": contacts.MAX_ENTRIES})
    urls: list[ContactUrl] = Field(default=[], json_schema_extra={"maxItems": contacts.MAX_ENTRIES})
    addresses: list[ContactAddress] = Field(default=[], json_schema_extra={"maxItems": contacts.MAX_ENTRIES})
    org: ContactOrganization | None = None
    birthday: str | None = Field(default=None, description="`YYYY-MM-DD` as a rule.")


class InteractiveText(RequestModel):
    """A text of an interactive message."""

    text: str


class InteractiveHeader(RequestModel):
    """A line above an interactive message."""

    type: Literal["text"]
    text: str = _text(interactive.MAX_HEADER, "The line.")


class ListRow(RequestModel):
    """A row of a list."""

    id: str = _text(interactive.MAX_CHOICE_ID, "The sender's own name of it.")
    title: str = _text(interactive.MAX_ROW_TITLE, "What it says.")
    description: str | None = _optional(interactive.MAX_ROW_DESCRIPTION, "More of it.")


class ListSection(RequestModel):
    """Rows under a title."""

    title: str | None = _optional(interactive.MAX_ROW_TITLE, "May be absent where there is one section.")
    rows: list[ListRow]


class ButtonReply(RequestModel):
    """What a button answers."""

    id: str = _text(interactive.MAX_CHOICE_ID, "The sender's own name of it.")
    title: str = _text(interactive.MAX_BUTTON, "What it says.")


class Button(RequestModel):
    """A button."""

    type: Literal["reply"]
    reply: ButtonReply


class InteractiveAction(RequestModel):
    """What there is to choose from: `button` and `sections` of a list, or `buttons`."""

    button: str | None = _optional(interactive.MAX_BUTTON, "What the button says that opens the list.")
    sections: list[ListSection] | None = Field(
        default=None,
        description=f"With {interactive.MAX_ROWS} rows altogether at most.",
        json_schema_extra={"maxItems": interactive.MAX_SECTIONS},
    )
    buttons: list[Button] | None = Field(default=None, json_schema_extra={"maxItems": interactive.MAX_BUTTONS})


class Interactive(RequestModel):
    """Something to choose from, as Meta's Cloud API has it.

    Fragile: WhatsApp keeps changing who sees it, and a send may be accepted and show nothing.
    """

    type: Literal["list", "button"]
    header: InteractiveHeader | None = None
    body: InteractiveText = Field(
        description=f"At most {interactive.MAX_BODY} characters with a list, "
        f"{interactive.MAX_BUTTONS_BODY} with buttons."
    )
    footer: InteractiveText | None = Field(default=None, description=f"At most {interactive.MAX_FOOTER} characters.")
    action: InteractiveAction


class InteractiveReply(AnswerModel):
    """What a person chose; the message that it was chosen from is the one that is answered."""

    type: Literal["list_reply", "button_reply"]
    id: str
    title: str
    description: str | None


class ReactionToSend(RequestModel):
    """A reaction to a message of the same chat, in place of the last one."""

    message_id: str = Field(description="The message: the gateway's id or WhatsApp's.", examples=[MESSAGE_ID])
    emoji: str = Field(description="One emoji; empty takes the reaction back.", examples=["👍"])


class Reaction(AnswerModel):
    """A reaction to a message."""

    message_id: str = Field(description="WhatsApp's id of the message.", examples=[WHATSAPP_ID])
    emoji: str = Field(description="Empty: the reaction was taken back.", examples=["👍"])


class Edit(AnswerModel):
    """Another text, or caption, for a message."""

    message_id: str = Field(description="WhatsApp's id of the message.", examples=[WHATSAPP_ID])
    body: str
    mentions: list[str]


class Revoke(AnswerModel):
    """A message taken back for everyone."""

    message_id: str = Field(description="WhatsApp's id of the message.", examples=[WHATSAPP_ID])


class PollVote(AnswerModel):
    """A choice in a poll."""

    message_id: str = Field(description="WhatsApp's id of the poll.", examples=[WHATSAPP_ID])
    options: list[str] = Field(description="None: the vote was taken back.")


class Pin(AnswerModel):
    """A message pinned or unpinned for everyone."""

    message_id: str = Field(description="WhatsApp's id of the message.", examples=[WHATSAPP_ID])
    duration: int | None = Field(description="Seconds; null: it was unpinned.", examples=[86_400])
