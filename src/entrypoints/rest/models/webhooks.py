"""Webhooks."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from application.ports.webhook_queue import MAX_BACKLOG
from application.webhooks.read_webhooks import MAX_PAGE
from domain.event import PAYLOAD_TYPES
from domain.webhook import GIVE_UP_AFTER, ROTATION_OVERLAP, DeliveryKind, DeliveryOutcome, DisabledReason
from domain.webhook_checks import (
    MAX_DESCRIPTION,
    MAX_GIVE_UP,
    MAX_HEADER_VALUE,
    MAX_HEADERS,
    MAX_OVERLAP,
    MAX_SESSIONS,
    MAX_URL,
    MIN_GIVE_UP,
)
from entrypoints.rest.models import forms
from entrypoints.rest.models.common import (
    EVENT_ID,
    WEBHOOK_ID,
    AnswerModel,
    GivenTime,
    Integer,
    NextPageToken,
    OptionalTime,
    PageToken,
    QueryModel,
    RequestModel,
    Time,
    page_size,
)

_URL = f"An http or https address of at most {MAX_URL} characters, without user name, password or fragment."
_TYPES = f"The wanted types of events; empty: all. There are {', '.join(f'`{name}`' for name in PAYLOAD_TYPES)}."
_SESSIONS = (
    f"The wanted sessions, at most {MAX_SESSIONS}, which needn't exist yet; empty: all of them, and the events that "
    "belong to none."
)
_HEADERS = (
    f"Sent along with each request, at most {MAX_HEADERS}. They may be credentials: answers show their names only. The "
    "request's own (Host, Content-…, webhook-… and those of a connection) can't be set."
)
_URL_FORM: forms.Form = {
    "pattern": r"^https?://(localhost|[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*)"
    r"(:[1-9][0-9]{0,3})?(/[A-Za-z0-9_~.%-]*)*(\?[A-Za-z0-9_~.%=&-]*)?$",
    "maxLength": MAX_URL,
}
_DESCRIPTION_FORM: forms.Form = {"maxLength": MAX_DESCRIPTION, **forms.PRINTABLE}
_TYPES_FORM: forms.Form = {"items": {"type": "string", "enum": sorted(PAYLOAD_TYPES)}}
_SESSIONS_FORM: forms.Form = {"maxItems": MAX_SESSIONS, "items": {"type": "string", **forms.SESSION_ID}}
_HEADERS_FORM: forms.Form = {
    "maxProperties": MAX_HEADERS,
    "propertyNames": {"pattern": "^[Xx]-[0-9A-Za-z-]{1,98}$"},
    "additionalProperties": {"type": "string", "maxLength": MAX_HEADER_VALUE, "pattern": r"^([!-~]([ !-~]*[!-~])?)?$"},
}
_GIVE_UP = "Seconds for which an event is tried before it goes to the dead letters."
_GIVE_UP_LIMITS: dict[str, Any] = {
    "minimum": int(MIN_GIVE_UP.total_seconds()),
    "maximum": int(MAX_GIVE_UP.total_seconds()),
}
_OVERLAP_LIMITS: dict[str, Any] = {"minimum": 0, "maximum": int(MAX_OVERLAP.total_seconds())}
_SECRET = "whsec_…"  # noqa: S105 - an example's form
_BOUND = 10**9
"""Of any span: what is beyond it isn't asked of the use cases, which give the true limits."""


class CreateWebhookRequest(RequestModel):
    """An endpoint to create."""

    url: str = Field(description=_URL, json_schema_extra=_URL_FORM, examples=["https://example.org/hook"])
    description: str = Field(
        default="",
        description=f"For people, at most {MAX_DESCRIPTION} characters.",
        json_schema_extra=_DESCRIPTION_FORM,
    )
    types: list[str] = Field(
        default=[], description=_TYPES, json_schema_extra=_TYPES_FORM, examples=[["message.received"]]
    )
    session_ids: list[str] = Field(
        default=[], description=_SESSIONS, json_schema_extra=_SESSIONS_FORM, examples=[["support"]]
    )
    headers: dict[str, str] = Field(
        default={}, description=_HEADERS, json_schema_extra=_HEADERS_FORM, examples=[{"X-Team": "support"}]
    )
    give_up_after: Integer = Field(
        default=int(GIVE_UP_AFTER.total_seconds()),
        description=_GIVE_UP,
        ge=-_BOUND,
        le=_BOUND,
        json_schema_extra=_GIVE_UP_LIMITS,
    )
    enabled: bool = Field(default=True, description="Whether it gets events.")


class UpdateWebhookRequest(RequestModel):
    """What to change of an endpoint. What isn't given, or is null, stays."""

    url: str | None = Field(default=None, description=_URL, json_schema_extra=_URL_FORM)
    description: str | None = Field(
        default=None, description=f"At most {MAX_DESCRIPTION} characters.", json_schema_extra=_DESCRIPTION_FORM
    )
    types: list[str] | None = Field(
        default=None, description=f"Replaces the whole. {_TYPES}", json_schema_extra=_TYPES_FORM
    )
    session_ids: list[str] | None = Field(
        default=None, description=f"Replaces the whole. {_SESSIONS}", json_schema_extra=_SESSIONS_FORM
    )
    headers: dict[str, str] | None = Field(
        default=None, description=f"Replaces the whole. {_HEADERS}", json_schema_extra=_HEADERS_FORM
    )
    give_up_after: Integer | None = Field(
        default=None, description=_GIVE_UP, ge=-_BOUND, le=_BOUND, json_schema_extra=_GIVE_UP_LIMITS
    )
    enabled: bool | None = Field(default=None, description="False keeps its place; true goes on from there.")


class RotateSecretRequest(RequestModel):
    """How to rotate."""

    overlap: Integer = Field(
        default=int(ROTATION_OVERLAP.total_seconds()),
        description="Seconds for which the present secret signs along.",
        ge=-_BOUND,
        le=_BOUND,
        json_schema_extra=_OVERLAP_LIMITS,
    )


class RedeliverRequest(RequestModel):
    """What to post again."""

    event_id: str = Field(description="An event of the log.", json_schema_extra=forms.EVENT_ID, examples=[EVENT_ID])


class ReplayRequest(RequestModel):
    """From where on. One of the two is given."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": [one], "properties": {one: {"not": {"type": "null"}}, other: {"type": "null"}}}
                for one, other in (("since", "after"), ("after", "since"))
            ]
        }
    )

    since: GivenTime | None = Field(default=None, description="Every event of this time (RFC 3339) or later.")
    after: Integer | None = Field(
        default=None,
        description="Every event behind this cursor: the `sequence` of the last one that isn't wanted again.",
        ge=-(2**63),
        lt=2**63,
        examples=[0],
    )


class ListWebhooksQuery(QueryModel):
    """Which endpoints to list."""

    page_size: Annotated[int, page_size(100, MAX_PAGE)]
    page_token: PageToken = None


class ListDeliveriesQuery(QueryModel):
    """Which tries to list."""

    event_id: str | None = Field(
        default=None, description="Of this event.", json_schema_extra=forms.EVENT_ID, examples=[EVENT_ID]
    )
    outcome: DeliveryOutcome | None = Field(default=None, description="With this outcome.")
    page_size: Annotated[int, page_size(100, MAX_PAGE)]
    page_token: PageToken = None


class Webhook(AnswerModel):
    """An endpoint that events are posted to."""

    id: str = Field(examples=[WEBHOOK_ID])
    url: str = Field(examples=["https://example.org/hook"])
    description: str
    types: list[str] = Field(description="The wanted types; empty: all.")
    session_ids: list[str] = Field(description="The wanted sessions; empty: all.")
    header_names: list[str] = Field(description="The names of the headers that are sent along.")
    configured: bool = Field(description="Whether the setting `WEBHOOK_URL` made it.")
    enabled: bool = Field(description="Whether it gets events.")
    disabled_reason: DisabledReason | None = Field(description="Why it gets none.")
    disabled_at: OptionalTime
    failing_since: str | None = Field(
        description="Since when nothing but failures came; null when the last try went well."
    )
    give_up_after: int = Field(description=_GIVE_UP, examples=[int(GIVE_UP_AFTER.total_seconds())])
    previous_secret_expires_at: str | None = Field(description="Until when the secret before this one signs along.")
    created_at: Time
    updated_at: Time


class NewWebhook(Webhook):
    """An endpoint with its secret, which is shown this once."""

    secret: str = Field(description="`whsec_` and base64: what to check signatures with.", examples=[_SECRET])


class WebhookReport(Webhook):
    """An endpoint and how it fares."""

    backlog: int = Field(description=f"How many events wait for it, counted up to {MAX_BACKLOG}.")
    dead_letters: int = Field(description="How many events were given up.")
    last_success_at: str | None = Field(description="When it last took one, as far back as the delivery log is kept.")


class WebhookList(AnswerModel):
    """Endpoints in the order of their ids."""

    items: list[Webhook]
    next_page_token: NextPageToken


class Delivery(AnswerModel):
    """One try to post an event."""

    event_id: str = Field(description="Also the `webhook-id` header.", examples=[EVENT_ID])
    event_type: str = Field(description="`webhook.test` for a test.", examples=["message.received"])
    session_id: str | None = Field(examples=["support"])
    kind: DeliveryKind = Field(description="What caused it.")
    attempt: int = Field(description="The how manieth try of this event.", examples=[1])
    at: Time
    took_ms: int = Field(examples=[42])
    outcome: DeliveryOutcome
    http_status: int | None = Field(description="Of the answer; null when there was none.", examples=[204])
    detail: str | None = Field(description="A sentence for people, where there is more to say.")


class DeliveryList(AnswerModel):
    """Tries, newest first."""

    items: list[Delivery]
    next_page_token: NextPageToken


class DeadLetter(AnswerModel):
    """An event that was given up for an endpoint."""

    event_id: str = Field(examples=[EVENT_ID])
    event_type: str = Field(examples=["message.received"])
    session_id: str | None = Field(examples=["support"])
    sequence: int = Field(description="Its place in the event log.", examples=[42])
    attempts: int = Field(description="How often it was tried.", examples=[17])
    first_failed_at: Time
    given_up_at: Time
    outcome: DeliveryOutcome = Field(description="Of the last try.")
    http_status: int | None = Field(description="Of the last answer; null when there was none.", examples=[500])


class DeadLetterList(AnswerModel):
    """Dead letters in the order of the event log."""

    items: list[DeadLetter]
    next_page_token: NextPageToken
