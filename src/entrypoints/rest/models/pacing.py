"""How sessions are paced, and people who opted out."""

from typing import Annotated, Any

from pydantic import Field

from application.pacing.manage_suppressions import MAX_PAGE
from application.pacing.read_quota import HoldReason
from domain.pacing import MAX_BURST, MAX_NEW_CHATS, MAX_PER_MINUTE, MAX_RESTRICTION_MINUTES, RestrictionReason
from domain.suppression import MAX_NOTE, MAX_STOP_WORD, MAX_STOP_WORDS, SuppressionSource
from entrypoints.rest.models import forms
from entrypoints.rest.models.common import (
    MESSAGE_ID,
    AnswerModel,
    Integer,
    NextPageToken,
    OptionalTime,
    PageToken,
    QueryModel,
    RequestModel,
    Time,
    page_size,
)
from entrypoints.rest.models.people import Lid, Phone

PACING = "How its messages are paced. What is null, or left out, is as the gateway's settings say (`POMBO_PACE_…`)."
STOP_WORDS = (
    f"Who sends one of these, and nothing else, opts out; capitals don't count. At most {MAX_STOP_WORDS}, of 1 to "
    f"{MAX_STOP_WORD} printable characters."
)
STOP_WORDS_FORM: dict[str, Any] = {
    "maxItems": MAX_STOP_WORDS,
    "items": {"type": "string", **forms.STOP_WORD},
}

_HOUR: dict[str, Any] = {"pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
_PER_MINUTE = "Messages in a minute, evenly spread; 0: no limit."
_BURST = "How many may leave at once after a rest."
_JITTER = "By which part of itself the pause behind each message is lengthened at most, at random: 0 to 1."
_NEW_CHATS = "Chats that may be begun in any 24 hours; 0: no limit."
_RESTRICTION = (
    "The first pause, in minutes, after WhatsApp refused a message for what the account does; it doubles with each "
    "that follows, up to a day. 0: there is none."
)
_ZONE = "The name of a zone of the IANA data base."


def _range(least: int, most: int) -> dict[str, Any]:
    return {"minimum": least, "maximum": most}


class GivenQuietHours(RequestModel):
    """Hours of the day in which nothing is sent. Equal ones: none."""

    start: str = Field(description="Their first minute.", json_schema_extra=_HOUR, examples=["21:00"])
    end: str = Field(description="The first minute behind them.", json_schema_extra=_HOUR, examples=["08:00"])
    time_zone: str = Field(description=_ZONE, examples=["Europe/Lisbon"])


class GivenPacing(RequestModel):
    """A session's own pace."""

    messages_per_minute: Integer | None = Field(
        default=None, description=_PER_MINUTE, json_schema_extra=_range(0, MAX_PER_MINUTE), examples=[20]
    )
    burst: Integer | None = Field(
        default=None, description=_BURST, json_schema_extra=_range(1, MAX_BURST), examples=[5]
    )
    jitter: float | None = Field(default=None, description=_JITTER, json_schema_extra=_range(0, 1), examples=[0.25])
    new_chats_per_day: Integer | None = Field(
        default=None, description=_NEW_CHATS, json_schema_extra=_range(0, MAX_NEW_CHATS), examples=[50]
    )
    quiet_hours: GivenQuietHours | None = None
    restriction_minutes: float | None = Field(
        default=None,
        description=_RESTRICTION,
        json_schema_extra=_range(0, MAX_RESTRICTION_MINUTES),
        examples=[15],
    )


class QuietHours(AnswerModel):
    """Hours of the day in which nothing is sent."""

    start: str = Field(examples=["21:00"])
    end: str = Field(examples=["08:00"])
    time_zone: str = Field(description=_ZONE, examples=["Europe/Lisbon"])


class Pacing(AnswerModel):
    """A session's own pace; what is null is as the gateway's settings say."""

    messages_per_minute: int | None = Field(description=_PER_MINUTE)
    burst: int | None = Field(description=_BURST)
    jitter: float | None = Field(description=_JITTER)
    new_chats_per_day: int | None = Field(description=_NEW_CHATS)
    quiet_hours: QuietHours | None
    restriction_minutes: float | None = Field(description=_RESTRICTION)


class Pace(AnswerModel):
    """The pace that holds: the session's own over that of the gateway's settings."""

    messages_per_minute: int = Field(description=_PER_MINUTE)
    burst: int = Field(description=_BURST)
    jitter: float = Field(description=_JITTER)
    new_chats_per_day: int = Field(description=_NEW_CHATS)
    quiet_hours: QuietHours | None
    restriction_minutes: float = Field(description=_RESTRICTION)


class Restriction(AnswerModel):
    """That WhatsApp refused a message for what the account does."""

    reason: RestrictionReason
    strikes: int = Field(description="How many in a row.")
    since: Time
    resumes_at: Time = Field(description="When chats are begun again, one by one at first.")


class Hold(AnswerModel):
    """Something that messages wait for."""

    reason: HoldReason = Field(
        description="`RATE` and `QUIET_HOURS` concern all messages; `NEW_CHATS` and `NEW_CHAT_CAP` those that begin a "
        "chat; `REACHOUT_TIMELOCK` those to people who have never written."
    )
    until: Time


class Quota(AnswerModel):
    """What remains of a session's pace."""

    session_id: str = Field(examples=["support"])
    pacing: Pace
    remaining: int | None = Field(description="How many messages may leave now; null: no limit.")
    next_at: Time = Field(description="When the next may leave.")
    new_chats_used: int = Field(
        description="How many chats were begun in the last 24 hours, where there is a limit to them."
    )
    new_chats_remaining: int | None = Field(description="How many more may be begun now; null: no limit.")
    waiting: int = Field(description="Messages that are due and `QUEUED`.")
    restriction: Restriction | None = Field(description="While it holds, and for a day after.")
    holds: list[Hold] = Field(description="What messages wait for at present.")


class Suppression(AnswerModel):
    """A person who isn't written to."""

    address: str = Field(description="By which they opted out.", examples=["15550100200@c.us"])
    phone: Phone
    lid: Lid
    source: SuppressionSource = Field(description="`message`: they sent one of the session's stop words.")
    note: str | None = Field(examples=["Asked on the phone."])
    message_id: str | None = Field(description="The message that asked for it.", examples=[MESSAGE_ID])
    created_at: Time


class SuppressionList(AnswerModel):
    """People who aren't written to, by address."""

    items: list[Suppression]
    next_page_token: NextPageToken


class SuppressionsQuery(QueryModel):
    """Which to list."""

    page_size: Annotated[int, page_size(100, MAX_PAGE)]
    page_token: PageToken = None


class AddSuppressionRequest(RequestModel):
    """Who isn't to be written to any more."""

    address: str = Field(
        description="By either form of the address, or by the phone number.",
        json_schema_extra=forms.USER,
        examples=["+15550100200"],
    )
    note: str | None = Field(
        default=None,
        description=f"Why, for people: at most {MAX_NOTE} characters.",
        json_schema_extra=forms.optional_text(MAX_NOTE),
        examples=["Asked on the phone."],
    )


class RestrictedPayload(AnswerModel):
    """Of `session.restricted`."""

    reason: RestrictionReason
    strikes: int = Field(description="How many in a row.")
    resumes_at: Time


class ResumedPayload(AnswerModel):
    """Of `session.resumed`."""

    reason: RestrictionReason = Field(description="The restriction's.")


class NewChatsUsed(AnswerModel):
    """The chats that were begun within 24 hours."""

    used: int
    limit: int
    next_at: OptionalTime = Field(description="When the next may be begun, where all are; null: now.")


class QuotaPayload(AnswerModel):
    """Of `session.quota`."""

    new_chats: NewChatsUsed


class SuppressionAddedPayload(AnswerModel):
    """Of `suppression.added`."""

    address: str = Field(examples=["15550100200@c.us"])
    source: SuppressionSource
    message_id: str | None = Field(description="The message that asked for it.", examples=[MESSAGE_ID])


class SuppressionRemovedPayload(AnswerModel):
    """Of `suppression.removed`."""

    address: str = Field(examples=["15550100200@c.us"])
