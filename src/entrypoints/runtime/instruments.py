"""What the gateway is measured and traced with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from adapters.opentelemetry.exporter import open_tracer
from adapters.prometheus.metrics import PrometheusMetrics
from application.observability.catalogue import BUILD, MEASURES
from application.observability.instruments import Instruments
from entrypoints.settings import Settings

_VERSION: Final = "0.1.0"


@asynccontextmanager
async def open_instruments(settings: Settings) -> AsyncIterator[Instruments]:
    """Both, for the time of the context. Without a collector nothing is traced."""
    metrics = PrometheusMetrics(MEASURES)
    metrics.show(BUILD, {(_VERSION,): 1})
    if settings.otlp_url is None:
        yield Instruments(metrics=metrics)
        return
    async with open_tracer(settings.otlp_url, version=_VERSION) as tracer:
        yield Instruments(metrics=metrics, tracer=tracer)
