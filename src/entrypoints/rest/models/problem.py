"""Errors."""

from typing import Any

from pydantic import Field

from entrypoints.rest.models.common import AnswerModel


class FieldProblem(AnswerModel):
    """A field at fault."""

    field: str = Field(description="A path into the body, or the name of a parameter.", examples=["text.mentions[2]"])
    message: str = Field(examples=["This field is required."])


class Problem(AnswerModel):
    """An error, as RFC 9457 has it. Tell errors apart by `reason`; the texts are for people and may change."""

    type: str = Field(description="Always `about:blank`.", examples=["about:blank"])
    title: str = Field(description="The kind of error.", examples=["Not found"])
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(description="What went wrong, and what to do.")
    reason: str = Field(description="The error's stable name, the same over gRPC.", examples=["SESSION_NOT_FOUND"])
    metadata: dict[str, str] = Field(description="Details for programs.")
    errors: list[FieldProblem] = Field(description="The fields at fault, where it is fields.")
    retry_after: int | None = Field(description="Seconds to wait before trying again, where that is known.")
    request_id: str | None = Field(description="The request's id, as in the `X-Request-ID` header and the log.")


class NotReadyProblem(Problem):
    """The gateway isn't ready: some part doesn't answer."""

    parts: list[dict[str, Any]] = Field(description="Every part: `name`, `ready` and `problem`.")
