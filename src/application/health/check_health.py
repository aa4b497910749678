"""Check the parts that the gateway needs."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from application.ports.health_check import HealthCheck
from domain.errors import PomboError

_DEADLINE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PartHealth:
    """One part. ``problem`` None means that it answers; ``is_needed``: the gateway isn't ready without it."""

    name: str
    problem: str | None
    is_needed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    """All parts."""

    parts: tuple[PartHealth, ...]

    @property
    def ready(self) -> bool:
        """Whether every part answers that is needed."""
        return all(part.problem is None or not part.is_needed for part in self.parts)


class CheckHealth:
    """Asks every part at once, each within two seconds."""

    def __init__(self, checks: Sequence[HealthCheck]) -> None:
        self._checks = tuple(checks)

    async def execute(self) -> HealthReport:
        """Asks; never fails."""
        return HealthReport(parts=tuple(await asyncio.gather(*(self._ask(check) for check in self._checks))))

    async def _ask(self, check: HealthCheck) -> PartHealth:
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                problem = await check.check()
        except TimeoutError:
            problem = f"no answer within {_DEADLINE_SECONDS:g} s"
        except PomboError as error:
            problem = error.message
        return PartHealth(name=check.name, problem=problem, is_needed=check.is_needed)
