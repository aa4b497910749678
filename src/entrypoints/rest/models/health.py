"""Health."""

from typing import Literal

from pydantic import Field

from domain.session import SessionStatus, StatusReason, Wanted
from entrypoints.rest.models.common import AnswerModel, Time


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


class SessionHealth(AnswerModel):
    """A session."""

    id: str = Field(examples=["support"])
    sound: bool = Field(description="Whether it does what is wanted of it: it works, or shall not run.")
    wanted: Wanted
    status: SessionStatus
    status_reason: StatusReason
    status_at: Time
    waiting: int = Field(description="Outbound messages that are due and wait.")
    sending: int = Field(description="Outbound messages with the page, or of unknown fate.")
    put_off: int = Field(description="Outbound messages whose time hasn't come.")
    oldest_due_at: Time | None = Field(description="Since when the first of the waiting ones has been due.")
    gateway: str | None = Field(description="The gateway that runs it, by its data directory's id.")
    epoch: int = Field(description="Of its newest lease: grows each time that a gateway takes it.")


class GatewayHealth(AnswerModel):
    """How everything is."""

    ready: bool = Field(description="Whether every part answers that the gateway needs.")
    parts: list[PartHealth]
    sessions: list[SessionHealth] | None = Field(
        description="All sessions, in the order of their ids; null while the database can't tell."
    )
