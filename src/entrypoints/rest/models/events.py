"""Events."""

from typing import Annotated

from pydantic import Field

from application.events.list_events import MAX_PAGE
from domain.event import PAYLOAD_TYPES
from domain.message import MessageStatus
from domain.session import SessionStatus, StatusReason
from domain.webhook import DisabledReason
from entrypoints.rest.models import forms, groups, pacing, people
from entrypoints.rest.models.common import (
    EVENT_ID,
    MESSAGE_ID,
    WEBHOOK_ID,
    WHATSAPP_ID,
    AnswerModel,
    OptionalTime,
    QueryModel,
    Time,
    page_size,
)
from entrypoints.rest.models.contents import Text
from entrypoints.rest.models.media import Media
from entrypoints.rest.models.messages import Message
from entrypoints.rest.models.more_contents import EventInvitation
from entrypoints.rest.models.sessions import Me

_TYPES = ", ".join(f"`{name}`" for name in PAYLOAD_TYPES)


class EventSocketQuery(QueryModel):
    """Which events to stream."""

    after: str | None = Field(
        default=None,
        description="The cursor: the `sequence` of the last event that was read. 0 starts with the oldest kept.",
        json_schema_extra=forms.SEQUENCE,
        examples=["0"],
    )
    session_id: str | None = Field(
        default=None, description="Of this session.", json_schema_extra=forms.SESSION_ID, examples=["support"]
    )
    types: str | None = Field(default=None, description=f"Of these types, separated by commas: {_TYPES}.")


class EventsQuery(EventSocketQuery):
    """Which events to read."""

    page_size: Annotated[int, page_size(100, MAX_PAGE)]
    page_token: str | None = Field(
        default=None,
        description="The same as `after`, by the name it has in other lists.",
        json_schema_extra=forms.SEQUENCE,
    )


class SessionStatusPayload(AnswerModel):
    """Of `session.status`."""

    status: SessionStatus
    status_reason: StatusReason
    status_detail: str | None
    me: Me | None


class LinkCodePayload(AnswerModel):
    """Of `session.qr` and `session.pairing_code`. The code itself is a credential and never in an event."""

    expires_at: Time


class MessagePayload(AnswerModel):
    """Of the types `message.queued`, `.sent`, `.received`, `.failed`, `.canceled` and `.expired`."""

    message: Message


class AckPayload(AnswerModel):
    """Of `message.ack`."""

    message_id: str = Field(examples=[MESSAGE_ID])
    whatsapp_id: str = Field(examples=[WHATSAPP_ID])
    chat_id: str = Field(examples=["15550100200@c.us"])
    status: MessageStatus
    at: Time
    participant: str | None = Field(
        description="In groups: it has come so far with this member; null: with all of them."
    )


class MessageChangePayload(AnswerModel):
    """Of what was done to a message: `message.revoked` and `message.deleted`."""

    message_id: str | None = Field(
        description="Null where the message isn't on record: it is older than the session, or comes later.",
        examples=[MESSAGE_ID],
    )
    whatsapp_id: str = Field(examples=[WHATSAPP_ID])
    chat_id: str = Field(examples=["15550100200@c.us"])
    sender: str = Field(alias="from", description="Who did it.", examples=["15550100200@c.us"])
    from_me: bool = Field(description="Whether it was the account itself, from whichever of its devices.")
    alternate_id: str | None = Field(description="The other address of who did it, where known.")
    at: Time


class MessageEditedPayload(MessageChangePayload):
    """Of `message.edited`."""

    text: Text = Field(description="The new text, or caption; of an invitation the event's name.")
    event: EventInvitation | None = Field(
        description="All that the event is now; null unless the message is an invitation to one."
    )


class MessageReactionPayload(MessageChangePayload):
    """Of `message.reaction`."""

    emoji: str = Field(description="Empty: the reaction was taken back.", examples=["👍"])


class PollVotePayload(MessageChangePayload):
    """Of `poll.vote`."""

    options: list[str] = Field(description="Those that are chosen now; none: the vote was taken back.")


class MessagePinnedPayload(MessageChangePayload):
    """Of `message.pinned`."""

    pinned: bool
    until: OptionalTime


class MessageStarredPayload(MessageChangePayload):
    """Of `message.starred`."""

    starred: bool


class MediaPayload(AnswerModel):
    """Of `message.media`."""

    message_id: str = Field(examples=[MESSAGE_ID])
    whatsapp_id: str = Field(examples=[WHATSAPP_ID])
    chat_id: str = Field(examples=["15550100200@c.us"])
    media: Media


class WebhookDisabledPayload(AnswerModel):
    """Of `webhook.disabled`."""

    webhook_id: str = Field(examples=[WEBHOOK_ID])
    reason: DisabledReason
    failing_since: OptionalTime


class Event(AnswerModel):
    """Something that happened, in its envelope."""

    id: str = Field(examples=[EVENT_ID])
    type: str = Field(description=f"{_TYPES}; further types will come.", examples=["message.received"])
    time: Time
    session_id: str | None = Field(description="Null when it belongs to no session.", examples=["support"])
    sequence: int = Field(description="Its place in the log, and the cursor of who has read it.", examples=[42])
    payload: (
        SessionStatusPayload
        | LinkCodePayload
        | MessagePayload
        | AckPayload
        | MessageEditedPayload
        | MessageReactionPayload
        | PollVotePayload
        | MessagePinnedPayload
        | MessageStarredPayload
        | MessageChangePayload
        | MediaPayload
        | groups.GroupJoinedPayload
        | groups.GroupLeftPayload
        | groups.GroupParticipantsPayload
        | groups.GroupUpdatedPayload
        | groups.GroupRequestPayload
        | WebhookDisabledPayload
        | pacing.RestrictedPayload
        | pacing.ResumedPayload
        | pacing.QuotaPayload
        | pacing.SuppressionAddedPayload
        | pacing.SuppressionRemovedPayload
        | people.ChatPayload
        | people.PresencePayload
        | people.ContactPayload
        | people.ContactMergedPayload
        | people.CallPayload
        | people.CallEndedPayload
        | people.CallRejectedPayload
    ) = Field(description="Its form depends on the type.")


class EventList(AnswerModel):
    """Events in order."""

    items: list[Event]
    next_page_token: str = Field(
        description="The cursor to ask with next. Always there: behind the last event it asks for those to come.",
        examples=["42"],
    )
