"""Hands a session's queued messages to its page."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from datetime import timedelta
from typing import Any, Final

from application.media.outgoing_files import OutgoingFiles
from application.messages.changes import ChangeRecorder, change_of
from application.messages.opt_outs import is_barred, refuse
from application.messages.waiters import MessageWaiters
from application.observability import catalogue
from application.observability.instruments import NO_INSTRUMENTS, Instruments
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.tracer import Span, SpanKind
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.ports.whatsapp_driver import MessagingPage
from application.representation.content import content_type
from application.workers.delivery import Delivery, Outcome, Performed, attempt, conclude, word_for
from application.workers.governor import Governor
from domain.changes import AnyChange
from domain.errors import TRANSIENT, PomboError
from domain.event import NewEvent
from domain.ids import MessageId, SessionId
from domain.jid import Jid
from domain.message import Failure, Message
from domain.session import Me

_IN_FLIGHT: Final = 32
"""Most messages with the page at once. Beyond this the page's own work is the limit, not the waiting."""

_POLL: Final = timedelta(seconds=1)
_RETRY_AFTER: Final = timedelta(seconds=3)
_RETRY_AT_LAST: Final = timedelta(minutes=1)
"""The pause between two tries of one message doubles up to this."""


class OutboxDispatcher:
    """Sends what waits, in order within a chat and side by side across chats.

    A message's outcome is either known (it has left, or was refused) or it isn't: the page died, or didn't answer in
    time. Then it stays ``SENDING`` and is looked up by its id, and sent again with the same id when it isn't there.
    """

    def __init__(
        self,
        session_id: SessionId,
        uow: UnitOfWorkFactory,
        clock: Clock,
        ids: IdGenerator,
        waiters: MessageWaiters,
        files: OutgoingFiles,
        governor: Governor,
        instruments: Instruments = NO_INSTRUMENTS,
    ) -> None:
        self._governor = governor
        self._instruments = instruments
        self._files = files
        self._session_id = session_id
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._waiters = waiters
        self._changes = ChangeRecorder(clock, ids)
        self._wake = asyncio.Event()
        self._busy: set[Jid] = set()
        self._flying: set[MessageId] = set()
        self._reserved: set[Jid] = set()
        self._pausing = 0
        self._delivery: Delivery | None = None
        self._recovered = False
        self._idle = False
        self._draining = False
        self._drained = asyncio.Event()
        self._done: list[tuple[Message, Outcome]] = []

    def nudge(self) -> None:
        """Says that a message waits."""
        self._wake.set()

    def reconsider(self) -> None:
        """Says that the session's pace may be another one now."""
        self._governor.reconsider()
        self._wake.set()

    def reserve(self, chat: Jid) -> bool:
        """Takes a chat for a message that is about to be accepted, so that it needn't be queued and claimed.

        Only where nothing of the chat can be waiting before it. ``hand_over`` or ``give_back`` must follow.
        """
        settled = self._recovered and self._idle and not self._wake.is_set() and not self._draining
        free = settled and not self._governor.limits and chat not in self._busy and self._free() > 0
        if free:
            self._busy.add(chat)
            self._reserved.add(chat)
        return free

    def hand_over(self, message: Message) -> None:
        """Sends a message that was accepted as ``SENDING`` under a reservation."""
        if message.id in self._flying:
            return  # a new run has found it first
        if self._delivery is not None and message.chat in self._reserved:
            self._reserved.discard(message.chat)
            self._start(self._delivery, message, look_first=False)
        else:
            self._look_again()  # the run that reserved is over

    def give_back(self, chat: Jid) -> None:
        """Ends a reservation whose message wasn't accepted, as far as its sender knows."""
        # Where the run that reserved is over, the chat may be busy with a message of the next.
        if chat in self._reserved:
            self._reserved.discard(chat)
            self._busy.discard(chat)
        self._look_again()

    async def drain(self, within: timedelta) -> None:
        """Claims nothing more in this run, and waits until what is in flight has left and is on record.

        At most ``within``, and not for messages whose fate the page couldn't tell: those are looked up by the next run.
        """
        if self._delivery is None:
            return
        self._draining = True
        self._drained.clear()
        self._wake.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(within.total_seconds()):
                await self._drained.wait()

    def _look_again(self) -> None:
        self._recovered = False
        self._wake.set()

    def _free(self) -> int:
        if self._draining:
            return 0
        return _IN_FLIGHT - (len(self._busy) - self._pausing)

    async def run(self, page: MessagingPage, me: Me) -> None:
        """Works until cancelled, on a page that is connected. What was in flight is left to the next run."""
        async with asyncio.TaskGroup() as tasks:
            accounts = frozenset({me.jid, me.lid})
            delivery = Delivery(page=page, tasks=tasks, accounts=accounts, clock=self._clock, files=self._files)
            self._delivery, self._recovered, self._draining = delivery, False, False
            self._governor.begin(me)
            try:
                while True:
                    # Until the turn is done nobody may take the chat of a message that it is about to find.
                    self._idle = False
                    self._wake.clear()
                    try:
                        if not self._recovered and not self._draining:
                            self._recovered = True
                            await self._recover(delivery)
                        await self._turn(delivery)
                    except PomboError as error:
                        if error.kind not in TRANSIENT:
                            raise
                        # The database is away. A claim whose commit wasn't confirmed may stand: that is looked up.
                        self._recovered = False
                        self._governor.forget()
                    if self._draining and not self._done and len(self._flying) <= self._pausing:
                        self._drained.set()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._governor.pause(_POLL).total_seconds()):
                            await self._wake.wait()
            finally:
                self._drained.set()
                self._busy.clear()
                self._flying.clear()
                self._reserved.clear()
                self._delivery, self._idle = None, False

    async def _recover(self, delivery: Delivery) -> None:
        async with self._uow.begin() as uow:
            unfinished = await uow.outbox.unfinished(self._session_id)
        under_way = self._flying | {message.id for message, _ in self._done}
        for message in unfinished:
            if message.id in under_way:
                continue
            if message.chat in self._busy:
                self._recovered = False  # looked up as soon as its chat is free
            else:
                self._start(delivery, message, look_first=True)

    async def _turn(self, delivery: Delivery) -> None:
        """One transaction: what was done is recorded, what waits is claimed."""
        done, self._done = self._done, []
        try:
            async with self._uow.begin() as uow:
                await self._governor.look(uow)
                changed = await self._settle(uow, done)
                free = self._free()
                claimed, barred = await self._claim(uow, free) if free > 0 else ((), ())
        except BaseException:
            self._done = done + self._done
            raise
        for message in (*changed, *barred):
            self._waiters.tell(message)
        refused = {message.id for message in barred}
        for message in claimed:
            if message.id not in refused:
                self._start(delivery, message, look_first=False)
        self._idle = len(claimed) < free or self._draining
        if not self._idle or self._done or barred:
            self.nudge()

    async def _claim(self, uow: UnitOfWork, free: int) -> tuple[Sequence[Message], Sequence[Message]]:
        """What was claimed, and what of it was given up."""
        busy = tuple(self._busy)
        if self._governor.limits:
            return await self._governor.take(uow, busy=busy, free=free, in_flight=self._flying, bar=self._bar)
        claimed = await uow.outbox.claim(self._session_id, now=self._clock.now(), busy=busy, limit=free)
        return claimed, await self._bar(uow, claimed)

    async def _bar(self, uow: UnitOfWork, claimed: Sequence[Message]) -> Sequence[Message]:
        """Gives up those to people who have opted out since."""
        chats = {message.chat for message in claimed if is_barred(message.content, message.chat)}
        if not chats:
            return ()
        now = self._clock.now()
        opted_out = await uow.suppressions.among(self._session_id, chats)
        barred = [
            refuse(message, now)
            for message in claimed
            if message.chat in opted_out and is_barred(message.content, message.chat)
        ]
        await uow.messages.save([message for message, _ in barred])
        await uow.events.append(
            [
                NewEvent(id=self._ids.event_id(), session_id=self._session_id, time=now, payload=payload)
                for _, payloads in barred
                for payload in payloads
            ]
        )
        return [message for message, _ in barred]

    def _start(self, delivery: Delivery, message: Message, *, look_first: bool) -> None:
        self._busy.add(message.chat)
        self._flying.add(message.id)
        delivery.tasks.create_task(self._deliver(delivery, message, look_first=look_first))

    async def _deliver(self, delivery: Delivery, message: Message, *, look_first: bool) -> None:
        with self._waiters.expect(message.id) as told, self._span(message):
            trying = asyncio.create_task(self._try(delivery, message, look_first=look_first))
            either: set[asyncio.Future[Any]] = {trying, told}
            try:
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not trying.done():
                    # Somebody else put on record what became of it (a receipt came), or this run is over.
                    trying.cancel()
                    await asyncio.wait({trying})
        if not trying.cancelled():
            self._done.append((message, trying.result()))
        self._flying.discard(message.id)
        self._busy.discard(message.chat)
        self._wake.set()

    async def _try(self, delivery: Delivery, message: Message, *, look_first: bool) -> Outcome:
        """Tries until the outcome is known."""
        pause = _RETRY_AFTER
        while (outcome := await self._attempt(delivery, message, look_first=look_first)) is None:
            look_first = True
            # A message that can't be confirmed keeps its chat waiting, not the others.
            self._pausing += 1
            try:
                await self._clock.sleep(pause)
            finally:
                self._pausing -= 1
            pause = min(pause * 2, _RETRY_AT_LAST)
        return outcome

    def _span(self, message: Message) -> AbstractContextManager[Span]:
        """One of the trace that the message was accepted in, whoever sends it, and whenever."""
        return self._instruments.tracer.span(
            "outbox.dispatch",
            kind=SpanKind.CONSUMER,
            parent=message.trace,
            session_id=self._session_id,
            message_id=message.id,
            kind_of_message=content_type(message.content),
        )

    async def _attempt(self, delivery: Delivery, message: Message, *, look_first: bool) -> Outcome:
        began = self._clock.elapsed()
        with self._instruments.tracer.span("page.send", kind=SpanKind.CLIENT) as span:
            outcome = await attempt(delivery, message, look_first=look_first)
            word = word_for(outcome)
            span.note("outcome", word)
            if isinstance(outcome, Failure):
                span.fail(outcome.reason)
        took = (self._clock.elapsed() - began).total_seconds()
        self._instruments.metrics.observe(catalogue.PAGE_SEND, took, content_type(message.content), word)
        return outcome

    async def _settle(self, uow: UnitOfWork, done: Sequence[tuple[Message, Outcome]]) -> Sequence[Message]:
        if not done:
            return ()
        known = await uow.messages.lock(self._session_id, {message.whatsapp_id for message, _ in done})
        changed: list[Message] = []
        events: list[NewEvent] = []
        effects: list[AnyChange] = []
        for sent, outcome in done:
            message = known.get(sent.whatsapp_id)
            if message is None or outcome is None:
                continue
            now = self._clock.now()
            after, payloads = conclude(message, outcome, now)
            if after is not message:
                changed.append(after)
            if isinstance(outcome, Performed) and (effect := change_of(message, outcome.at)) is not None:
                effects.append(effect)
            events += [
                NewEvent(id=self._ids.event_id(), session_id=self._session_id, time=now, payload=payload)
                for payload in payloads
            ]
        await uow.messages.save(changed)
        await uow.events.append(events)
        await self._changes.record(uow, self._session_id, effects)
        await self._governor.settle(uow, done)
        return changed
