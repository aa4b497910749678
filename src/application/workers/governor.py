"""Says which of a session's messages may leave now."""

import math
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.paced_outbox import Head
from application.ports.unit_of_work import UnitOfWork
from application.workers.delivery import Outcome
from domain.errors import NotFoundError
from domain.event import NewEvent, Payload, SessionQuotaWarned, SessionRestricted, SessionResumed
from domain.ids import MessageId, SessionId
from domain.jid import Jid
from domain.message import Failure, Message
from domain.pacing import DAY, Pace, PaceState, RestrictionReason, Standing, eased, of_account, resumed
from domain.session import Me

_FRESH: Final = timedelta(seconds=5)
"""How old what is known of the session's settings may be; a change is told of at once, as a rule."""
_LEAST_PAUSE: Final = timedelta(milliseconds=10)
_WARNED_AT: Final = 0.8


type Bar = Callable[[UnitOfWork, Sequence[Message]], Awaitable[Sequence[Message]]]


class Governor:
    """Keeps account of one session's pace, in the units of work in which its messages are taken and settled.

    So what has left is what is accounted for, whichever gateway goes on. Where nothing paces the session it costs a
    look at the settings every few seconds.
    """

    def __init__(
        self, session_id: SessionId, defaults: Pace, clock: Clock, ids: IdGenerator, chance: Callable[[], float]
    ) -> None:
        """``chance`` draws the numbers from 0 to 1 that pauses are lengthened by."""
        self._session_id = session_id
        self._defaults = defaults
        self._clock = clock
        self._ids = ids
        self._chance = chance
        self._pace = defaults
        self._state = PaceState()
        self._accounts: frozenset[Jid] = frozenset()
        self._account: Jid | None = None
        self._knows_state = False
        self._looked_at: timedelta | None = None
        self._strange: set[MessageId] = set()
        """Messages in flight to those who have never written."""

    @property
    def limits(self) -> bool:
        """Whether messages have to be chosen one by one. Also while that isn't known yet."""
        return not self._knows_state or self._pace.limits(self._state)

    def begin(self, me: Me) -> None:
        """A run begins: what is known of before may not be so any more."""
        self._account = me.jid
        self._accounts = me.addresses
        self._strange.clear()
        self.forget()

    def forget(self) -> None:
        """Whether the last unit of work was committed isn't known: the next one looks at what is stored."""
        self._knows_state = False
        self._looked_at = None

    def reconsider(self) -> None:
        """The session's settings may have changed."""
        self._looked_at = None

    def pause(self, most: timedelta) -> timedelta:
        """How long to wait until more may leave, where that is sooner than otherwise."""
        if not self._knows_state or not self._pace.limits(self._state):
            return most
        now = self._clock.now()
        opens_in = self._pace.opens_at(self._state, now) - now
        return most if opens_in <= timedelta(0) else min(most, max(opens_in, _LEAST_PAUSE))

    async def look(self, uow: UnitOfWork) -> None:
        """Reads what isn't known, or not any more."""
        now = self._clock.elapsed()
        if self._looked_at is None or now - self._looked_at >= _FRESH:
            try:
                self._pace = self._defaults.of((await uow.sessions.get(self._session_id)).pacing)
            except NotFoundError:
                self._pace = self._defaults  # deleted: this run is about to end
            self._looked_at = now
        if not self._knows_state:
            self._state = of_account(await uow.paces.load(self._session_id), self._accounts)
            self._knows_state = True

    async def take(
        self, uow: UnitOfWork, *, busy: Collection[Jid], free: int, in_flight: Collection[MessageId], bar: Bar
    ) -> tuple[Sequence[Message], Sequence[Message]]:
        """Takes those that may leave, and accounts for them; gives them, and those of them that were given up instead.

        Args:
            uow: what commits it.
            busy: chats that aren't to be taken from.
            free: at most so many.
            in_flight: those that are with the page.
            bar: gives up those of a claim that aren't to leave. They begin no chat, and spend nothing.
        """
        now = self._clock.now()
        before = self._state
        told = self._age(now)
        most = self._pace.allowance(self._state, now, free)
        taken: Sequence[Message] = ()
        barred: Sequence[Message] = ()
        if most:
            heads = await uow.paced_outbox.heads(
                self._session_id, now=now, busy=busy, limit=most, begun_since=now - DAY
            )
            self._strange.intersection_update(in_flight)
            begun = await self._begun(uow, heads, now)
            chosen = self._choose(heads, most, begun, now)
            taken = await uow.paced_outbox.take(self._session_id, chosen.keys())
            barred = await bar(uow, taken)
            gone = {message.id for message in barred}
            left = [chosen[message.id] for message in taken if message.id not in gone]
            await self._account_for(uow, left, now)
            told += self._count_begun(left, begun, now)
        await self._store(uow, before, told)
        return taken, barred

    async def settle(self, uow: UnitOfWork, done: Sequence[tuple[Message, Outcome]]) -> None:
        """Takes what became of messages: a restriction pauses the session, and a good beginning eases one."""
        before = self._state
        now = self._clock.now()
        told: list[Payload] = []
        for message, outcome in done:
            if isinstance(outcome, Failure) and outcome.reason in RestrictionReason:
                told += self._restrict(RestrictionReason(outcome.reason), now)
            elif message.id in self._strange and outcome is not None and not isinstance(outcome, Failure):
                self._state = eased(self._state, now)
            self._strange.discard(message.id)
        await self._store(uow, before, told)

    def _restrict(self, reason: RestrictionReason, now: datetime) -> list[Payload]:
        after = self._pace.restricted(self._state, reason, now)
        if after is self._state or after.restriction is None:
            return []
        self._state = after
        restriction = after.restriction
        return [SessionRestricted(reason=reason, strikes=restriction.strikes, resumes_at=restriction.resumes_at)]

    def _age(self, now: datetime) -> list[Payload]:
        before, self._state = self._state.restriction, self._pace.within(resumed(self._state, now), now)
        after = self._state.restriction
        if before is None or before.is_over or after is None or not after.is_over:
            return []
        return [SessionResumed(reason=after.reason)]

    async def _begun(self, uow: UnitOfWork, heads: Sequence[Head], now: datetime) -> Sequence[datetime]:
        """When chats were begun of those that count; only looked for where it matters."""
        if not self._pace.new_chats_per_day or not any(map(_begins, heads)):
            return ()
        return await uow.paces.begun(self._session_id, since=now - DAY)

    def _choose(
        self, heads: Sequence[Head], most: int, begun: Sequence[datetime], now: datetime
    ) -> dict[MessageId, Head]:
        restriction, quota = self._state.restriction, self._pace.new_chats_per_day
        left = quota - len(begun)
        # After a pause the first shows whether WhatsApp lets the others pass.
        probes = 1 - len(self._strange)
        may_try = restriction is None or not restriction.pauses(now)
        chosen: dict[MessageId, Head] = {}
        for head in heads:
            if len(chosen) == most:
                break
            if restriction is not None and restriction.holds(head.standing) and not (may_try and probes > 0):
                continue
            if quota and _begins(head):
                if left <= 0:
                    continue
                left -= 1
            probes -= head.standing is not Standing.KNOWN
            chosen[head.message_id] = head
        return chosen

    async def _account_for(self, uow: UnitOfWork, taken: Sequence[Head], now: datetime) -> None:
        self._state = self._pace.spend(self._state, now, tuple(self._chance() for _ in taken))
        self._strange.update(head.message_id for head in taken if head.standing is not Standing.KNOWN)
        begun = [head.chat for head in taken if _begins(head)]
        if begun and self._pace.new_chats_per_day:
            await uow.paces.begin(self._session_id, begun, at=now, forget=now - DAY)

    def _count_begun(self, taken: Sequence[Head], begun: Sequence[datetime], now: datetime) -> list[Payload]:
        """Warns where four fifths of the quota are passed just now, and where it is used up."""
        quota = self._pace.new_chats_per_day
        used = len(begun) + sum(map(_begins, taken))
        marks = {quota, math.ceil(quota * _WARNED_AT)} if quota else set()
        if not any(len(begun) < mark <= used for mark in marks):
            return []
        first = min([*begun, now])
        return [SessionQuotaWarned(used=used, limit=quota, next_at=first + DAY if used >= quota else None)]

    async def _store(self, uow: UnitOfWork, before: PaceState, told: Sequence[Payload]) -> None:
        if self._state is not before:
            self._state = replace(self._state, account=self._account)
            await uow.paces.save(self._session_id, self._state)
        if told:
            now = self._clock.now()
            await uow.events.append(
                [
                    NewEvent(id=self._ids.event_id(), session_id=self._session_id, time=now, payload=payload)
                    for payload in told
                ]
            )


def _begins(head: Head) -> bool:
    """Whether a message begins a chat that isn't counted yet."""
    return head.standing is Standing.NEW and not head.begun
