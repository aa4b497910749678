"""Chats, people, presence and calls."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from application.chats.fetch_history import MAX_FETCHED
from application.contacts.manage_contacts import MAX_ASKED
from application.sessions.asking import MAX_PAGE
from domain.call import CallOutcome
from domain.presence import Activity
from entrypoints.rest.models import forms
from entrypoints.rest.models.common import (
    MESSAGE_ID,
    AnswerModel,
    NextPageToken,
    OptionalTime,
    PageToken,
    QueryModel,
    RequestModel,
    Time,
    page_size,
)
from entrypoints.rest.models.messages import Message

_PHONE = "15550100200@c.us"
_LID = "9000000000001@lid"

Phone = Annotated[str | None, Field(description="The address by phone number, where known.", examples=[_PHONE])]
Lid = Annotated[str | None, Field(description="The address by LID, where known.", examples=[_LID])]


class Chat(AnswerModel):
    """A conversation with a person, or in a group."""

    id: str = Field(description="Its address in WhatsApp Web.", examples=[_PHONE])
    phone: Phone
    lid: Lid
    name: str | None = Field(description="As WhatsApp Web shows it.")
    unread_count: int
    marked_unread: bool = Field(description="Marked as unread by hand.")
    archived: bool
    pinned_at: OptionalTime
    muted: bool
    muted_until: OptionalTime = Field(description="Null where it isn't muted, and where it is for good.")
    last_activity_at: OptionalTime
    more_on_phone: bool | None = Field(
        description="Whether the phone has older messages than WhatsApp Web; null where it doesn't say."
    )


class ChatList(AnswerModel):
    """Chats, pinned ones first, then the latest active."""

    items: list[Chat]
    next_page_token: NextPageToken


class ChatsQuery(QueryModel):
    """Which chats to list."""

    archived: bool | None = Field(default=None, description="Only archived ones, or only others.")
    unread: bool | None = Field(default=None, description="Only those with something unread, or only others.")
    page_size: Annotated[int, page_size(100, MAX_PAGE)]
    page_token: PageToken = None


def _what_changes(schema: dict[str, Any]) -> None:
    """Says in the document that something changes, and that an end is that of a mute."""
    no_end = {"muted_until": {"type": "null"}}
    schema["anyOf"] = [
        *(forms.given(name, **no_end) for name in ("archived", "pinned", "unread", "muted")),
        forms.given("muted", muted={"const": True}),
    ]


class UpdateChat(RequestModel):
    """What to change, one thing at least; what is left out stays."""

    model_config = ConfigDict(json_schema_extra=_what_changes)

    archived: bool | None = Field(default=None, description="Put it away, or take it back.")
    pinned: bool | None = Field(default=None, description="Pin it (three chats at most), or unpin it.")
    unread: bool | None = Field(
        default=None, description="True marks it as unread, false reads it: its senders see that."
    )
    muted: bool | None = Field(default=None, description="Mute it, or unmute it.")
    muted_until: str | None = Field(
        default=None,
        description="RFC 3339, with `muted`: until when; left out: for good.",
        json_schema_extra={"format": "date-time"},
    )


class ClearChat(RequestModel):
    """How to clear it."""

    keep_starred: bool = Field(default=True, description="Starred messages stay.")


class FetchHistory(RequestModel):
    """How far to go back."""

    before: str | None = Field(
        default=None, description="The message to go back from; left out: from the newest.", examples=[MESSAGE_ID]
    )
    limit: int = Field(
        default=50,
        description=f"How many messages, 1 to {MAX_FETCHED}.",
        json_schema_extra={"minimum": 1, "maximum": MAX_FETCHED},
    )


class History(AnswerModel):
    """A piece of a chat's history."""

    items: list[Message] = Field(description="Oldest first; all of them are stored by now.")
    added: int = Field(description="How many of them weren't stored before.")
    more: bool = Field(description="There are older ones.")


class Contact(AnswerModel):
    """A person."""

    id: str = Field(description="The address under which WhatsApp Web keeps them.", examples=[_PHONE])
    phone: Phone
    lid: Lid
    username: str | None = Field(description="Without the leading @.")
    name: str | None = Field(description="The name in the account's address book.")
    push_name: str | None = Field(description="What they call themselves.")
    verified_name: str | None = Field(description="A business's name, checked by WhatsApp.")
    saved: bool = Field(description="In the address book.")
    business: bool
    blocked: bool = Field(description="Blocked by the account.")
    me: bool = Field(description="The account itself.")


class ContactList(AnswerModel):
    """People, by their addresses."""

    items: list[Contact]
    next_page_token: NextPageToken


class BlockedList(AnswerModel):
    """Who is blocked."""

    items: list[Contact]


class ContactsQuery(QueryModel):
    """Which people to list."""

    saved: bool = Field(default=False, description="Only those in the address book.")
    page_size: Annotated[int, page_size(100, MAX_PAGE)]
    page_token: PageToken = None


class CheckContacts(RequestModel):
    """Whom to check."""

    contacts: list[str] = Field(
        description=f"1 to {MAX_ASKED} phone numbers, addresses, or usernames with a leading @.",
        json_schema_extra={"minItems": 1, "maxItems": MAX_ASKED, **forms.PERSONS},
        examples=[["+15550100200", "@pombo"]],
    )


class Existence(AnswerModel):
    """Whether somebody is on WhatsApp."""

    asked: str = Field(description="What was asked for, in its plain form.", examples=[_PHONE])
    exists: bool
    phone: Phone
    lid: Lid
    username: str | None = Field(description="Where it was asked for by it.")


class Existences(AnswerModel):
    """One of each that was asked for, in order."""

    items: list[Existence]


class SaveContact(RequestModel):
    """How to save a person."""

    first_name: str = Field(description="1 to 100 characters.", examples=["Ada"])
    last_name: str = Field(default="", description="At most 100 characters.")
    on_phone: bool = Field(default=True, description="In the phone's own address book, too.")


class Picture(AnswerModel):
    """A person's picture."""

    url: str | None = Field(description="Where WhatsApp serves it; null where there is none, or it isn't shown.")


class About(AnswerModel):
    """The text under a person's name."""

    about: str | None = Field(description="Null where it isn't shown to this account.")


class BusinessProfile(AnswerModel):
    """What a business says of itself."""

    description: str | None
    email: str | None
    address: str | None
    websites: list[str]
    categories: list[str]


class Business(AnswerModel):
    """A business's profile; null for a person."""

    profile: BusinessProfile | None


class CommonGroups(AnswerModel):
    """The groups that the account shares with a person."""

    items: list[str] = Field(examples=[["120363000000000000@g.us"]])


class Identity(AnswerModel):
    """One person, over all the addresses that the gateway has learnt of."""

    contact_id: str = Field(
        description="The address by which their messages are listed, by whichever they are asked for.",
        examples=[_PHONE],
    )
    phone: Phone
    lid: Lid
    username: str | None
    addresses: list[str] = Field(examples=[[_PHONE, _LID]])


class SetPresence(RequestModel):
    """How to show the account."""

    online: bool


class SetActivity(RequestModel):
    """What to show in a chat."""

    activity: Activity = Field(strict=False)


class Done(AnswerModel):
    """It is done."""


class Presence(AnswerModel):
    """What is known of somebody's presence."""

    chat_id: str = Field(description="Where it was told: a person's own address, or a group's.", examples=[_PHONE])
    phone: Phone
    lid: Lid
    participant: str | None = Field(description="In a group, who it is about.")
    online: bool | None = Field(description="Whether WhatsApp is open there; null where that isn't told.")
    activity: Activity
    last_seen_at: OptionalTime


class Call(AnswerModel):
    """An incoming call."""

    id: str = Field(description="WhatsApp's own, the same on all of the account's devices.")
    from_: str = Field(alias="from", examples=[_PHONE])
    phone: Phone
    lid: Lid
    video: bool
    group: bool
    offered_at: Time


class CallList(AnswerModel):
    """The calls that ring."""

    items: list[Call]


class ChatPayload(AnswerModel):
    """Of `chat.updated`."""

    chat: Chat
    changed: list[str] = Field(description="`archived`, `pinned`, `muted`, `unread`, `cleared` or `deleted`.")


class PresencePayload(AnswerModel):
    """Of `presence.update`."""

    presence: Presence


class ContactPayload(AnswerModel):
    """Of `contact.updated`."""

    contact: Contact


class ContactMergedPayload(AnswerModel):
    """Of `contact.merged`."""

    contact_id: str = Field(examples=[_PHONE])
    phone: Phone
    lid: Lid
    username: str | None
    merged: list[str] = Field(description="The addresses that were known before.", examples=[[_LID]])


class CallPayload(AnswerModel):
    """Of `call.received`."""

    call: Call


class CallEndedPayload(AnswerModel):
    """Of `call.ended`."""

    call: Call
    outcome: CallOutcome
    at: Time


class CallRejectedPayload(AnswerModel):
    """Of `call.rejected`."""

    call: Call
    at: Time
