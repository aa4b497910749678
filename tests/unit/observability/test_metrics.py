"""Measurements keep the contract of their port, wherever they are kept."""

import pytest

from adapters.memory.metrics import MemoryMetrics
from adapters.prometheus.metrics import PrometheusMetrics
from application.observability.catalogue import MEASURES as ALL
from application.ports.metrics import Kind
from tests.contracts.metrics import CARS, MEASURES, MetricsContract


class TestPrometheusMetrics(MetricsContract):
    @pytest.fixture
    def metrics(self) -> PrometheusMetrics:
        return PrometheusMetrics(MEASURES)

    def test_the_process_is_told_of_too(self, metrics: PrometheusMetrics) -> None:
        assert "process_resident_memory_bytes" in metrics.text()
        assert "python_info" in metrics.text()


class TestMemoryMetrics(MetricsContract):
    @pytest.fixture
    def metrics(self) -> MemoryMetrics:
        return MemoryMetrics(MEASURES)

    def test_labels_that_the_measure_lacks_are_refused(self, metrics: MemoryMetrics) -> None:
        with pytest.raises(ValueError, match="colour"):
            metrics.add(CARS, "red")


def test_the_catalogue_keeps_to_the_names_that_prometheus_wants() -> None:
    assert len({measure.name for measure in ALL}) == len(ALL)
    for measure in ALL:
        assert measure.name.startswith("pombo_")
        assert measure.name.endswith("_total") == (measure.kind is Kind.COUNTER)
        assert measure.name.endswith("_seconds") == (measure.unit == "seconds")
        assert measure.name.endswith("_bytes") == (measure.unit == "bytes")
        assert bool(measure.bounds) == (measure.kind is Kind.HISTOGRAM)
        assert list(measure.bounds) == sorted(set(measure.bounds))
        assert measure.text.endswith(".")
        # What could name a person or grow without end is no label.
        assert not {"session_id", "session", "chat", "phone", "message_id", "jid", "key"} & set(measure.labels)
