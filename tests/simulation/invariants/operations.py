"""What must be true of what is done to messages."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, override

from adapters.memory.accounts import Account
from domain.changes import AnyChange, Deleted, Edited, Pinned, Reacted, Revoked, Starred, Voted
from domain.event import NewEvent
from domain.message import Message, MessageStatus
from domain.message_state import NOTHING_DONE
from domain.operations import Edit, Pin, PollVote, Reaction, Revoke
from tests.simulation.invariants.base import Invariant

if TYPE_CHECKING:
    from tests.simulation.asked import Done
    from tests.simulation.world import World

_ON_ITS_WAY: Final = frozenset({MessageStatus.QUEUED, MessageStatus.SENDING})
_LEFT: Final = frozenset({MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.PLAYED})
_UNPIN: Final = ("pin", None)


def short(whatsapp_id: str) -> str:
    """The part of an id that is the same in every view."""
    return whatsapp_id.split("_")[2]


def value(change: AnyChange) -> Any:
    """What a change says, the same whoever tells it."""
    match change:
        case Edited(body=body, event=event):
            return ("edit", body, event) if event else ("edit", body)
        case Reacted(emoji=emoji):
            return ("reaction", emoji)
        case Revoked():
            return ("revoke",)
        case Voted(options=options):
            return ("vote", options)
        case Starred(starred=starred):
            return ("star", starred)
        case Deleted():
            return ("delete",)
        case Pinned(until=until, at=at):
            return ("pin", None if until is None else until - at)
        case _:
            return None


def wanted(operation: object) -> Any:
    """What an operation's effect says."""
    match operation:
        case Edit(body=body):
            return ("edit", body)
        case Reaction(emoji=emoji):
            return ("reaction", emoji)
        case Revoke():
            return ("revoke",)
        case PollVote(options=options):
            return ("vote", options)
        case Pin(duration=duration):
            return ("pin", duration)
        case _:
            return None


class EachChangeIsToldOnce(Invariant):
    """No change of a message is an event twice: each event says something else than the one before it."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._told: dict[tuple[Any, ...], Any] = {}

    @override
    def event(self, event: NewEvent) -> None:
        change = getattr(event.payload, "change", None)
        if change is None:
            return
        person = (
            (change.from_me, None if change.from_me else change.by) if isinstance(change, Reacted | Voted) else None
        )
        key = (event.session_id, change.target, type(change), person)
        if self._told.get(key) == value(change):
            self.violated(f"{event.payload.TYPE} of {change.target[-6:]} is told twice: {value(change)}")
        self._told[key] = value(change)


class OperationsFollowTheirMessage(Invariant):
    """Nothing is done to a message before it is on the other phone, nor begun while it is on its way.

    What was sent is never called unknown.

    A message that was given up, since its page didn't hold it, may leave after all, of a send that came late. What was
    begun before that, and refused, isn't meant.
    """

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._done = [account.done for account in world.recipients]
        self._seen = [0] * len(self._done)
        self._begun_behind: set[str] = set()
        """Operations that were begun when their message had left."""

    @override
    def step(self) -> None:
        lengths = [*map(len, self._done)]
        if lengths == self._seen:
            return  # as a rule
        for number, length in enumerate(lengths):
            if length != self._seen[number]:
                self._look_at(self.world.recipients[number], self._seen[number])
        self._seen = lengths

    def _look_at(self, account: Account, start: int) -> None:
        for change in account.done[start:]:
            if change.target not in account.phone_messages:
                self.violated(f"{value(change)} came to {account.jid.user} before {change.target[-6:]}")

    @override
    def message(self, before: Message | None, after: Message) -> None:
        if not after.is_operation:
            return
        if after.status is MessageStatus.SENDING:
            target = self.world.state.messages[self._target(after)].message
            if target.status in _ON_ITS_WAY and not self._is_given_up(target):
                self.violated(f"{after.id} is begun before {target.id}, which is {target.status}")
            if target.status in _LEFT:
                self._begun_behind.add(after.id)
            return
        if after.failure is None or after.failure.reason != "TARGET_UNKNOWN":
            return
        target = self.world.state.messages[self._target(after)].message
        if after.id in self._begun_behind and not self._may_lack_it():
            self.violated(f"{after.id} failed as WhatsApp doesn't know {target.id}, which is {target.status}")

    def _is_given_up(self, message: Message) -> bool:
        """Its deadline has passed while it was queued: it won't leave, and keeps nobody waiting until that is noted."""
        late = message.expires_at is not None and message.expires_at <= self.world.clock.now()
        return late and message.status is MessageStatus.QUEUED

    def _target(self, operation: Message) -> Any:
        target = getattr(operation.content, "target", None)
        return self.world.state.by_whatsapp_id[operation.session_id, target]  # type: ignore[index] # it has one

    def _may_lack_it(self) -> bool:
        """A page on another disk, with an older profile, may not have the message."""
        return self.world.plan.nodes > 1


class OperationsAreDoneOnce(Invariant):
    """In the end each operation that counts as sent had its effect on the other phone, once, in its order.

    One that failed had none. Where nobody can say, because an answer was lost and the next try was refused, that is
    what it failed for.
    """

    @override
    def unmet(self) -> str | None:
        stored = {row.message.id: row.message for row in self.world.state.messages.values()}
        by_target: dict[str, list[tuple[Done, Message]]] = defaultdict(list)
        for done in self.world.operations:
            if done.operation_id is None:
                continue
            operation = stored.get(done.operation_id)
            if operation is None:
                return f"{done.operation_id} was accepted and isn't there"
            by_target[done.operation.target].append((done, operation))
        for target, operations in by_target.items():
            problem = self._look(target, operations)
            if problem is not None:
                return problem
        return None

    def _look(self, target: str, operations: "list[tuple[Done, Message]]") -> str | None:
        other = self._other(operations[0][1])
        effects = [value(change) for change in self._effects(other, target)]
        for done, operation in operations:
            times = effects.count(wanted(done.operation))
            if operation.status in _LEFT and times == 0 and not _was_so_already(done, operations):
                return f"{operation.id} is {operation.status}, and {wanted(done.operation)} isn't on the phone"
            if operation.status is MessageStatus.FAILED and times > 0 and not _was_so_already(done, operations):
                reason = operation.failure and operation.failure.reason
                if reason != "OUTCOME_UNKNOWN":
                    self.violated(f"{operation.id} is FAILED ({reason}), and {wanted(done.operation)} is on the phone")
            if times > 1:
                self.violated(f"{wanted(done.operation)} of {operation.id} was done {times} times")
        for earlier, first in operations:
            for later, second in operations:
                if self._comes_before(earlier, first, later, second):
                    places = [
                        effects.index(wanted(each.operation))
                        for each in (earlier, later)
                        if wanted(each.operation) in effects
                    ]
                    if len(places) == 2 and places[0] > places[1]:
                        self.violated(f"{second.id} overtook {first.id}")
        return None

    def _effects(self, account: Account, target: str) -> Iterable[AnyChange]:
        return (each for each in account.done if short(each.target) == short(target) and not each.from_me)

    def _other(self, operation: Message) -> Account:
        """Whose phone has what the operation concerns, whatever chat it went to."""
        target = getattr(operation.content, "target", None)
        row = self.world.state.by_whatsapp_id[operation.session_id, target]  # type: ignore[index] # it has one
        account = self.world.whatsapp.find_account(self.world.state.messages[row].message.chat)
        assert account is not None
        return account

    def _comes_before(self, earlier: "Done", first: Message, later: "Done", second: Message) -> bool:
        if earlier is later or earlier.accepted_at is None or not {first.status, second.status} <= _LEFT:
            return False
        if {first.id, second.id} & self.world.given_up or wanted(earlier.operation) == wanted(later.operation):
            return False
        return earlier.accepted_at < later.asked_at


_ASKED_OF_THE_MESSAGE: Final = frozenset({"deleted", "text", "star", "votes"})
"""What a page knows of a message with the message alone."""


class ShownAsItIs(Invariant):
    """In the end a session's messages show what their account's phone shows.

    But for those that a page didn't have, coming from an older snapshot, when it learnt what was done to them: where
    the gateway dies before it has stored that, nobody can be asked again (docs/delivery.md).
    """

    def _is_orphan(self, message: Message) -> bool:
        return any(message.whatsapp_id in orphans for orphans in self.world.orphans[message.session_id])

    def _is_not_there(self, message: Message, account: Account) -> bool:
        """What the phone never had, or an older page lacked, counts as deleted where that is asked again."""
        lacked = (message.session_id, message.whatsapp_id) in self.world.lacked
        return lacked or message.whatsapp_id not in account.phone_messages

    @override
    def unmet(self) -> str | None:
        for row in self.world.state.messages.values():
            message = row.message
            if message.is_operation:
                continue
            account = self.world.accounts[message.session_id]
            at_phone = account.states.get(message.whatsapp_id, NOTHING_DONE)
            here = self.world.state.states.rows.get((message.session_id, message.whatsapp_id), NOTHING_DONE)
            for what, there, told in (
                ("deleted", at_phone.revoked is not None, here.revoked is not None),
                ("text", at_phone.edited and at_phone.edited.body, here.edited and here.edited.body),
                ("star", _starred(at_phone), _starred(here)),
                ("deletion", at_phone.deleted is not None, here.deleted is not None),
                ("pin", _pinned(at_phone), _pinned(here)),
                ("votes", _votes(at_phone), _votes(here)),
                ("reactions", _reactions(at_phone), _reactions(here)),
            ):
                if there == told or (what == "deletion" and told and self._is_not_there(message, account)):
                    continue
                if not (what in _ASKED_OF_THE_MESSAGE and self._is_orphan(message)):
                    return f"{message.id} ({message.whatsapp_id[-6:]}) shows {what} {told!r}, its phone {there!r}"
        return None


def _was_so_already(done: "Done", operations: "list[tuple[Done, Message]]") -> bool:
    """Another operation says the same: a deletion of what was deleted. Or nothing was pinned that could be unpinned."""
    if wanted(done.operation) == _UNPIN:
        pins = (message for other, message in operations if other is not done and isinstance(other.operation, Pin))
        return all(pin.status not in _LEFT for pin in pins)
    return any(other is not done and wanted(other.operation) == wanted(done.operation) for other, _ in operations)


def _starred(state: Any) -> bool:
    return state.starred is not None and state.starred.starred


def _pinned(state: Any) -> bool:
    return state.pinned is not None and state.pinned.until is not None


def _votes(state: Any) -> set[tuple[bool, tuple[str, ...]]]:
    return {(vote.from_me, vote.options) for vote in state.votes if vote.options}


def _reactions(state: Any) -> set[tuple[bool, str]]:
    return {(reaction.from_me, reaction.emoji) for reaction in state.present_reactions}
