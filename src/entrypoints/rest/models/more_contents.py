"""What messages without a file hold beside texts."""

from typing import Any, Literal

from pydantic import Field

from application.messages.targets import MAX_TARGET_ID
from domain import contact_content as contacts
from domain.event_content import MAX_EVENT_DESCRIPTION, MAX_EVENT_NAME, CallType
from domain.group_invite_content import MAX_GROUP_NAME, MAX_INVITE_CAPTION
from domain.location_content import MAX_ADDRESS, MAX_PLACE_NAME
from domain.poll_content import MAX_OPTION, MAX_OPTIONS, MAX_QUESTION, MIN_OPTIONS
from entrypoints.rest.models import forms
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
    return Field(description=description, json_schema_extra=forms.text(at_most))


def _optional(at_most: int, description: str) -> Any:
    return Field(default=None, description=description, json_schema_extra=forms.optional_text(at_most))


class LocationToSend(RequestModel):
    """A place."""

    latitude: float = Field(
        description="Degrees, -90 to 90; north is positive.",
        json_schema_extra={"minimum": -90, "maximum": 90},
        examples=[38.7139],
    )
    longitude: float = Field(
        description="Degrees, -180 to 180; east is positive.",
        json_schema_extra={"minimum": -180, "maximum": 180},
        examples=[-9.1334],
    )
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
        json_schema_extra={
            "minItems": MIN_OPTIONS,
            "maxItems": MAX_OPTIONS,
            "uniqueItems": True,
            "items": {"type": "string", **forms.text(MAX_OPTION)},
        },
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

    group_id: str = Field(description="The group's address.", json_schema_extra=forms.GROUP_ID, examples=[_GROUP])
    code: str = Field(
        description="The invitation's code, without the link before it.",
        json_schema_extra=forms.PRIVATE_INVITE_CODE,
        examples=["Lh3Qw9ZxT0aB7cDe"],
    )
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
    first_name: str | None = _optional(contacts.MAX_NAME, "A part of it.")
    last_name: str | None = _optional(contacts.MAX_NAME, "A part of it.")
    middle_name: str | None = _optional(contacts.MAX_NAME, "A part of it.")
    prefix: str | None = _optional(contacts.MAX_NAME, "A part of it.")
    suffix: str | None = _optional(contacts.MAX_NAME, "A part of it.")


class ContactPhone(RequestModel):
    """A phone number."""

    phone: str = Field(
        description="The number as it is written.",
        json_schema_extra=forms.text(contacts.MAX_VALUE),
        examples=["+1 555 010 0200"],
    )
    type: str | None = Field(
        default=None, description="`CELL`, `HOME`, `WORK` or the like.", json_schema_extra=forms.CARD_TYPE
    )
    wa_id: str | None = Field(
        default=None,
        description="The digits of the number under which the person is on WhatsApp.",
        json_schema_extra=forms.DIGITS,
    )


class ContactEmail(RequestModel):
    """A mail address."""

    email: str = _text(contacts.MAX_VALUE, "The address.")
    type: str | None = Field(default=None, description="`HOME`, `WORK` or the like.", json_schema_extra=forms.CARD_TYPE)


class ContactUrl(RequestModel):
    """A link."""

    url: str = _text(contacts.MAX_VALUE, "The link.")
    type: str | None = Field(default=None, description="`HOME`, `WORK` or the like.", json_schema_extra=forms.CARD_TYPE)


class ContactAddress(RequestModel):
    """A postal address."""

    street: str | None = _optional(contacts.MAX_VALUE, "Street and number.")
    city: str | None = _optional(contacts.MAX_VALUE, "The town.")
    state: str | None = _optional(contacts.MAX_VALUE, "The state or province.")
    zip: str | None = _optional(contacts.MAX_VALUE, "The postal code.")
    country: str | None = _optional(contacts.MAX_VALUE, "The country.")
    type: str | None = Field(default=None, description="`HOME`, `WORK` or the like.", json_schema_extra=forms.CARD_TYPE)


class ContactOrganization(RequestModel):
    """Where a person works."""

    company: str | None = _optional(contacts.MAX_NAME, "Its name.")
    department: str | None = _optional(contacts.MAX_NAME, "The part of it.")
    title: str | None = _optional(contacts.MAX_NAME, "What the person is there.")


class ContactCard(RequestModel):
    """A person's card, as Meta's Cloud API has it."""

    name: ContactName
    phones: list[ContactPhone] = Field(default=[], json_schema_extra={"maxItems": contacts.MAX_ENTRIES})
    emails: list[ContactEmail] = Field(default=[], json_schema_extra={"maxItems": contacts.MAX_ENTRIES})
    urls: list[ContactUrl] = Field(default=[], json_schema_extra={"maxItems": contacts.MAX_ENTRIES})
    addresses: list[ContactAddress] = Field(default=[], json_schema_extra={"maxItems": contacts.MAX_ENTRIES})
    org: ContactOrganization | None = None
    birthday: str | None = _optional(contacts.MAX_NAME, "`YYYY-MM-DD` as a rule.")


class ReactionToSend(RequestModel):
    """A reaction to a message of the same chat, in place of the last one."""

    message_id: str = Field(
        description="The message: the gateway's id or WhatsApp's.",
        json_schema_extra={"minLength": 1, "maxLength": MAX_TARGET_ID, **forms.REPLY_TO},
        examples=[MESSAGE_ID],
    )
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
