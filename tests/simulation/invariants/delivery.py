"""What must be true between the gateway and the phones."""

from typing import TYPE_CHECKING, Final, override

from application.ports.page_events import SeenMessage
from domain.ids import MessageId
from domain.message import Direction, Message, MessageStatus
from tests.simulation.contents import label
from tests.simulation.invariants.base import Invariant

if TYPE_CHECKING:
    from tests.simulation.asked import Send
    from tests.simulation.world import World

_NOT_SENT: Final = frozenset({MessageStatus.FAILED, MessageStatus.CANCELED, MessageStatus.EXPIRED})


class OncePerPhone(Invariant):
    """No phone ever holds a text twice."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._texts: set[str] = set()
        self._phones = [account.phone_messages for account in world.recipients]
        self._seen = [0] * len(self._phones)

    @override
    def step(self) -> None:
        lengths = [*map(len, self._phones)]
        if lengths == self._seen:
            return  # as a rule
        for number, held in enumerate(self._phones):
            if len(held) != self._seen[number]:
                for message in list(held.values())[self._seen[number] :]:
                    self._look(message)
        self._seen = lengths

    def _look(self, message: SeenMessage) -> None:
        if message.from_me or label(message) is None:
            return
        if label(message) in self._texts:
            self.violated(f"{label(message)!r} is on the phone of {message.recipient} twice")
        self._texts.add(label(message))


class AcceptedIsDelivered(Invariant):
    """In the end every accepted message is on its recipient's phone, or has a reason why not, and then it isn't."""

    @override
    def unmet(self) -> str | None:
        held = {
            label(message)
            for account in self.world.recipients
            for message in account.phone_messages.values()
            if label(message) is not None and not message.from_me
        }
        stored = {row.message.id: row.message for row in self.world.state.messages.values()}
        for send in self.world.sends:
            if send.message_id is not None and send.message_id not in stored:
                return f"{send.body!r} was accepted as {send.message_id}, which isn't there"
            if send.refused is not None and send.message_id is not None:
                return f"{send.body!r} was refused ({send.refused}) and accepted"
        refused = {send.body for send in self.world.sends if send.refused is not None}
        for message in stored.values():
            if label(message) is not None and label(message) in refused:
                return f"{label(message)!r} was refused, and {message.id} is there"
            if not message.from_api or label(message) is None:
                continue
            there = label(message) in held
            if there == (message.status in _NOT_SENT):
                return f"{message.id} is {message.status}, and on the phone: {there}"
            if message.status is MessageStatus.FAILED and message.failure is None:
                return f"{message.id} failed without a reason"
        return None


class ChatsKeepTheirOrder(Invariant):
    """Of two sends to a chat, the one that was accepted before the other was asked for is on the phone first."""

    @override
    def unmet(self) -> str | None:
        for account in self.world.recipients:
            places = {
                label(message): place
                for place, message in enumerate(account.phone_messages.values())
                if label(message) is not None and not message.from_me
            }
            sends = [send for send in self.world.sends if send.to == account.jid and send.body in places and send.plain]
            for earlier in sends:
                for later in sends:
                    if _comes_before(earlier, later, self.world.given_up) and places[earlier.body] > places[later.body]:
                        self.violated(f"{later.body!r} overtook {earlier.body!r}")
        return None


class ReceivedOnce(Invariant):
    """In the end every message that a phone sent to a session is one message of the session's, with its event."""

    @override
    def unmet(self) -> str | None:
        known = {
            (row.message.session_id, label(row.message))
            for row in self.world.state.messages.values()
            if not row.message.from_api and label(row.message) is not None
        }
        for session_id, body in self.world.phone_sends:
            if (session_id, body) not in known:
                return f"{body!r} never came to {session_id}"
        return None


class PhonesWroteIt(Invariant):
    """What was received is what a phone wrote, under the right direction."""

    @override
    def message(self, before: Message | None, after: Message) -> None:
        if before is not None or after.from_api or label(after) is None:
            return
        if (after.session_id, label(after)) not in self.world.phone_sends:
            self.violated(f"{after.id} holds {label(after)!r}, which nobody wrote to {after.session_id}")
        own = after.sender == self.world.accounts[after.session_id].jid
        if own != (after.direction is Direction.OUTBOUND):
            self.violated(f"{after.id} has the wrong direction")


def _comes_before(earlier: "Send", later: "Send", given_up: set[MessageId]) -> bool:
    """Whether its place is before the other's. One that was given up and left all the same has lost its place."""
    if earlier.session_id != later.session_id or earlier.accepted_at is None or earlier.message_id in given_up:
        return False
    if earlier.batch is not None and earlier.batch == later.batch:
        return earlier.place < later.place
    return earlier.accepted_at < later.asked_at
