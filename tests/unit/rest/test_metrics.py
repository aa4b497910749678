"""``/metrics``: who may read it, and what requests leave there."""

from collections.abc import AsyncIterator

import pytest

from adapters.memory.metrics import MemoryMetrics
from adapters.memory.tracer import MemoryTracer
from application.observability import catalogue
from application.observability.instruments import Instruments
from domain.errors import UnavailableError
from entrypoints.rest.app import create_app
from entrypoints.rest.config import RestConfig

from .gateway import Client, Gateway, running

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def metrics() -> MemoryMetrics:
    return MemoryMetrics(catalogue.MEASURES)


@pytest.fixture
def tracer() -> MemoryTracer:
    return MemoryTracer()


@pytest.fixture
async def gateway(metrics: MemoryMetrics, tracer: MemoryTracer) -> AsyncIterator[Gateway]:
    async with running(Gateway(RestConfig(instruments=Instruments(metrics=metrics, tracer=tracer)))) as gateway:
        yield gateway


async def test_it_is_text_that_prometheus_reads(client: Client) -> None:
    answer = await client.get("/metrics")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    text = answer.body.decode()
    assert 'pombo_part_up{part="database"} 1.0' in text
    assert 'pombo_sessions{status="WORKING"} 0.0' in text
    assert "pombo_leases_held 0.0" in text


async def test_it_wants_a_key_unless_the_settings_say_otherwise(gateway: Gateway) -> None:
    without = Client(gateway.app, key=None)
    assert (await without.get("/metrics")).reason == "API_KEY_MISSING"
    opened = Client(create_app(gateway.use_cases, RestConfig(metrics="open")), key=None)
    assert (await opened.get("/metrics")).status == 200
    assert (await opened.get("/api/v1/sessions")).status == 401
    closed = Client(create_app(gateway.use_cases, RestConfig(metrics="off")))
    assert (await closed.get("/metrics")).reason == "ROUTE_NOT_FOUND"


async def test_requests_are_measured_by_their_route_and_never_by_their_path(
    client: Client, metrics: MemoryMetrics
) -> None:
    await client.get("/api/v1/sessions/5511987654321")
    await client.get("/nowhere/5511987654321?key=secret")
    await client.call("BREW", "/api/v1/sessions")
    assert len(metrics.observed(catalogue.REQUESTS, "rest", "GET /api/v1/sessions/{session_id}", "404")) == 1
    assert len(metrics.observed(catalogue.REQUESTS, "rest", "unmatched", "404")) == 1
    assert len(metrics.observed(catalogue.REQUESTS)) == 3
    assert "5511987654321" not in metrics.text()
    assert "BREW" not in metrics.text()


async def test_a_request_goes_on_with_its_callers_trace(client: Client, tracer: MemoryTracer) -> None:
    await client.call("GET", "/api/v1/sessions", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    span = tracer.spans[-1]
    assert (span.trace_id, span.parent_id) == (TRACE, "00f067aa0ba902b7")
    assert (span.name, span.notes["status"]) == ("GET /api/v1/sessions", "200")
    assert span.failure is None


async def test_a_failure_of_ours_shows_in_the_trace(gateway: Gateway, tracer: MemoryTracer) -> None:
    gateway.break_database(UnavailableError("DATABASE_UNAVAILABLE", "+55 11 98765-4321"))
    assert (await gateway.client.get("/api/v1/sessions")).status == 503
    gateway.database.fault = None
    assert tracer.spans[-1].failure == "DATABASE_UNAVAILABLE"
    assert "4321" not in str(tracer.spans)
