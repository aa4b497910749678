"""Measurements for Prometheus."""

from collections.abc import Iterable, Mapping, Sequence
from typing import override

from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from application.ports.metrics import Kind, Measure, Metrics


class PrometheusMetrics(Metrics):
    """In a registry of its own, beside what there is to tell of the process.

    Args:
        measures: all that there are; those of no other can be taken.
    """

    def __init__(self, measures: Sequence[Measure]) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        self._counters = {each.name: _counter(each, registry) for each in measures if each.kind is Kind.COUNTER}
        self._histograms = {each.name: _histogram(each, registry) for each in measures if each.kind is Kind.HISTOGRAM}
        self._gauges = {each.name: _Gauge(each) for each in measures if each.kind is Kind.GAUGE}
        for gauge in self._gauges.values():
            registry.register(gauge)
        ProcessCollector(registry=registry)
        registry.register(PLATFORM_COLLECTOR)
        registry.register(GC_COLLECTOR)

    @override
    def add(self, measure: Measure, *labels: str, amount: float = 1) -> None:
        counter = self._counters[measure.name]
        (counter.labels(*labels) if labels else counter).inc(amount)

    @override
    def observe(self, measure: Measure, value: float, *labels: str) -> None:
        histogram = self._histograms[measure.name]
        (histogram.labels(*labels) if labels else histogram).observe(value)

    @override
    def show(self, measure: Measure, values: Mapping[tuple[str, ...], float]) -> None:
        self._gauges[measure.name].values = dict(values)

    @override
    def text(self) -> str:
        return generate_latest(self._registry).decode()


class _Gauge(Collector):
    """Shown whole: prometheus_client's own keeps the labels' values that are gone."""

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        self.values: dict[tuple[str, ...], float] = {}

    @override
    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily(self._measure.name, self._measure.text, labels=self._measure.labels)
        for labels, value in self.values.items():
            family.add_metric(labels, value)
        yield family


def _counter(measure: Measure, registry: CollectorRegistry) -> Counter:
    return Counter(measure.name, measure.text, measure.labels, registry=registry)


def _histogram(measure: Measure, registry: CollectorRegistry) -> Histogram:
    return Histogram(measure.name, measure.text, measure.labels, buckets=measure.bounds, registry=registry)
