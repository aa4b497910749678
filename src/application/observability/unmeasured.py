"""Where nobody measures."""

from collections.abc import Mapping
from typing import Final, override

from application.ports.metrics import Measure, Metrics


class Unmeasured(Metrics):
    """Takes measurements for nobody."""

    @override
    def add(self, measure: Measure, *labels: str, amount: float = 1) -> None:
        pass

    @override
    def observe(self, measure: Measure, value: float, *labels: str) -> None:
        pass

    @override
    def show(self, measure: Measure, values: Mapping[tuple[str, ...], float]) -> None:
        pass

    @override
    def text(self) -> str:
        return ""


UNMEASURED: Final = Unmeasured()
