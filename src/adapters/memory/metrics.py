"""Measurements in memory."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import override

from application.ports.metrics import Kind, Measure, Metrics

type Labels = tuple[str, ...]


class MemoryMetrics(Metrics):
    """Keeps every value of a histogram, for whoever looks at them afterwards.

    Args:
        measures: all that there are; those of no other can be taken.
    """

    def __init__(self, measures: Sequence[Measure]) -> None:
        self._measures = {measure.name: measure for measure in measures}
        self._counts: dict[str, Counter[Labels]] = {name: Counter() for name in self._measures}
        self._observed: dict[str, dict[Labels, list[float]]] = {name: {} for name in self._measures}
        self._shown: dict[str, dict[Labels, float]] = {name: {} for name in self._measures}

    @override
    def add(self, measure: Measure, *labels: str, amount: float = 1) -> None:
        # Counter is for whole numbers in the type's eyes alone.
        self._counts[measure.name][_checked(measure, labels)] += amount  # type: ignore[assignment]

    @override
    def observe(self, measure: Measure, value: float, *labels: str) -> None:
        self._observed[measure.name].setdefault(_checked(measure, labels), []).append(value)

    @override
    def show(self, measure: Measure, values: Mapping[Labels, float]) -> None:
        self._shown[measure.name] = {_checked(measure, labels): value for labels, value in values.items()}

    @override
    def text(self) -> str:
        return "".join(f"{line}\n" for measure in self._measures.values() for line in self._lines(measure))

    def count(self, measure: Measure, *labels: str) -> float:
        """What a counter has come to; without labels, over all of them."""
        counts = self._counts[measure.name]
        return counts[labels] if labels else sum(counts.values())

    def observed(self, measure: Measure, *labels: str) -> Sequence[float]:
        """A histogram's values; without labels, over all of them."""
        values = self._observed[measure.name]
        return values.get(labels, []) if labels else [value for some in values.values() for value in some]

    def shown(self, measure: Measure) -> Mapping[Labels, float]:
        """What a gauge is."""
        return self._shown[measure.name]

    def _lines(self, measure: Measure) -> Iterator[str]:
        # A counter without labels, and a histogram's, are there from the start on.
        alone: list[Labels] = [] if measure.labels else [()]
        yield f"# HELP {measure.name} {measure.text}"
        yield f"# TYPE {measure.name} {measure.kind}"
        match measure.kind:
            case Kind.COUNTER:
                for labels in dict.fromkeys([*alone, *self._counts[measure.name]]):
                    yield f"{measure.name}{_braced(measure, labels)} {float(self._counts[measure.name][labels])}"
            case Kind.GAUGE:
                for labels, value in self._shown[measure.name].items():
                    yield f"{measure.name}{_braced(measure, labels)} {float(value)}"
            case Kind.HISTOGRAM:
                for labels in dict.fromkeys([*alone, *self._observed[measure.name]]):
                    yield from _histogram(measure, labels, self._observed[measure.name].get(labels, []))


def _checked(measure: Measure, labels: Labels) -> Labels:
    if len(labels) != len(measure.labels):
        raise ValueError(f"{measure.name} has the labels {measure.labels}")
    return labels


def _histogram(measure: Measure, labels: Labels, values: Sequence[float]) -> Iterator[str]:
    for bound in (*measure.bounds, float("inf")):
        end = "+Inf" if bound == float("inf") else str(float(bound))
        count = float(sum(value <= bound for value in values))
        yield f"{measure.name}_bucket{_braced(measure, labels, le=end)} {count}"
    yield f"{measure.name}_count{_braced(measure, labels)} {float(len(values))}"
    yield f"{measure.name}_sum{_braced(measure, labels)} {float(sum(values))}"


def _braced(measure: Measure, labels: Labels, **more: str) -> str:
    pairs = dict(zip(measure.labels, labels, strict=True)) | more
    quoted = (f'{name}="{_escaped(value)}"' for name, value in pairs.items())
    return f"{{{','.join(quoted)}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
