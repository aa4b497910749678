"""What must be true of the event log and of those who read it."""

from typing import TYPE_CHECKING, override

from domain.event import Event
from tests.simulation.invariants.base import Invariant

if TYPE_CHECKING:
    from tests.simulation.world import World


class LogOnlyGrows(Invariant):
    """Positions are dense, and what stands in the log stays as it is."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._count = 0

    @override
    def position(self, event: Event) -> None:
        self._count += 1
        if event.sequence != self._count:
            self.violated(f"event {event.id} has position {event.sequence}, not {self._count}")


class EveryEventIsRead(Invariant):
    """In the end each event has its place, and each consumer has had all of them."""

    @override
    def unmet(self) -> str | None:
        if self.world.state.unsettled:
            return f"{len(self.world.state.unsettled)} events have no position"
        for consumer in self.world.consumers:
            if consumer.left:
                return f"{consumer.name} hasn't had {consumer.left} events behind {consumer.cursor}"
        return None
