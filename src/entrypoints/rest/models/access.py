"""Users and API keys."""

from typing import Annotated, Any

from pydantic import Field

from application.access.manage_users import MAX_PAGE
from domain.access import ROTATION_OVERLAP, Role
from domain.access_checks import MAX_OVERLAP
from domain.webhook_checks import MAX_SESSIONS
from entrypoints.rest.models import forms
from entrypoints.rest.models.common import (
    API_KEY_ID,
    USER_ID,
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

_NAME = "For people, 1 to 100 printable characters."
_CEILING = "A ceiling: none of the user's keys may do more, whatever its own role."
_ROLE = "What it may do, at most what its user may."
_SESSIONS = "The sessions that it may see; empty: all."
_EXPIRY = "When it ends, RFC 3339, within ten years; null: never by itself."
_SESSIONS_FORM: forms.Form = {"maxItems": MAX_SESSIONS, "items": {"type": "string", **forms.SESSION_ID}}
_SECRET = "pombo_…"  # noqa: S105 - an example's form
_BOUND = 10**9
"""Of any span: what is beyond it isn't asked of the use cases, which give the true limits."""
_OVERLAP_LIMITS: dict[str, Any] = {"minimum": 0, "maximum": int(MAX_OVERLAP.total_seconds())}

# An enumeration isn't a JSON type: a string is one here, also where nothing else is converted.
GivenRole = Annotated[Role, Field(strict=False)]


class CreateUserRequest(RequestModel):
    """A user to create."""

    name: str = Field(description=_NAME, json_schema_extra=forms.NAME, examples=["Support desk"])
    role: GivenRole = Field(description=_CEILING, examples=["operator"])


class UpdateUserRequest(RequestModel):
    """What to change of a user. What isn't given, or is null, stays."""

    name: str | None = Field(default=None, description=_NAME, json_schema_extra=forms.NAME, examples=["Support desk"])
    role: GivenRole | None = Field(default=None, description=_CEILING)
    disabled: bool | None = Field(default=None, description="True shuts all of the user's keys out at once.")


class CreateApiKeyRequest(RequestModel):
    """A key to make."""

    user_id: str = Field(description="Whose it is to be.", json_schema_extra=forms.USER_ID, examples=[USER_ID])
    name: str = Field(description=_NAME, json_schema_extra=forms.NAME, examples=["Ticket system"])
    role: GivenRole = Field(description=_ROLE, examples=["sender"])
    session_ids: list[str] = Field(
        default=[],
        description=f"{_SESSIONS} At most {MAX_SESSIONS}, which needn't exist yet. None with the role `admin`.",
        json_schema_extra=_SESSIONS_FORM,
        examples=[["support"]],
    )
    expires_at: GivenTime | None = Field(default=None, description=_EXPIRY)


class RotateApiKeyRequest(RequestModel):
    """How to replace a key."""

    overlap: Integer = Field(
        default=int(ROTATION_OVERLAP.total_seconds()),
        description="Seconds for which the key goes on beside its successor; 0 ends it at once.",
        ge=-_BOUND,
        le=_BOUND,
        json_schema_extra=_OVERLAP_LIMITS,
    )
    expires_at: GivenTime | None = Field(
        default=None, description="When the successor ends; without it, it lasts as long as the key was to last."
    )


class ListUsersQuery(QueryModel):
    """Which users to list."""

    page_size: Annotated[int, page_size(100, MAX_PAGE)]
    page_token: PageToken = None


class ListApiKeysQuery(QueryModel):
    """Which keys to list."""

    user_id: str | None = Field(
        default=None, description="Of this user.", json_schema_extra=forms.USER_ID, examples=[USER_ID]
    )
    page_size: Annotated[int, page_size(100, MAX_PAGE)]
    page_token: PageToken = None


class User(AnswerModel):
    """Somebody, or something, that API keys belong to."""

    id: str = Field(examples=[USER_ID])
    name: str = Field(examples=["Support desk"])
    role: Role = Field(description=_CEILING)
    disabled: bool = Field(description="Whether none of the user's keys works.")
    disabled_at: OptionalTime
    created_at: Time
    updated_at: Time


class UserList(AnswerModel):
    """Users in the order of their ids."""

    items: list[User]
    next_page_token: NextPageToken


class ApiKey(AnswerModel):
    """What is known of a key. The key itself isn't kept anywhere."""

    id: str = Field(description="No secret.", examples=[API_KEY_ID])
    user_id: str = Field(examples=[USER_ID])
    name: str = Field(examples=["Ticket system"])
    role: Role = Field(description=_ROLE)
    session_ids: list[str] = Field(description=_SESSIONS, examples=[["support"]])
    hint: str = Field(description="The key's first characters, by which people tell keys apart.")
    created_at: Time
    expires_at: str | None = Field(description=_EXPIRY)
    revoked_at: OptionalTime
    last_used_at: str | None = Field(description="When it was last used, to ten minutes; null: never.")
    replaced_by: str | None = Field(description="The key that replaces it; null: none does.")


class NewApiKey(ApiKey):
    """A key that was just made."""

    secret: str | None = Field(
        description="The key itself, shown this once; null where the same request is answered again.",
        examples=[_SECRET],
    )


class ApiKeyList(AnswerModel):
    """Keys in the order of their ids, those that have ended too."""

    items: list[ApiKey]
    next_page_token: NextPageToken
