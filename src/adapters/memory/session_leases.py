"""Leases in memory."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import override

from adapters.memory.state import LeaseRow
from adapters.memory.transaction import Transaction
from application.ports.session_leases import Charge, SessionLeases
from domain.ids import SessionId
from domain.lease import Lease, Owner
from domain.session import AT_REST, Wanted


class MemorySessionLeases(SessionLeases):
    """Leases within one transaction.

    Args:
        transaction: the one.
        now: the database's own clock.
    """

    def __init__(self, transaction: Transaction, now: Callable[[], datetime]) -> None:
        self._transaction = transaction
        self._now = now

    @override
    async def claim(self, session_ids: Collection[SessionId], owner: Owner, *, ttl: timedelta) -> Sequence[Lease]:
        claimed: list[Lease] = []
        for session_id in sorted(session_ids):
            await self._transaction.lock(("lease", session_id))
            row = self._transaction.leases.get(session_id)
            if self._transaction.session(session_id) is None or (row is not None and not self._is_free(row, owner)):
                continue
            epoch = 1 if row is None else row.epoch + 1
            self._put(session_id, LeaseRow(epoch=epoch, owner=owner, expires_at=self._now() + ttl))
            claimed.append(Lease(session_id=session_id, owner=owner, epoch=epoch))
        return tuple(claimed)

    @override
    async def renew(self, leases: Collection[Lease], *, ttl: timedelta) -> Sequence[Lease]:
        renewed: list[Lease] = []
        for lease in sorted(leases, key=lambda lease: lease.session_id):
            row = await self._held(lease)
            if row is not None and row.is_valid(self._now()):
                self._put(lease.session_id, replace(row, expires_at=self._now() + ttl))
                renewed.append(lease)
        return tuple(renewed)

    @override
    async def release(self, leases: Collection[Lease]) -> None:
        for lease in sorted(leases, key=lambda lease: lease.session_id):
            row = await self._held(lease)
            if row is not None:
                self._put(lease.session_id, replace(row, owner=None))

    @override
    async def charges(self) -> Sequence[Charge]:
        charges: list[Charge] = []
        for row in self._transaction.sessions():
            session, lease = row.session, await self.find(row.session.id)
            if lease is not None or session.wanted is Wanted.RUNNING or session.status not in AT_REST:
                charges.append(Charge(session_id=session.id, wanted=session.wanted, lease=lease, proxy=session.proxy))
        return tuple(sorted(charges, key=lambda charge: charge.session_id))

    @override
    async def find(self, session_id: SessionId) -> Lease | None:
        row = self._transaction.leases.get(session_id)
        if row is None or row.owner is None or not row.is_valid(self._now()):
            return None
        return Lease(session_id=session_id, owner=row.owner, epoch=row.epoch)

    @override
    async def epochs(self, session_ids: Collection[SessionId]) -> Mapping[SessionId, int]:
        rows = {session_id: self._transaction.leases.get(session_id) for session_id in session_ids}
        return {session_id: row.epoch for session_id, row in rows.items() if row is not None}

    def _is_free(self, row: LeaseRow, owner: Owner) -> bool:
        return row.owner is None or row.owner.node == owner.node or not row.is_valid(self._now())

    async def _held(self, lease: Lease) -> LeaseRow | None:
        await self._transaction.lock(("lease", lease.session_id))
        row = self._transaction.leases.get(lease.session_id)
        return row if row is not None and (row.epoch, row.owner) == (lease.epoch, lease.owner) else None

    def _put(self, session_id: SessionId, row: LeaseRow) -> None:
        self._transaction.leases.put(session_id, row)
