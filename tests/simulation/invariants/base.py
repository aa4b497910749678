"""What must be true, as one class each."""

from typing import TYPE_CHECKING

from application.ports.whatsapp_driver import Outgoing
from domain.event import Event, NewEvent
from domain.ids import SessionId
from domain.message import Message

if TYPE_CHECKING:
    from tests.simulation.world import World


class Invariant:
    """Is told what has been committed, each time in the moment it happens, and says so when it must not be."""

    def __init__(self, world: "World") -> None:
        self.world = world

    @property
    def name(self) -> str:
        return type(self).__name__

    def message(self, before: Message | None, after: Message) -> None:
        """A message was committed, new or changed."""

    def event(self, event: NewEvent) -> None:
        """An event was committed."""

    def position(self, event: Event) -> None:
        """An event got its place in the log."""

    def handed(self, session_id: SessionId, outgoing: Outgoing) -> None:
        """The gateway asks a page to send a message."""

    def step(self) -> None:
        """Something ran."""

    def unmet(self) -> str | None:
        """What is still missing when all faults are over; None when nothing is."""
        return None

    def violated(self, what: str) -> None:
        self.world.violate(self.name, what)
