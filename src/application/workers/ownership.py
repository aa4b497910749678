"""The leases that this gateway has: claimed, kept, and given back."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from application.ports.clock import Clock
from application.ports.session_leases import Charge
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.watchdog import Watchdog
from domain.errors import PomboError
from domain.ids import SessionId
from domain.lease import Lease, Owner, stale_lease

_RENEWALS: Final = 5
"""How often a lease is renewed in its time: the database may be away for the rest of it."""
_AGAIN: Final = timedelta(milliseconds=500)
"""After a renewal that failed."""
_SHARE_OF_MARGIN: Final = 10
_LEAST_MARGIN: Final = timedelta(milliseconds=500)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTerms:
    """As whom leases are taken, and for how long.

    Attributes:
        owner: this life of this gateway.
        ttl: how long a lease lasts on the database's clock after it was last confirmed there. A gateway that was killed
            is succeeded after that; a database that is away for four fifths of it, less the margin, ends no session.
        runs_sessions: whether sessions are run here; a gateway that only serves its API leaves them to its peers.
    """

    owner: Owner
    ttl: timedelta = timedelta(seconds=20)
    runs_sessions: bool = True

    @property
    def margin(self) -> timedelta:
        """By how much sooner the browsers are ended here: clocks don't run alike, and killing takes a moment."""
        return max(self.ttl / _SHARE_OF_MARGIN, _LEAST_MARGIN)


@dataclass(frozen=True, slots=True)
class _Held:
    """A lease, and until when we trust in it, as a time of ``Clock.elapsed``."""

    lease: Lease
    until: timedelta


class Ownership:
    """Trusts in a lease only for as long as it must last, counted from before it was asked for."""

    def __init__(self, uow: UnitOfWorkFactory, watchdog: Watchdog, clock: Clock, terms: LeaseTerms) -> None:
        self._uow = uow
        self._watchdog = watchdog
        self._clock = clock
        self._terms = terms
        self._held: dict[SessionId, _Held] = {}
        self._releasing: set[SessionId] = set()

    @property
    def runs_sessions(self) -> bool:
        """Whether sessions are run here."""
        return self._terms.runs_sessions

    def is_own(self, lease: Lease) -> bool:
        """Whether a lease is this node's: its earlier lives are over."""
        return lease.owner.node == self._terms.owner.node

    def busy(self) -> Collection[SessionId]:
        """Those whose lease is kept here at this moment, or being given back."""
        return self._held.keys() | self._releasing

    def is_left_over(self, lease: Lease) -> bool:
        """Whether a lease is this node's, and not kept: of a life that is over, or claimed without an answer."""
        return self.is_own(lease) and not self._is_held(lease) and lease.session_id not in self._releasing

    def check(self, lease: Lease) -> None:
        """To be called right before what only the owner may do: who was stopped may have lost a lease and not know yet.

        Raises:
            ConflictError: ``STALE_LEASE``: we can't trust in it any more.
        """
        if not self._is_held(lease) or self._held[lease.session_id].until <= self._clock.elapsed():
            raise stale_lease(lease)

    async def charges(self) -> Sequence[Charge]:
        """The sessions that somebody has to run, and who does.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """
        async with self._uow.begin() as uow:
            return await uow.leases.charges()

    async def holder(self, session_id: SessionId) -> Lease | None:
        """Who runs a session.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """
        async with self._uow.begin() as uow:
            return await uow.leases.find(session_id)

    async def claim(self, session_ids: Collection[SessionId]) -> Sequence[Lease]:
        """Takes those that are to be had. From then on they are kept until they are released or lost.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``, ``WATCHDOG_FAILED``.
        """
        until = self._trusted()
        async with self._uow.begin() as uow:
            leases = await uow.leases.claim(session_ids, self._terms.owner, ttl=self._terms.ttl)
        if until <= self._clock.elapsed():
            # The answer was too long on its way: what it says may be over.
            await self.release(leases)
            return ()
        try:
            await self._watchdog.allow({lease.session_id: until for lease in leases})
        except PomboError:
            await self.release(leases)
            raise
        self._held |= {lease.session_id: _Held(lease, until) for lease in leases}
        return leases

    async def keep(self, on_lost: Callable[[Lease], None]) -> None:
        """Renews all leases until cancelled, and tells of each that is lost, when its browser is being killed."""
        pause = every = self._terms.ttl / _RENEWALS
        while True:
            await self._clock.sleep(pause)
            await self._lose_late(on_lost)
            renewed = await self._renew(on_lost)
            await self._lose_late(on_lost)
            pause = every if renewed else min(_AGAIN, every)

    async def release(self, leases: Collection[Lease]) -> None:
        """Gives leases back whose browsers are closed. Never fails: one that isn't given back expires."""
        releasing = {lease.session_id for lease in leases} - self._releasing
        self._releasing |= releasing
        mine = [lease for lease in leases if self._is_held(lease)]
        for lease in mine:
            del self._held[lease.session_id]
        try:
            if mine:
                await self._watchdog.dismiss([lease.session_id for lease in mine])
            with suppress(PomboError):
                async with self._uow.begin() as uow:
                    await uow.leases.release(leases)
        finally:
            self._releasing -= releasing

    async def leave(self, seconds: float) -> None:
        """Gives all leases back, within a time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.release([held.lease for held in self._held.values()])

    def _trusted(self) -> timedelta:
        return self._clock.elapsed() + self._terms.ttl - self._terms.margin

    def _is_held(self, lease: Lease) -> bool:
        held = self._held.get(lease.session_id)
        return held is not None and held.lease == lease

    async def _renew(self, on_lost: Callable[[Lease], None]) -> bool:
        """Tells whether the database has answered."""
        asked = [held.lease for held in self._held.values()]
        if not asked:
            return True
        until = self._trusted()
        first = min(held.until for held in self._held.values())
        try:
            # Whoever waits longer for an answer would be late to end what it didn't get.
            async with asyncio.timeout((first - self._clock.elapsed()).total_seconds()):
                async with self._uow.begin() as uow:
                    renewed = await uow.leases.renew(asked, ttl=self._terms.ttl)
                mine = [lease for lease in renewed if self._is_held(lease)]
                await self._watchdog.allow({lease.session_id: until for lease in mine})
        except (TimeoutError, PomboError):
            return False
        self._held |= {lease.session_id: _Held(lease, until) for lease in mine if self._is_held(lease)}
        await self._lose([lease for lease in asked if lease not in renewed], on_lost)
        return True

    async def _lose_late(self, on_lost: Callable[[Lease], None]) -> None:
        now = self._clock.elapsed()
        await self._lose([held.lease for held in self._held.values() if held.until <= now], on_lost)

    async def _lose(self, leases: Collection[Lease], on_lost: Callable[[Lease], None]) -> None:
        lost = [lease for lease in leases if self._is_held(lease)]
        for lease in lost:
            del self._held[lease.session_id]
        if lost:
            with suppress(PomboError):  # then it kills at the deadline that it knows
                await self._watchdog.allow({lease.session_id: timedelta(0) for lease in lost})
        for lease in lost:
            on_lost(lease)
