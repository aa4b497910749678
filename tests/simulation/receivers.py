"""Webhook receivers, as one simulated process reaches them."""

import asyncio
import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, override

from application.ports.webhook_sender import SendResult, WebhookSender
from domain.ids import EventId, SessionId, WebhookId
from domain.webhook import DeliveryOutcome, WebhookEndpoint

if TYPE_CHECKING:
    from tests.simulation.gate import Gate
    from tests.simulation.world import World

type Lane = tuple[WebhookId, SessionId | None]

_TROUBLES: Final = ("not reached", "refuses", "takes it and fails", "takes it, and its answer is lost", "hangs")


@dataclass(slots=True)
class Receivers:
    """What the receivers have had.

    Attributes:
        taken: the events that each has answered with 2xx, by lane, in the order of their first answer.
        bodies: what came first with each id, to compare the repeats with.
    """

    taken: defaultdict[Lane, dict[EventId, None]] = field(default_factory=lambda: defaultdict(dict))
    bodies: dict[tuple[WebhookId, EventId], str] = field(default_factory=dict)

    def has_taken(self, webhook_id: WebhookId, session_id: SessionId | None, event_id: EventId) -> bool:
        return event_id in self.taken[webhook_id, session_id]

    def come(self, world: "World", endpoint: WebhookEndpoint, event_id: EventId, body: str) -> Lane:
        """A request has come: the event must be the lane's next, or one that came before."""
        envelope = json.loads(body)
        lane = (endpoint.id, envelope["session_id"])
        if envelope["id"] != event_id or self.bodies.setdefault((endpoint.id, event_id), body) != body:
            world.violate("repeats are the same", f"{event_id} came to {endpoint.id} with another body")
        if event_id not in self.taken[lane]:
            wanted = world.wanted_by(endpoint, lane[1])
            due = wanted[len(self.taken[lane])] if len(self.taken[lane]) < len(wanted) else None
            if event_id != due:
                world.violate("webhooks keep their order", f"{event_id} came to {lane}, where {due} is due")
        return lane


class SimulatedSender(WebhookSender):
    """Posts of one process. A receiver may fail before or after it has taken an event, or answer in vain."""

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self._world = gate.world

    @override
    def check_target(self, url: str) -> None:
        pass

    @override
    async def send(self, endpoint: WebhookEndpoint, event_id: EventId, body: str) -> SendResult:
        gate, world = self._gate, self._world
        trouble = None
        if not world.calm:
            await gate.pause()
            if world.chance.random() < world.plan.die:
                await gate.die("before a post")
            if "receivers" in world.away or world.chance.random() < world.plan.page_trouble:
                trouble = world.chance.choice(_TROUBLES)
        gate.trace(f"posts {event_id[-4:]} to {endpoint.id[-2:]}: {trouble or 'taken'}")
        result = await self._post(trouble, endpoint, event_id, body)
        if not world.calm:
            if world.chance.random() < world.plan.die:
                await gate.die("after a post")
            await gate.pause()
        return result

    async def _post(self, trouble: str | None, endpoint: WebhookEndpoint, event_id: EventId, body: str) -> SendResult:
        receivers = self._world.receivers
        if trouble == "not reached":
            return _result(DeliveryOutcome.CONNECTION_FAILED)
        lane = receivers.come(self._world, endpoint, event_id, body)
        match trouble:
            case "refuses" | "takes it and fails":
                return _result(DeliveryOutcome.REFUSED, 500)
            case "hangs":
                await asyncio.sleep(self._world.chance.random() * 10)
                return _result(DeliveryOutcome.TIMEOUT)
            case _:
                receivers.taken[lane][event_id] = None
                return _result(DeliveryOutcome.TIMEOUT) if trouble else _result(DeliveryOutcome.DELIVERED, 204)


def _result(outcome: DeliveryOutcome, status: int | None = None) -> SendResult:
    return SendResult(outcome=outcome, took=timedelta(0), status=status)
