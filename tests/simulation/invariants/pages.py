"""What must be true of pages."""

from typing import TYPE_CHECKING, override

from domain.ids import SessionId
from domain.session import SessionStatus
from tests.simulation.invariants.base import Invariant

if TYPE_CHECKING:
    from tests.simulation.process import GatewayProcess
    from tests.simulation.world import World


class OnePagePerSession(Invariant):
    """Only a gateway that lives, and has the right to it, has a session's page open."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._having: dict[SessionId, GatewayProcess] = {}

    @override
    def step(self) -> None:
        for session_id, profile in self.world.whatsapp._profiles.items():
            page = profile.page
            if page is None:
                continue
            having = self._having.get(session_id)
            if having is not None and having.may_have(session_id, page):
                continue  # as a step ago, as a rule
            having = next((each for each in self.world.processes if each.may_have(session_id, page)), None)
            if having is None:
                self.violated(f"a page of {session_id} is open that no running gateway has the right to")
            else:
                self._having[session_id] = having


class OneRightPerSession(Invariant):
    """At no moment do two gateways have the right to a session's page."""

    @override
    def step(self) -> None:
        if self.world.plan.nodes == 1:
            return
        running = self.world.running()
        if len(running) < 2:
            return
        rights = [process.watchdog.until for process in running]
        now = self.world.loop.moment
        for session_id in self.world.accounts:
            if sum([until.get(session_id, -1) >= now for until in rights]) > 1:
                having = [process.name for process in running if process.watchdog.has_right(session_id)]
                self.violated(f"{' and '.join(having)} have the right to {session_id}")


class NobodyIsToldAGhost(Invariant):
    """When a gateway begins to take calls, no session of its own is called working that has no page."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._started = 0
        self._starting: list[GatewayProcess] = []
        """Those that don't take calls yet."""

    @override
    def step(self) -> None:
        if self._started != len(self.world.processes):
            self._starting += self.world.processes[self._started :]
            self._started = len(self.world.processes)
        for process in [*self._starting]:
            if process.serves:
                self._starting.remove(process)
                self._check(process)
            elif not process.alive:
                self._starting.remove(process)

    def _check(self, process: "GatewayProcess") -> None:
        for row in self.world.state.sessions.values():
            session_id = row.session.id
            lease = self.world.state.leases.rows.get(session_id)
            elsewhere = self.world.plan.nodes > 1 and (lease is None or lease.owner != process.owner)
            if row.session.status is SessionStatus.WORKING and session_id not in process.pages and not elsewhere:
                self.violated(f"{session_id} is WORKING, and its page was never opened")
