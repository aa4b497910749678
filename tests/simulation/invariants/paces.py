"""What is true of paces."""

from collections import defaultdict
from typing import TYPE_CHECKING, override

from domain.ids import SessionId
from domain.message import Message, MessageStatus
from tests.simulation.invariants.base import Invariant

if TYPE_CHECKING:
    from tests.simulation.world import World


class ThePaceIsKept(Invariant):
    """In any span of time no more messages are taken than a session's pace lets leave, whichever gateway runs it.

    What is seen is the commit, which may come later than the decision: so a second burst may seem to follow the first
    at once. Where a clock is set forward it isn't looked at, since that lets more leave.
    """

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._taken: dict[SessionId, list[float]] = defaultdict(list)

    @override
    def message(self, before: Message | None, after: Message) -> None:
        pace = self.world.plan.pace
        if not pace.messages_per_minute or "clock" in self.world.plan.mishaps:
            return
        was = None if before is None else before.status
        if after.status is not MessageStatus.SENDING or was is MessageStatus.SENDING:
            return
        taken, now = self._taken[after.session_id], self.world.loop.time()
        taken.append(now)
        for count, begin in enumerate(reversed(taken), 1):
            most = 2 * pace.burst + (now - begin) * pace.messages_per_minute / 60
            if count > most + 1e-6:
                self.violated(f"{after.session_id}: {count} messages were taken within {now - begin:.1f} s")
