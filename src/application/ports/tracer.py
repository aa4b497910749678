"""Traces of what happens, across tasks, processes and time."""

from abc import abstractmethod
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Protocol


class SpanKind(StrEnum):
    """What a span is to the others of its trace."""

    SERVER = "server"
    """Answers somebody's request."""
    INTERNAL = "internal"
    PRODUCER = "producer"
    """Puts something into a queue."""
    CONSUMER = "consumer"
    """Takes it out of there."""
    CLIENT = "client"
    """Asks something of another: of the page."""


class Span(Protocol):
    """A piece of work, while it is done. What is noted obeys the same rule as a log: no contents, numbers or keys."""

    @abstractmethod
    def note(self, name: str, value: str | int) -> None:
        """Says something of it."""

    @abstractmethod
    def rename(self, name: str) -> None:
        """Gives it a better name than it began with."""

    @abstractmethod
    def fail(self, reason: str) -> None:
        """Says that it failed, and why, in a public reason."""


class Tracer(Protocol):
    """Makes spans. One that is begun while another lasts is its child."""

    @abstractmethod
    def span(
        self, name: str, *, kind: SpanKind = SpanKind.INTERNAL, parent: str | None = None, **notes: str | int
    ) -> AbstractContextManager[Span]:
        """A span for the time of the context. An exception passes, and isn't described: its text may hold anything.

        Args:
            name: of the kind of work; few different ones.
            kind: what it is to others.
            parent: W3C's ``traceparent`` of a span elsewhere, or of long ago, whose child it is; what can't be read
                counts as none.
            notes: what is known of it.
        """

    @abstractmethod
    def current(self) -> str | None:
        """The ``traceparent`` of the span that lasts, for others to go on with; None where nothing is traced."""
