"""The audit log."""

from typing import Annotated

from pydantic import Field

from application.audit.read_log import MAX_PAGE
from domain.audit import AuditTransport
from entrypoints.rest.models import forms
from entrypoints.rest.models.common import (
    API_KEY_ID,
    USER_ID,
    AnswerModel,
    GivenTime,
    NextPageToken,
    PageToken,
    QueryModel,
    Time,
    page_size,
)

_HASH: forms.Form = {"pattern": "^[0-9a-f]{64}$"}
_KINDS = "`message`, `media`, `webhook`, `user`, `api_key`, `event`, `group`, `chat`, `contact`"


class ListAuditLogQuery(QueryModel):
    """Which entries to list: those that fit all that is given."""

    since: GivenTime | None = Field(default=None, description="From this time on, RFC 3339.")
    until: GivenTime | None = Field(default=None, description="Before this time, RFC 3339.")
    user_id: str | None = Field(
        default=None, description="Of this user's keys.", json_schema_extra=forms.USER_ID, examples=[USER_ID]
    )
    key_id: str | None = Field(
        default=None, description="Of this key.", json_schema_extra=forms.API_KEY_ID, examples=[API_KEY_ID]
    )
    operation: str | None = Field(
        default=None,
        description="What was asked for, as the entries name it.",
        json_schema_extra=forms.WORD,
        examples=["deleteSession"],
    )
    session_id: str | None = Field(
        default=None, description="About this session.", json_schema_extra=forms.SESSION_ID, examples=["support"]
    )
    result: str | None = Field(
        default=None,
        description="With this result, as the entries name it.",
        json_schema_extra=forms.WORD,
        examples=["ROLE_TOO_LOW"],
    )
    page_size: Annotated[int, page_size(100, MAX_PAGE)]
    page_token: PageToken = None


class AuditActor(AnswerModel):
    """Who did something."""

    user_id: str | None = Field(description="The user whose key it was; null: nobody's.", examples=[USER_ID])
    key_id: str | None = Field(description="The key; null also for the one of the settings.", examples=[API_KEY_ID])
    name: str = Field(
        description="What the key was called then; `gateway`: the gateway itself; `unknown`: a key that isn't known.",
        examples=["Ticket system"],
    )


class AuditEntry(AnswerModel):
    """Who did what to what, from where, with which result. It is never changed."""

    sequence: int = Field(description="Its place: one more than that of the entry before.", examples=[4711])
    time: Time = Field(description="When it was asked for.")
    operation: str = Field(description="What was asked for: the operation's id in this document.")
    result: str = Field(
        description="`OK`, or the reason of the error; `OPENED`: a stream began; `CANCELED`: the caller left before "
        "the end; `UNKNOWN`: the gateway ended before the end.",
        examples=["OK"],
    )
    transport: AuditTransport = Field(description="How it was asked for; `gateway`: nobody asked.")
    actor: AuditActor
    address: str | None = Field(description="Where the call came from.", examples=["192.0.2.7"])
    request_id: str | None = Field(description="The call's id, which the log's lines have, too.")
    session_id: str | None = Field(description="The session that it was about.", examples=["support"])
    targets: list[str] = Field(
        description=f"What else it was about, each as `kind:id`. Kinds: {_KINDS}, or what the gateway's own work is "
        "about, as `migration`. Of what may hold a phone number, the last four digits.",
        examples=[["message:msg_01KB5D9R6T3N8W2XQ4V7Y0Z1AC"]],
    )
    count: int = Field(
        description="How many there were: messages of one call, or refused calls that this entry stands for.",
        examples=[1],
    )
    previous_hash: str = Field(description="The hash of the entry before.", json_schema_extra=_HASH)
    hash: str = Field(
        description="SHA-256 over the previous hash and what this entry says; docs/audit.md says how.",
        json_schema_extra=_HASH,
    )


class AuditLogPage(AnswerModel):
    """Entries, newest first."""

    items: list[AuditEntry]
    next_page_token: NextPageToken
