"""What operators see of a gateway that runs: health, measurements, and a trace from the request to the page."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp.web
import grpc.aio
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from entrypoints.grpc.gen.pombo.v1 import health_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.health_service_pb2_grpc import HealthServiceStub

from .conftest import ANA, BEN, serving
from .processes import Gateway, Sandbox, until


@dataclass
class Collector:
    """Takes traces, as OpenTelemetry's own does."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)

    async def take(self, request: aiohttp.web.Request) -> aiohttp.web.Response:
        body = await request.read()
        export = ExportTraceServiceRequest.FromString(body)
        for resource in export.resource_spans:
            names = {each.key: each.value.string_value for each in resource.resource.attributes}
            assert names["service.name"] == "pombo"
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        return aiohttp.web.Response(
            body=ExportTraceServiceResponse().SerializeToString(), content_type="application/x-protobuf"
        )

    def of(self, trace_id: str) -> dict[str, Span]:
        return {span.name: span for span in self.spans if span.trace_id.hex() == trace_id}


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    collector = Collector()
    app = aiohttp.web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        await runner.cleanup()


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as collector:
        yield collector


@pytest.fixture
async def gateway(sandbox: Sandbox, tmp_path: Path, collector: Collector) -> AsyncIterator[Gateway]:
    settings = {"POMBO_OTLP_URL": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100", "POMBO_LOG_LEVEL": "debug"}
    async with serving(tmp_path, sandbox, **settings) as gateway:
        yield gateway


async def figures(gateway: Gateway) -> Mapping[str, float]:
    async with gateway.http.get(f"{gateway.url}/metrics") as answer:
        assert answer.status == 200
        lines = (await answer.text()).splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


async def test_health_tells_each_part_and_each_session(
    gateway: Gateway, sandbox: Sandbox, collector: Collector
) -> None:
    await gateway.link("ana", sandbox, ANA)
    health = await gateway.call("GET", "/api/v1/health")
    assert health["ready"] is True
    assert {part["name"] for part in health["parts"]} >= {"postgres", "redis", "browser", "disk", "snapshots"}
    (session,) = health["sessions"]
    assert (session["id"], session["sound"], session["status"], session["waiting"]) == ("ana", True, "WORKING", 0)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel:
        answer = await HealthServiceStub(channel).GetHealth(
            pb.GetHealthRequest(), metadata=(("x-api-key", gateway.key),)
        )
    assert answer.ready
    assert [(each.session_id, each.gateway) for each in answer.sessions] == [("ana", session["gateway"])]

    # One message there and one back, under a trace of its caller's.
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    body = {"session_id": "ana", "to": BEN, "type": "text", "text": {"body": "sent-Quokka-7"}}
    headers = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
    async with gateway.http.post(f"{gateway.url}/api/v1/messages/send", json=body, headers=headers) as sent:
        assert sent.status == 201
    await sandbox.send(BEN, ANA, "came-Wombat-7")
    await until(lambda: _received(gateway))
    told = await figures(gateway)
    assert told['pombo_sessions{status="WORKING"}'] == 1
    assert told['pombo_send_seconds_count{kind="text"}'] == 1
    assert told['pombo_page_send_seconds_count{kind="text",outcome="sent"}'] == 1
    assert told["pombo_leases_held"] == 1
    assert told["pombo_browser_memory_bytes"] > 10_000_000
    assert told["pombo_database_wait_seconds_count"] > 0
    assert told["process_resident_memory_bytes"] > 0
    assert all(value == 1 for name, value in told.items() if name.startswith("pombo_part_up"))

    async def traced() -> dict[str, Span] | None:
        spans = collector.of(trace_id)
        return spans if {"POST /api/v1/messages/send", "page.send", "outbox.dispatch"} <= spans.keys() else None

    spans = await until(traced)
    parents = {name: span.parent_span_id for name, span in spans.items()}
    assert parents["POST /api/v1/messages/send"].hex() == "00f067aa0ba902b7"
    assert parents["messages.accept"] == spans["POST /api/v1/messages/send"].span_id
    assert parents["outbox.dispatch"] == spans["messages.accept"].span_id
    assert parents["page.send"] == spans["outbox.dispatch"].span_id

    assert await gateway.stop() == 0
    log = gateway.log.read_text()
    assert f'"trace_id": "{trace_id}"' in log
    for secret in (gateway.key, "sent-Quokka-7", "came-Wombat-7", ANA, BEN):
        assert secret not in log, re.findall(rf".{{200}}{re.escape(secret)}.{{50}}", log)
        assert secret not in str(collector.spans)


async def _received(gateway: Gateway) -> bool | None:
    return bool(await gateway.events("message.received")) or None
