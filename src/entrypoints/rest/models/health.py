"""Health."""

from typing import Literal

from pydantic import Field

from entrypoints.rest.models.common import AnswerModel


class Liveness(AnswerModel):
    """The process answers."""

    status: Literal["live"]


class PartHealth(AnswerModel):
    """A part that the gateway needs."""

    name: str = Field(examples=["postgres"])
    ready: bool
    problem: str | None = Field(description="What is wrong with it; null when it answers.")


class Readiness(AnswerModel):
    """Every part answers."""

    status: Literal["ready"]
    parts: list[PartHealth]
