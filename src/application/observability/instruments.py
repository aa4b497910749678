"""What work is measured and traced with."""

from dataclasses import dataclass
from typing import Final

from application.observability.unmeasured import UNMEASURED
from application.observability.untraced import UNTRACED
from application.ports.metrics import Metrics
from application.ports.tracer import Tracer


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """Both, handed on together; by default for nobody."""

    metrics: Metrics = UNMEASURED
    tracer: Tracer = UNTRACED


NO_INSTRUMENTS: Final = Instruments()
