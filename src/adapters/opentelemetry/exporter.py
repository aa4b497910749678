"""Sends spans to a collector."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from adapters.opentelemetry.tracer import OpenTelemetryTracer

_FAREWELL_SECONDS: Final = 2.0
"""How long the last spans may take to leave: a collector that is away must not keep the gateway from ending."""
_EXPORT_SECONDS: Final = 5.0


@asynccontextmanager
async def open_tracer(url: str, *, version: str) -> AsyncIterator[OpenTelemetryTracer]:
    """A tracer whose spans go to a collector by OTLP over HTTP, in a thread of its own.

    What OpenTelemetry's own variables say holds besides: the service's name, the sampler, headers, certificates.
    """
    ours = Resource({SERVICE_NAME: "pombo", SERVICE_VERSION: version})
    provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=traces_url(url), timeout=_EXPORT_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield OpenTelemetryTracer(provider)
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await asyncio.to_thread(provider.shutdown)


def traces_url(url: str) -> str:
    """Where traces go: a collector's address stands for its usual path."""
    parts = urlsplit(url)
    return url if parts.path.strip("/") else urlunsplit(parts._replace(path="/v1/traces"))
