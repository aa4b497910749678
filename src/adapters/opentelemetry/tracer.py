"""Traces by OpenTelemetry."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, override

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from application.ports.tracer import Span, SpanKind, Tracer

_HEADER: Final = "traceparent"
_FORMAT: Final = TraceContextTextMapPropagator()
_KINDS: Final = {
    SpanKind.SERVER: trace.SpanKind.SERVER,
    SpanKind.INTERNAL: trace.SpanKind.INTERNAL,
    SpanKind.PRODUCER: trace.SpanKind.PRODUCER,
    SpanKind.CONSUMER: trace.SpanKind.CONSUMER,
    SpanKind.CLIENT: trace.SpanKind.CLIENT,
}


class OpenTelemetryTracer(Tracer):
    """Makes spans of a provider's, which decides what is sampled and where it goes."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("pombo")

    @override
    @contextmanager
    def span(
        self, name: str, *, kind: SpanKind = SpanKind.INTERNAL, parent: str | None = None, **notes: str | int
    ) -> Iterator[Span]:
        with self._tracer.start_as_current_span(
            name,
            context=None if parent is None else _FORMAT.extract({_HEADER: parent}, Context()),
            kind=_KINDS[kind],
            attributes=notes,
            # What an exception says may be anybody's text.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            yield _Span(span)

    @override
    def current(self) -> str | None:
        carrier: dict[str, str] = {}
        _FORMAT.inject(carrier)
        return carrier.get(_HEADER)


class _Span(Span):
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @override
    def note(self, name: str, value: str | int) -> None:
        self._span.set_attribute(name, value)

    @override
    def rename(self, name: str) -> None:
        self._span.update_name(name)

    @override
    def fail(self, reason: str) -> None:
        self._span.set_attribute("error.type", reason)
        self._span.set_status(Status(StatusCode.ERROR, reason))
