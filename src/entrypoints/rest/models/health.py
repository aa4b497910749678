"""Health."""

from typing import Literal

from pydantic import Field

from entrypoints.rest.models.common import AnswerModel


class Liveness(AnswerModel):
    """The process answers."""

    status: Literal["live"]


class PartHealth(AnswerModel):
    """A part of the gateway."""

    name: str = Field(examples=["postgres"])
    ready: bool
    problem: str | None = Field(description="What is wrong with it; null when it answers.")
    needed: bool = Field(description="Whether the gateway isn't ready without it.")


class Readiness(AnswerModel):
    """Every part answers that is needed."""

    status: Literal["ready"]
    parts: list[PartHealth]
