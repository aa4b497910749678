"""What is asked to be done to a message, and what came of it."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from domain.operations import PIN_DURATIONS
from domain.poll_content import MAX_OPTIONS
from domain.text_content import MAX_MENTIONS, MAX_TEXT_CHARACTERS
from entrypoints.rest.models import forms
from entrypoints.rest.models.common import AnswerModel, Integer, OptionalTime, RequestModel
from entrypoints.rest.models.messages import Message, MessageReaction, MessageVote, PollResult

_SECONDS = [int(span.total_seconds()) for span in PIN_DURATIONS]


class DeleteFor(StrEnum):
    """For whom a message is deleted."""

    EVERYONE = "everyone"
    ME = "me"


class EditedText(RequestModel):
    """The new text, or caption."""

    body: str = Field(json_schema_extra={"minLength": 1, "maxLength": MAX_TEXT_CHARACTERS, **forms.NOT_BLANK})
    mentions: list[str] = Field(
        default=[],
        description="The users whose `@number` stands in the body, as addresses or phone numbers.",
        json_schema_extra={"maxItems": MAX_MENTIONS, **forms.USERS},
    )


class EditMessageRequest(RequestModel):
    """Another text, or caption, for a message of the account's own."""

    text: EditedText


class ReactRequest(RequestModel):
    """A reaction, in place of the account's last one."""

    emoji: str = Field(description="One emoji.", examples=["👍"])


class ForwardRequest(RequestModel):
    """Where a message is forwarded to."""

    to: str = Field(
        description="An address, or a phone number with its country code.",
        json_schema_extra=forms.RECIPIENT,
        examples=["+15550100200"],
    )


class VoteRequest(RequestModel):
    """A choice in a poll, in place of the account's last one."""

    options: list[str] = Field(
        description="The options as they stand in the poll; none takes the vote back.",
        json_schema_extra={"maxItems": MAX_OPTIONS},
        examples=[["Yes"]],
    )


class PinRequest(RequestModel):
    """For how long a message is pinned."""

    duration: Integer = Field(
        default=_SECONDS[1], description="Seconds: 1, 7 or 30 days.", json_schema_extra={"enum": [*_SECONDS]}
    )


class OperationResult(AnswerModel):
    """What came of an operation."""

    operation: Message | None = Field(
        description="The operation, which is a message of its own: its status tells how far it has come. Null for what "
        "needs none."
    )
    message: Message = Field(description="The message that it concerns, as it stands.")


class ReactionList(AnswerModel):
    """The reactions that stand, oldest first."""

    items: list[MessageReaction]


class VoteList(AnswerModel):
    """The votes that stand, oldest first, and what the poll has got by them."""

    items: list[MessageVote]
    results: list[PollResult]


class ParticipantReceipt(AnswerModel):
    """How far a message has come with one person."""

    participant: str = Field(examples=["15550100200@c.us"])
    status: Literal["DELIVERED", "READ", "PLAYED"]
    delivered_at: OptionalTime
    read_at: OptionalTime
    played_at: OptionalTime


class ReceiptList(AnswerModel):
    """By person; those who have given no receipt aren't among them."""

    items: list[ParticipantReceipt]
