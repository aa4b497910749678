"""What takes measurements. Fixture: ``metrics``, of ``MEASURES`` here."""

from prometheus_client.parser import text_string_to_metric_families

from application.ports.metrics import Kind, Measure, Metrics

CARS = Measure(name="cars_total", kind=Kind.COUNTER, unit="cars", text="Cars.", labels=("colour", "wheels"))
TRAINS = Measure(name="trains_total", kind=Kind.COUNTER, unit="trains", text="Trains.")
WATER = Measure(name="water_bytes", kind=Kind.GAUGE, unit="bytes", text="Water.", labels=("basin",))
WAIT = Measure(name="wait_seconds", kind=Kind.HISTOGRAM, unit="seconds", text="Wait.", labels=("gate",), bounds=(1, 5))
REST = Measure(name="rest_seconds", kind=Kind.HISTOGRAM, unit="seconds", text="Rest.", bounds=(1, 5))
MEASURES = (CARS, TRAINS, WATER, WAIT, REST)


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Our own, by name and labels, as Prometheus reads them."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.text())
        for sample in family.samples
        if sample.name.split("_")[0] in {"cars", "trains", "water", "wait", "rest"} and "created" not in sample.name
    }


class MetricsContract:
    def test_a_counter_grows(self, metrics: Metrics) -> None:
        metrics.add(CARS, "red", "4")
        metrics.add(CARS, "red", "4", amount=2.5)
        metrics.add(CARS, "blue", "3")
        metrics.add(TRAINS)
        told = samples(metrics)
        assert told["cars_total", (("colour", "red"), ("wheels", "4"))] == 3.5
        assert told["cars_total", (("colour", "blue"), ("wheels", "3"))] == 1
        assert told["trains_total", ()] == 1

    def test_what_has_no_labels_is_there_from_the_start(self, metrics: Metrics) -> None:
        told = samples(metrics)
        assert told["trains_total", ()] == 0
        assert told["rest_seconds_count", ()] == 0
        assert {name for name, _ in told} == {
            *("trains_total", "rest_seconds_bucket", "rest_seconds_count", "rest_seconds_sum"),
        }

    def test_a_gauge_is_what_was_said_last_and_nothing_else(self, metrics: Metrics) -> None:
        metrics.show(WATER, {("left",): 3, ("right",): 4})
        metrics.show(WATER, {("left",): 2})
        assert {key: value for key, value in samples(metrics).items() if key[0] == "water_bytes"} == {
            ("water_bytes", (("basin", "left"),)): 2
        }

    def test_a_histogram_counts_by_size(self, metrics: Metrics) -> None:
        for value in (0.5, 1, 3, 9):
            metrics.observe(WAIT, value, "east")
        told = samples(metrics)
        counts = {le: told["wait_seconds_bucket", (("gate", "east"), ("le", le))] for le in ("1.0", "5.0", "+Inf")}
        assert counts == {"1.0": 2, "5.0": 3, "+Inf": 4}
        assert told["wait_seconds_count", (("gate", "east"),)] == 4
        assert told["wait_seconds_sum", (("gate", "east"),)] == 13.5

    def test_a_label_may_have_any_characters(self, metrics: Metrics) -> None:
        odd = 'a "b"\\\nc{d="é"}'
        metrics.add(CARS, odd, "4")
        assert samples(metrics)["cars_total", (("colour", odd), ("wheels", "4"))] == 1

    def test_each_has_its_kind_and_its_text(self, metrics: Metrics) -> None:
        text = metrics.text()
        for measure in MEASURES:
            assert f"# HELP {measure.name} {measure.text}\n" in text
            assert f"# TYPE {measure.name} {measure.kind}\n" in text
