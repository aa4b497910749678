"""Traces in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count
from re import compile as regex
from typing import Final, override

from application.ports.tracer import Span, SpanKind, Tracer

_PARENT: Final = regex(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")


@dataclass(slots=True, kw_only=True)
class MemorySpan(Span):
    """A span, which stays as it ended."""

    name: str
    kind: SpanKind
    trace_id: str
    span_id: str
    parent_id: str | None
    notes: dict[str, str | int] = field(default_factory=dict)
    failure: str | None = None

    @override
    def note(self, name: str, value: str | int) -> None:
        self.notes[name] = value

    @override
    def rename(self, name: str) -> None:
        self.name = name

    @override
    def fail(self, reason: str) -> None:
        self.failure = reason


class MemoryTracer(Tracer):
    """Keeps the spans that are over, in the order of their ends."""

    def __init__(self) -> None:
        self.spans: list[MemorySpan] = []
        self._numbers = count(1)
        self._current: ContextVar[MemorySpan | None] = ContextVar("current-span", default=None)

    @override
    @contextmanager
    def span(
        self, name: str, *, kind: SpanKind = SpanKind.INTERNAL, parent: str | None = None, **notes: str | int
    ) -> Iterator[Span]:
        trace_id, parent_id = self._parent(parent)
        number = next(self._numbers)
        span = MemorySpan(
            name=name,
            kind=kind,
            trace_id=trace_id or f"{number:032x}",
            span_id=f"{number:016x}",
            parent_id=parent_id,
            notes=dict(notes),
        )
        token = self._current.set(span)
        try:
            yield span
        finally:
            self._current.reset(token)
            self.spans.append(span)

    @override
    def current(self) -> str | None:
        span = self._current.get()
        return None if span is None else f"00-{span.trace_id}-{span.span_id}-01"

    def _parent(self, given: str | None) -> tuple[str | None, str | None]:
        if given is not None:
            known = _PARENT.fullmatch(given)
            return (None, None) if known is None else (known[1], known[2])
        span = self._current.get()
        return (None, None) if span is None else (span.trace_id, span.span_id)
