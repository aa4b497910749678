"""Faults planted on purpose: a simulation that doesn't find them proves nothing."""

from collections.abc import Callable, Iterator
from contextvars import Context, copy_context
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, override

from adapters.memory import accounts, webhook_queue
from adapters.memory.driver import MemoryWhatsAppDriver, MemoryWhatsAppPage
from adapters.memory.event_appender import MemoryEventAppender
from adapters.memory.idempotency_repository import MemoryIdempotencyRepository
from adapters.memory.state import LeaseRow
from adapters.memory.transaction import Transaction
from application.messages import changes, progress, send_message
from application.ports.page_events import SeenMessage
from application.ports.webhook_sender import SendResult
from application.ports.whatsapp_driver import Outgoing, OutgoingOperation, WhatsAppPage
from application.webhooks.envelope import envelope_of
from application.workers import dispatcher, webhook_lane
from application.workers.dispatcher import OutboxDispatcher
from application.workers.left_behind import LeftBehind
from application.workers.ownership import Ownership
from application.workers.reconciler import Reconciler
from application.workers.webhook_lane import LaneWork
from domain import message as domain_message
from domain.ids import SessionId
from domain.jid import Jid, Server
from domain.message import RECEIPTS
from domain.operations import OPERATIONS
from domain.webhook import DeliveryOutcome
from tests.simulation.browser import SimulatedPage
from tests.simulation.command_plants import (
    CommandsAssumed,
    CommandsUnkeyed,
    ForwardedAsItIs,
    FoundedAgain,
    HalfAFile,
    NoticesMissed,
    NoticesToldAgain,
    ToldApart,
)
from tests.simulation.gate import Gate
from tests.simulation.pace_plants import PaceForgotten, StraightPastThePace
from tests.simulation.planting import Commit, Plant

_AIM: Final = send_message.aim
_APPLY: Final = changes._apply
_ANSWER: Final = MemoryIdempotencyRepository.answer


async def _nothing(*_: object) -> None:
    """Takes the place of what is left out."""


class AnswerBeforeCommit(Plant):
    """A send is answered while its commit is still under way."""

    @override
    async def commit(self, gate: Gate, transaction: Transaction, commit: Commit) -> bool:
        if any(row.message.from_api for row in transaction._messages.values() if row.message.id in _new(transaction)):
            gate.world.loop.spawn(super().commit(gate, transaction, commit), copy_context())
            return True
        return await super().commit(gate, transaction, commit)


class _ForgetfulPage(SimulatedPage):
    """Sends a message that it was asked to send before under an id of its own making."""

    @override
    async def send(self, message: Outgoing) -> SeenMessage:
        world = self._gate.world
        tried = world.__dict__.setdefault("tried", set())
        if message.whatsapp_id in tried:
            message = replace(message, whatsapp_id=world.ids.outbound_whatsapp_id(message.chat))
        tried.add(message.whatsapp_id)
        return await super().send(message)


class NewIdOnRetry(Plant):
    """A send that is tried again gets another WhatsApp id, and the recipient two messages."""

    @override
    def page(self, gate: Gate, session_id: SessionId, page: WhatsAppPage) -> SimulatedPage:
        return _ForgetfulPage(gate, session_id, page)


class BlindRecovery(NewIdOnRetry):
    """After a crash what was in flight is sent again without a look, to a server that takes it for another message."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        attempt = dispatcher.attempt

        async def blind(delivery: Any, message: Any, *, look_first: bool) -> Any:  # noqa: ARG001 - that is the fault
            return await attempt(delivery, message, look_first=False)

        yield dispatcher, "attempt", blind


class NoRecovery(Plant):
    """What was in flight when the process died is never looked up."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        yield OutboxDispatcher, "_recover", _nothing


class OutcomeForgotten(Plant):
    """What the page answered to a send isn't recorded."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        async def nothing(*_: object) -> tuple[()]:
            return ()

        yield OutboxDispatcher, "_settle", nothing


class NoBackfill(Plant):
    """What the page knows and the log doesn't stays unknown."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        yield Reconciler, "run", _nothing


class NoReconciliation(Plant):
    """The page is looked at when it connects, and never again."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        yield Reconciler, "_look_near", _nothing


class NewestFirst(Plant):
    """The outbox gives a chat's newest message first."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        rows = Transaction.open_messages

        def reversed_rows(self: Transaction, session_id: SessionId) -> Any:
            return rows(self, session_id)[::-1]

        yield Transaction, "open_messages", reversed_rows


class EventsApart(Plant):
    """Events are written in a transaction of their own, before the one that they tell of."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        async def append(self: MemoryEventAppender, events: Any) -> None:
            self._transaction._state.unsettled.extend(events)

        yield MemoryEventAppender, "append", append


class KeyApart(Plant):
    """The answer to a request with a key is recorded in a transaction of its own, after that of the work."""

    @override
    async def commit(self, gate: Gate, transaction: Transaction, commit: Commit) -> bool:
        answers = getattr(transaction, "answers", ())
        committed = await super().commit(gate, transaction, commit)
        for request, answer in answers:
            async with gate.process.begin() as uow:
                await _ANSWER(uow.idempotency._inner, request, answer)  # type: ignore[attr-defined]
        return committed

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        async def answer(self: MemoryIdempotencyRepository, request: Any, answer: Any) -> None:
            self._transaction.__dict__.setdefault("answers", []).append((request, answer))

        yield MemoryIdempotencyRepository, "answer", answer


class KeysUnlocked(Plant):
    """Two requests with one key, at once, don't wait for each other."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        lock = Transaction.lock

        async def careless(self: Transaction, key: Any) -> None:
            if key[:1] != ("request",):
                await lock(self, key)

        yield Transaction, "lock", careless


class MarkedBeforeItWas(Plant):
    """A webhook is marked delivered, and then posted."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        async def deliver(self: Any, lane: Any, event: Any, *, last: bool) -> Any:
            result = SendResult(outcome=DeliveryOutcome.DELIVERED, took=timedelta(0), status=204)
            async with self._begin() as uow:
                now = self._clock.now()
                await uow.webhook_log.record(webhook_lane._delivery(lane, event, result, now))
                keep_for = None if last else self._lease
                step = await uow.webhook_queue.advance(lane, to=event.sequence, now=now, keep_for=keep_for)
            await self._sender.send(lane.endpoint, event.id, envelope_of(event))
            return step.lane

        yield LaneWork, "_deliver", deliver


class FailuresPassedOver(Plant):
    """A webhook that fails is passed over, and the next one posted."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        async def fail(self: Any, lane: Any, event: Any, _: Any) -> None:
            async with self._begin() as uow:
                await uow.webhook_queue.advance(lane, to=event.sequence, now=self._clock.now(), keep_for=None)

        yield LaneWork, "_fail", fail


class LanesUnclaimed(Plant):
    """A lane's claim doesn't keep others from it."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        yield webhook_queue, "_is_due", lambda lane, *_: lane.cursor < lane.target


class ReceiptsGoBack(Plant):
    """A receipt that comes late undoes a later one."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        def always(current: Any, to: Any) -> bool:
            return current is not to and (to in RECEIPTS or to == "FAILED")

        yield progress, "advances", always
        yield domain_message, "advances", always


class StaleCommits(Plant):
    """A gateway that has lost a session goes on writing what it believes of it."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        yield Transaction, "holds", lambda *_: True


class EarlyTakeover(Plant):
    """A session is taken from its gateway before that one knows: two browsers throw each other out."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        def is_valid(self: LeaseRow, now: datetime) -> bool:
            return self.owner is not None and self.expires_at - timedelta(seconds=2.5) > now

        yield LeaseRow, "is_valid", is_valid


class TrustTooLong(Plant):
    """A gateway believes in its lease for longer than the database does."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        def trusted(self: Ownership) -> timedelta:
            return self._clock.elapsed() + 2 * self._terms.ttl

        yield Ownership, "_trusted", trusted


class LeftUnread(Plant):
    """What a page had taken when its gateway was killed, and another one took its session over, stays on its disk."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        yield LeftBehind, "read", _nothing


class ReadAtOpening(Plant):
    """A profile that has been read counts as that although its page is opened again."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        opens = MemoryWhatsAppDriver.open

        async def unmarked(self: MemoryWhatsAppDriver, session_id: SessionId, epoch: int) -> WhatsAppPage:
            page = await opens(self, session_id, epoch)
            self._whatsapp.profile(session_id).unread = False
            return page

        yield MemoryWhatsAppDriver, "open", unmarked


class OperationsApart(Plant):
    """An operation doesn't wait for the message that it concerns: it fails, as WhatsApp doesn't know that one yet."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        async def aim(uow: Any, session_id: SessionId, to: Jid, content: Any) -> tuple[Jid, Any]:
            _, content = await _AIM(uow, session_id, to, content)
            return (Jid(user=to.user, server=Server.LID) if isinstance(content, OPERATIONS) else to), content

        yield send_message, "aim", aim


class ChangesToldAgain(Plant):
    """Each time that a page tells of a change there is an event of it."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        yield changes, "_news", lambda *_: True
        yield changes, "_apply", lambda told, known: (_APPLY(told, known)[0], told)


class ChangesMissed(Plant):
    """What was done to messages while the page wasn't heard isn't looked for."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        yield accounts, "in_state", lambda message, _: message


class _RestlessPage(SimulatedPage):
    """Does everything a second time."""

    @override
    async def perform(self, operation: OutgoingOperation) -> datetime:
        done_at = await super().perform(operation)
        world = self._gate.world
        world.loop.spawn(self.later(lambda: self.page.perform(operation), world.chance.random() * 6), Context())
        return done_at


class DoneAgainLater(Plant):
    """A page does an operation a second time when its caller has long gone on to the next."""

    @override
    def page(self, gate: Gate, session_id: SessionId, page: WhatsAppPage) -> SimulatedPage:
        return _RestlessPage(gate, session_id, page)


class EffectsAssumed(Plant):
    """An operation whose outcome isn't known counts as done."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        async def effect(self: Any, _: Any) -> datetime:
            return self._whatsapp.clock.now()  # type: ignore[no-any-return]

        yield MemoryWhatsAppPage, "effect", effect


def _new(transaction: Transaction) -> set[str]:
    return set(transaction._added.values())


PLANTS: Final[dict[str, Callable[[], Plant]]] = {
    "none": Plant,
    "answer-before-commit": AnswerBeforeCommit,
    "new-id-on-retry": NewIdOnRetry,
    "blind-recovery": BlindRecovery,
    "no-recovery": NoRecovery,
    "outcome-forgotten": OutcomeForgotten,
    "no-backfill": NoBackfill,
    "no-reconciliation": NoReconciliation,
    "newest-first": NewestFirst,
    "events-apart": EventsApart,
    "key-apart": KeyApart,
    "keys-unlocked": KeysUnlocked,
    "webhook-marked-before": MarkedBeforeItWas,
    "webhook-passed-over": FailuresPassedOver,
    "lanes-unclaimed": LanesUnclaimed,
    "receipts-go-back": ReceiptsGoBack,
    "stale-commits": StaleCommits,
    "early-takeover": EarlyTakeover,
    "trust-too-long": TrustTooLong,
    "left-unread": LeftUnread,
    "read-at-opening": ReadAtOpening,
    "operations-apart": OperationsApart,
    "changes-told-again": ChangesToldAgain,
    "changes-missed": ChangesMissed,
    "done-again-later": DoneAgainLater,
    "effects-assumed": EffectsAssumed,
    "founded-again": FoundedAgain,
    "commands-unkeyed": CommandsUnkeyed,
    "commands-assumed": CommandsAssumed,
    "told-apart": ToldApart,
    "notices-missed": NoticesMissed,
    "notices-told-again": NoticesToldAgain,
    "forwarded-as-it-is": ForwardedAsItIs,
    "half-a-file": HalfAFile,
    "pace-forgotten": PaceForgotten,
    "straight-past-the-pace": StraightPastThePace,
}
