"""Tracers keep the contract of their port."""

from collections.abc import Sequence
from typing import override

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from adapters.memory.tracer import MemoryTracer
from adapters.opentelemetry.exporter import traces_url
from adapters.opentelemetry.tracer import OpenTelemetryTracer
from application.observability.untraced import UNTRACED
from tests.contracts.tracer import Ended, Traced, TracerContract


class _OpenTelemetry(Traced):
    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._tracer = OpenTelemetryTracer(provider)

    @property
    @override
    def tracer(self) -> OpenTelemetryTracer:
        return self._tracer

    @override
    def ended(self) -> Sequence[Ended]:
        return [_ended(span) for span in self._exporter.get_finished_spans()]


def _ended(span: ReadableSpan) -> Ended:
    assert span.context is not None
    assert not span.events
    return Ended(
        name=span.name,
        kind=span.kind.name.lower(),
        trace_id=f"{span.context.trace_id:032x}",
        span_id=f"{span.context.span_id:016x}",
        parent_id=None if span.parent is None else f"{span.parent.span_id:016x}",
        notes=dict(span.attributes or {}),
        failure=span.status.description if span.status.status_code is StatusCode.ERROR else None,
    )


class _Memory(Traced):
    def __init__(self) -> None:
        self._tracer = MemoryTracer()

    @property
    @override
    def tracer(self) -> MemoryTracer:
        return self._tracer

    @override
    def ended(self) -> Sequence[Ended]:
        return [
            Ended(
                name=span.name,
                kind=span.kind,
                trace_id=span.trace_id,
                span_id=span.span_id,
                parent_id=span.parent_id,
                notes=span.notes,
                failure=span.failure,
            )
            for span in self._tracer.spans
        ]


class TestOpenTelemetryTracer(TracerContract):
    @pytest.fixture
    def traced(self) -> Traced:
        return _OpenTelemetry()


class TestMemoryTracer(TracerContract):
    @pytest.fixture
    def traced(self) -> Traced:
        return _Memory()


def test_without_a_tracer_a_span_is_nothing() -> None:
    first, second = UNTRACED.span("one", session_id="sales"), UNTRACED.span("two")
    assert first is second
    with first as span:
        span.note("attempt", 1)
        assert UNTRACED.current() is None


def test_a_collectors_address_stands_for_its_path() -> None:
    assert traces_url("http://collector:4318") == "http://collector:4318/v1/traces"
    assert traces_url("https://collector:4318/") == "https://collector:4318/v1/traces"
    assert traces_url("http://collector/otlp/v1/traces") == "http://collector/otlp/v1/traces"
