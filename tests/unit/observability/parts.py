"""A database that can be away, and a part whose health the test decides."""

from contextlib import AbstractAsyncContextManager
from typing import override

from adapters.memory.database import MemoryDatabase
from application.observability.event_meter import EventMeter
from application.ports.health_check import HealthCheck
from application.ports.metrics import Metrics
from application.ports.unit_of_work import UnitOfWork
from domain.errors import UnavailableError
from domain.lease import Lease


class SwitchedDatabase(MemoryDatabase):
    away = False

    def measure(self, metrics: Metrics) -> None:
        self._on_events = EventMeter(metrics).note

    @override
    def begin(self, fence: Lease | None = None) -> AbstractAsyncContextManager[UnitOfWork]:
        if self.away:
            raise UnavailableError("DATABASE_UNAVAILABLE", "The database doesn't answer.")
        return super().begin(fence)


class Part(HealthCheck):
    def __init__(self) -> None:
        self.problem: str | None = None

    @property
    @override
    def name(self) -> str:
        return "postgres"

    @override
    async def check(self) -> str | None:
        return self.problem
