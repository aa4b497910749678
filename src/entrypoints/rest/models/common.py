"""What the models share."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

MESSAGE_ID: Final = "msg_01KB5D9R6T3N8W2XQ4V7Y0Z1AC"
EVENT_ID: Final = "evt_01KB5D9R6T3N8W2XQ4V7Y0Z1AD"
WEBHOOK_ID: Final = "whk_01KB5D9R6T3N8W2XQ4V7Y0Z1AE"
WHATSAPP_ID: Final = "true_15550100200@c.us_3EB0A1B2C3D4E5F6071829"
TIME: Final = "2026-11-22T14:03:21.482913Z"


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
