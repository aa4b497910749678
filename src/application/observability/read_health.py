"""How the gateway is: each part that it needs, and each session."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.health.check_health import CheckHealth, PartHealth
from application.ports.clock import Clock
from application.ports.survey import SessionState
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import TRANSIENT, PomboError


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayHealth:
    """Everything.

    Attributes:
        ready: whether every part answers that is needed.
        sessions: None where the database couldn't tell.
    """

    ready: bool
    parts: Sequence[PartHealth]
    sessions: Sequence[SessionState] | None


class ReadHealth:
    """Asks the parts, and the database for the sessions."""

    def __init__(self, check_health: CheckHealth, uow: UnitOfWorkFactory, clock: Clock) -> None:
        self._check_health = check_health
        self._uow = uow
        self._clock = clock

    async def execute(self) -> GatewayHealth:
        """Asks; a part that is away is what it tells, and no failure of its own."""
        report = await self._check_health.execute()
        return GatewayHealth(ready=report.ready, parts=report.parts, sessions=await self._sessions())

    async def _sessions(self) -> Sequence[SessionState] | None:
        try:
            async with self._uow.begin() as uow:
                return await uow.survey.sessions(now=self._clock.now())
        except PomboError as error:
            if error.kind not in TRANSIENT:
                raise
            return None
