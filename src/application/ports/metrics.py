"""Measurements."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """How a measure behaves."""

    COUNTER = "counter"
    """Only grows, from zero at the start of the process on."""
    GAUGE = "gauge"
    """Is what it is at present."""
    HISTOGRAM = "histogram"
    """Counts values by their size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What is measured, under a fixed name with fixed labels.

    Attributes:
        name: as Prometheus wants it, with its unit: ``_seconds``, ``_bytes``; a counter's ends with ``_total``.
        unit: of its values, for people.
        text: what it says, in one sentence.
        labels: their names. Their values are of small closed sets: statuses, kinds, reasons, routes. Never ids of
            sessions or of messages, phone numbers, contents or keys.
        bounds: of a histogram, the upper ends of its classes, rising.
    """

    name: str
    kind: Kind
    unit: str
    text: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


class Metrics(Protocol):
    """Takes measurements. Never fails, never waits: the work that is measured goes on whatever becomes of them."""

    @abstractmethod
    def add(self, measure: Measure, *labels: str, amount: float = 1) -> None:
        """Lets a counter grow."""

    @abstractmethod
    def observe(self, measure: Measure, value: float, *labels: str) -> None:
        """Counts a value in a histogram."""

    @abstractmethod
    def show(self, measure: Measure, values: Mapping[tuple[str, ...], float]) -> None:
        """Says what a gauge is, by its labels' values. What isn't among them isn't shown any more."""

    @abstractmethod
    def text(self) -> str:
        """All of them in Prometheus's text format, version 0.0.4."""
