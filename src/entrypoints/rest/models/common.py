"""What the models share."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

MESSAGE_ID: Final = "msg_01KB5D9R6T3N8W2XQ4V7Y0Z1AC"
EVENT_ID: Final = "evt_01KB5D9R6T3N8W2XQ4V7Y0Z1AD"
WEBHOOK_ID: Final = "whk_01KB5D9R6T3N8W2XQ4V7Y0Z1AE"
USER_ID: Final = "usr_01KB5D9R6T3N8W2XQ4V7Y0Z1AF"
API_KEY_ID: Final = "key_01KB5D9R6T3N8W2XQ4V7Y0Z1AG"
WHATSAPP_ID: Final = "true_15550100200@c.us_3EB0A1B2C3D4E5F6071829"
TIME: Final = "2026-11-22T14:03:21.482913Z"

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class RequestModel(BaseModel):
    """A request: unknown fields are refused, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class QueryModel(BaseModel):
    """A query string: unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AnswerModel(BaseModel):
    """An answer. Further fields may be added to it at any time."""

    model_config = ConfigDict(frozen=True)


def page_size(default: int, maximum: int) -> Any:
    """A page's size. The use case enforces the limits, so that both transports give the same reason."""
    return Field(
        default=default,
        description=f"Items on a page, 1 to {maximum}.",
        json_schema_extra={"minimum": 1, "maximum": maximum},
    )


def _no_number(value: Any) -> Any:
    """Pydantic takes a number for a Unix time, in seconds or milliseconds as it sees fit."""
    if not isinstance(value, str) or not _DATE.match(value):
        raise PydanticCustomError("not_a_time", "Give a time as RFC 3339 has it, like 2026-11-22T14:03:21Z")
    return value


def _whole(value: Any) -> Any:
    """JSON has one kind of numbers: 60.0 is 60."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Integer = Annotated[int, BeforeValidator(_whole)]
GivenTime = Annotated[
    # JSON has no times: a string is one here, also where nothing else is converted. The limits keep every time zone's
    # offset from leading out of what a datetime can hold.
    AwareDatetime,
    Field(strict=False, ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(9999, 1, 1, tzinfo=UTC)),
    BeforeValidator(_no_number),
]
Time = Annotated[str, Field(description="RFC 3339 in UTC.", json_schema_extra={"format": "date-time"}, examples=[TIME])]
OptionalTime = Annotated[
    str | None,
    Field(description="RFC 3339 in UTC; null when it hasn't happened or wasn't seen.", examples=[TIME]),
]
NextPageToken = Annotated[
    str | None, Field(description="Give it as `page_token` to get the next page; null on the last one.")
]
PageToken = Annotated[
    str | None, Field(description="The `next_page_token` of the page before. Opaque.", max_length=512)
]
