"""What must be true of pages."""

from typing import TYPE_CHECKING, override

from domain.session import SessionStatus
from tests.simulation.invariants.base import Invariant

if TYPE_CHECKING:
    from tests.simulation.process import GatewayProcess
    from tests.simulation.world import World


class OnePagePerSession(Invariant):
    """Only the running gateway has pages open."""

    @override
    def step(self) -> None:
        process = self.world.process
        for session_id, profile in self.world.whatsapp._profiles.items():
            page = profile.page
            if page is not None and (process is None or process.pages.get(session_id) is not page):
                self.violated(f"a page of {session_id} is open that belongs to no running gateway")


class NobodyIsToldAGhost(Invariant):
    """When a gateway begins to take calls, no session is called working that it hasn't opened a page for."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._checked: GatewayProcess | None = None

    @override
    def step(self) -> None:
        process = self.world.process
        if process is None or process is self._checked or not process.serves:
            return
        self._checked = process
        for row in self.world.state.sessions.values():
            if row.session.status is SessionStatus.WORKING and row.session.id not in process.pages:
                self.violated(f"{row.session.id} is WORKING, and its page was never opened")
