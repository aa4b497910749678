"""Messages."""

from typing import Annotated, Any

from pydantic import Field

from application.messages.read_messages import MAX_PAGE
from application.messages.send_messages import MAX_MESSAGES
from application.representation.content import CONTENT_FORMS
from application.representation.operations import FORMS as OPERATION_FORMS
from domain.message import Direction, MessageStatus
from entrypoints.rest.models import forms
from entrypoints.rest.models.common import (
    MESSAGE_ID,
    WHATSAPP_ID,
    AnswerModel,
    GivenTime,
    NextPageToken,
    OptionalTime,
    PageToken,
    QueryModel,
    RequestModel,
    Time,
    page_size,
)
from entrypoints.rest.models.contents import ContentsToSend, ShownContents
from entrypoints.rest.models.problem import Problem

_ADDRESS = "An address like `15550100200@c.us`, `120363000000000000@g.us` or `9000000001@lid`"


class ReplyTo(RequestModel):
    """The message that this one answers."""

    message_id: str = Field(
        description="A message of the same chat: the gateway's id or WhatsApp's.",
        json_schema_extra=forms.REPLY_TO,
        examples=[MESSAGE_ID],
    )


class SendMessageRequest(ContentsToSend):
    """A message to send: `type` names the one content object that is given."""

    session_id: str = Field(
        description="The session that sends.", json_schema_extra=forms.SESSION_ID, examples=["support"]
    )
    to: str = Field(
        description=f"{_ADDRESS}, or a phone number with its country code.",
        json_schema_extra=forms.RECIPIENT,
        examples=["+15550100200"],
    )
    context: ReplyTo | None = None
    not_before: GivenTime | None = Field(
        default=None,
        description="When it may leave at the earliest (RFC 3339), at most 366 days ahead. It keeps no other message "
        "of its chat waiting, and the answer doesn't wait for it.",
    )
    deadline: GivenTime | None = Field(
        default=None,
        description="When it is given up if it hasn't left (RFC 3339), with the status `EXPIRED`. It lies ahead.",
    )


class SendMessagesRequest(RequestModel):
    """Messages to send; each is looked at by itself."""

    messages: list[Any] = Field(
        description="The messages, in the order in which those of a chat leave.",
        json_schema_extra={
            "minItems": 1,
            "maxItems": MAX_MESSAGES,
            "items": {"$ref": "#/components/schemas/SendMessageRequest"},
        },
    )


class ListMessagesQuery(QueryModel):
    """Which messages to list."""

    session_id: str | None = Field(
        default=None, description="Of this session.", json_schema_extra=forms.SESSION_ID, examples=["support"]
    )
    chat_id: str | None = Field(
        default=None,
        json_schema_extra=forms.CHAT,
        description=f"Of this conversation. {_ADDRESS}, or a phone number; a person is found by either address.",
    )
    direction: Direction | None = Field(default=None)
    status: MessageStatus | None = Field(default=None)
    since: GivenTime | None = Field(default=None, description="Created at this time or later (RFC 3339).")
    until: GivenTime | None = Field(default=None, description="Created before this time (RFC 3339).")
    types: str | None = Field(
        default=None,
        description="Of these kinds of content, separated by commas: "
        + ", ".join(f"`{form.name}`" for form in CONTENT_FORMS)
        + ". Without it all but operations on other messages: "
        + ", ".join(f"`{form.name}`" for form in OPERATION_FORMS)
        + ".",
        examples=["text,image"],
    )
    page_size: Annotated[int, page_size(50, MAX_PAGE)]
    page_token: PageToken = None


class Reply(AnswerModel):
    """What a message answers."""

    message_id: str = Field(description="WhatsApp's id of the answered message.", examples=[WHATSAPP_ID])


class MessageError(AnswerModel):
    """Why a message failed."""

    reason: str = Field(examples=["NUMBER_NOT_ON_WHATSAPP"])
    message: str


class MessageReaction(AnswerModel):
    """A person's reaction."""

    sender: str = Field(alias="from", examples=["15550100200@c.us"])
    alternate_id: str | None = Field(description="The person's other address, where known.")
    from_me: bool = Field(description="Whether it is the account's own.")
    emoji: str = Field(examples=["👍"])
    at: Time


class MessageVote(AnswerModel):
    """A person's vote in a poll."""

    sender: str = Field(alias="from", examples=["15550100200@c.us"])
    alternate_id: str | None = Field(description="The person's other address, where known.")
    from_me: bool = Field(description="Whether it is the account's own.")
    options: list[str]
    at: Time


class PollResult(AnswerModel):
    """What one option of a poll has got."""

    option: str
    votes: int = Field(description="How many chose it.")
    voters: list[str] = Field(description="Their addresses.")


class Message(ShownContents):
    """A message. `type` names the one content object that is there; further types will come."""

    id: str = Field(examples=[MESSAGE_ID])
    session_id: str = Field(examples=["support"])
    chat_id: str = Field(description="The conversation.", examples=["15550100200@c.us"])
    whatsapp_id: str = Field(description="WhatsApp's own id.", examples=[WHATSAPP_ID])
    direction: Direction
    sender: str = Field(alias="from", examples=["15550100100@c.us"])
    to: str = Field(examples=["15550100200@c.us"])
    alternate_id: str | None = Field(
        description="The other person's other address, where known.", examples=["9000000000002@lid"]
    )
    push_name: str | None = Field(description="The name that the sender gave itself.", examples=["Ben"])
    context: Reply | None
    status: MessageStatus
    error: MessageError | None = Field(description="There when the status is `FAILED`.")
    from_api: bool = Field(description="Whether it was sent through the gateway, not on another device.")
    backfilled: bool = Field(description="Whether it was found later, not seen when it came.")
    created_at: Time
    not_before: OptionalTime
    expires_at: OptionalTime
    expected_at: OptionalTime = Field(
        description="Of one that waits in a paced session, as it is read: when it is expected to leave, as things "
        "stand; else null."
    )
    sent_at: OptionalTime
    delivered_at: OptionalTime
    read_at: OptionalTime
    played_at: OptionalTime
    forwarded: bool = Field(description="Whether it carries the forwarded mark.")
    edited_at: OptionalTime
    revoked_at: OptionalTime
    revoked_by: str | None = Field(description="Who took it back for everyone: its writer, or an admin of the group.")
    deleted_at: OptionalTime
    starred: bool
    pinned_until: OptionalTime
    reactions: list[MessageReaction] = Field(description="Those that stand, oldest first.")
    results: list[PollResult] | None = Field(description="What a poll has got; null for other messages.")


class MessageList(AnswerModel):
    """Messages, newest first."""

    items: list[Message]
    next_page_token: NextPageToken


class SendResult(AnswerModel):
    """What became of one of several messages: it was accepted, or there is an error."""

    message: Message | None
    error: Problem | None


class SendResults(AnswerModel):
    """One result for each message, in the same order."""

    accepted: int = Field(description="How many were accepted.", examples=[1])
    refused: int = Field(description="How many weren't.", examples=[0])
    results: list[SendResult]
