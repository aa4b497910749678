"""What must be true of webhooks. Their order is checked where they come: receivers.py."""

from typing import TYPE_CHECKING, override

from domain.webhook import DeliveryOutcome
from tests.simulation.invariants.base import Invariant

if TYPE_CHECKING:
    from tests.simulation.world import World


class DeliveredMeansDelivered(Invariant):
    """An event is delivered, and its lane past it, only when the receiver has answered it with 2xx."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._tables = world.state.webhooks
        self._count = 0

    @override
    def step(self) -> None:
        rows = self._tables.deliveries.rows
        if len(rows) == self._count:
            return
        for entry in list(rows.values())[self._count :]:
            delivery = entry.delivery
            taken = self.world.receivers.has_taken(delivery.webhook_id, delivery.session_id, delivery.event_id)
            if delivery.outcome is DeliveryOutcome.DELIVERED and not taken:
                self.violated(f"{delivery.event_id} counts as delivered to {delivery.webhook_id}, which hasn't got it")
        self._count = len(rows)
        self._check_cursors()

    def _check_cursors(self) -> None:
        for (webhook_id, session_id), lane in self._tables.lanes.rows.items():
            endpoint = self._tables.endpoints.rows[webhook_id].endpoint
            log = self.world.state.log
            taken = self.world.receivers.taken[webhook_id, session_id]
            passed = sum(
                endpoint.wants(e.type, e.session_id) and e.session_id == session_id for e in log[: lane.cursor]
            )
            if passed > len(taken):
                self.violated(f"the lane of {session_id} at {webhook_id} has passed over events that weren't taken")


class WebhooksArrive(Invariant):
    """In the end each receiver has every event that its endpoint wants."""

    @override
    def unmet(self) -> str | None:
        for row in self.world.state.webhooks.endpoints.rows.values():
            for session_id in (None, *self.world.accounts):
                wanted = self.world.wanted_by(row.endpoint, session_id)
                taken = self.world.receivers.taken[row.endpoint.id, session_id]
                if len(taken) < len(wanted):
                    return f"{row.endpoint.id} hasn't got {len(wanted) - len(taken)} events of {session_id}"
        return None
