"""What must be true of messages while things go wrong."""

from collections import defaultdict
from typing import TYPE_CHECKING, Final, override

from application.ports.whatsapp_driver import Outgoing
from domain.event import MessageQueued, NewEvent
from domain.group_notice import GroupNotice
from domain.ids import MessageId, SessionId
from domain.message import Direction, Message, MessageStatus
from tests.simulation.contents import label
from tests.simulation.invariants.base import Invariant

if TYPE_CHECKING:
    from tests.simulation.world import World

_WITH_WHATSAPP: Final = frozenset({"SENT", "DELIVERED", "READ", "PLAYED"})
_NEXT: Final = {
    "QUEUED": {"SENDING", "CANCELED", "EXPIRED", "FAILED"} | _WITH_WHATSAPP,
    "SENDING": {"FAILED", "EXPIRED"} | _WITH_WHATSAPP,
    "SENT": {"DELIVERED", "READ", "PLAYED"},
    "DELIVERED": {"READ", "PLAYED"},
    "READ": {"PLAYED"},
    "PLAYED": set(),
    "FAILED": _WITH_WHATSAPP,
    "EXPIRED": _WITH_WHATSAPP,
    "CANCELED": set(),
}


class StatusMovesForward(Invariant):
    """Along the legal graph, which stands here once more: the code's own must not judge itself."""

    @override
    def message(self, before: Message | None, after: Message) -> None:
        if before is None:
            fits = after.status in {"QUEUED", "SENDING"} if after.from_api else True
        else:
            fits = after.status == before.status or after.status in _NEXT[before.status]
        if not fits:
            self.violated(f"{after.id} went from {before and before.status} to {after.status}")


class SentMeansSent(Invariant):
    """What the gateway calls sent is with WhatsApp's server."""

    @override
    def message(self, before: Message | None, after: Message) -> None:
        # An operation is with WhatsApp when it has had its effect: operations.py looks for that.
        if after.direction is Direction.OUTBOUND and after.status in _WITH_WHATSAPP and not after.is_operation:
            account = self.world.whatsapp.find_account(after.sender)
            if account is None or after.whatsapp_id not in account.phone_messages:
                self.violated(f"{after.id} is {after.status}, and WhatsApp doesn't have it")


class EventsOncePerMessage(Invariant):
    """A message is queued, sent, received or failed at most once, and queued before all else."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self.types: dict[MessageId, list[str]] = defaultdict(list)

    @override
    def event(self, event: NewEvent) -> None:
        message = getattr(event.payload, "message", None)
        if message is None:
            return
        told = self.types[message.id]
        if event.payload.TYPE in told:
            self.violated(f"{event.payload.TYPE} of {message.id} is told twice")
        if message.from_api and not told and not isinstance(event.payload, MessageQueued):
            self.violated(f"{event.payload.TYPE} of {message.id} is told before message.queued")
        told.append(event.payload.TYPE)
        if event.payload.TYPE in {"message.failed", "message.expired"}:
            self.world.given_up.add(message.id)

    @override
    def unmet(self) -> str | None:
        for row in self.world.state.messages.values():
            message = row.message
            if isinstance(message.content, GroupNotice):
                continue  # it is told as what was done in the group
            told = self.types[message.id]
            if message.from_api:
                wanted = "message.queued"
            else:
                wanted = "message.sent" if message.direction is Direction.OUTBOUND else "message.received"
            if wanted not in told:
                return f"{wanted} of {message.id} is never told"
            if message.from_api and message.status in _WITH_WHATSAPP and "message.sent" not in told:
                return f"message.sent of {message.id} is never told"
        return None


class OneMessagePerSend(Invariant):
    """What a client sends once is one message: its text is nobody else's."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._ids: dict[str, MessageId] = {}

    @override
    def message(self, before: Message | None, after: Message) -> None:
        if before is not None or not after.from_api or label(after) is None:
            return
        if self._ids.setdefault(label(after), after.id) != after.id:
            self.violated(f"{label(after)!r} was accepted twice")


class NotBeforeItsTime(Invariant):
    """A message isn't handed to a page before its time, nor from its deadline on."""

    @override
    def handed(self, session_id: SessionId, outgoing: Outgoing) -> None:
        if "clock" in self.world.plan.mishaps:
            return
        key = (session_id, outgoing.whatsapp_id)
        message_id = self.world.state.by_whatsapp_id.get(key)
        if message_id is None:
            return
        message, now = self.world.state.messages[message_id].message, self.world.clock.now()
        if message.not_before is not None and now < message.not_before:
            self.violated(f"{message.id} is sent before its time")
        # What the page holds already it sends by itself: asking again only asks what became of it.
        held = outgoing.whatsapp_id in self.world.whatsapp.profile(session_id).messages
        if not held and message.expires_at is not None and now >= message.expires_at:
            self.violated(f"{message.id} is sent after its deadline")


class NothingStaysOpen(Invariant):
    """In the end nothing waits to be sent."""

    @override
    def unmet(self) -> str | None:
        for row in self.world.state.messages.values():
            if row.message.status in {MessageStatus.QUEUED, MessageStatus.SENDING}:
                return f"{row.message.id} ({row.message.whatsapp_id[-6:]}) stays {row.message.status}"
        return None
