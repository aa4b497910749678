"""Opt-outs in memory."""

from collections.abc import Collection, Sequence
from typing import override

from adapters.memory.addresses import addresses_with
from adapters.memory.transaction import Transaction
from application.ports.suppression_repository import SuppressionRepository
from domain.ids import SessionId
from domain.jid import Jid
from domain.suppression import Suppression


class MemorySuppressionRepository(SuppressionRepository):
    """Opt-outs within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._rows = transaction.suppressions

    @override
    async def add(self, session_id: SessionId, suppression: Suppression) -> bool:
        await self._transaction.lock(("suppression", session_id, str(suppression.address)))
        if self._theirs(session_id, suppression.address):
            return False
        self._rows.put((session_id, str(suppression.address)), suppression)
        return True

    @override
    async def find(self, session_id: SessionId, address: Jid) -> Suppression | None:
        return next(iter(self._theirs(session_id, address)), None)

    @override
    async def remove(self, session_id: SessionId, address: Jid) -> Suppression | None:
        theirs = self._theirs(session_id, address)
        for each in sorted(str(suppression.address) for suppression in theirs):
            await self._transaction.lock(("suppression", session_id, each))
            self._rows.put((session_id, each), None)
        return next(iter(theirs), None)

    @override
    async def list(self, session_id: SessionId, *, after: Jid | None, limit: int) -> Sequence[Suppression]:
        behind = "" if after is None else str(after)
        found = {
            address: row for (session, address), row in self._rows.items() if session == session_id and address > behind
        }
        return tuple(found[address] for address in sorted(found))[:limit]

    @override
    async def among(self, session_id: SessionId, addresses: Collection[Jid]) -> frozenset[Jid]:
        return frozenset(each for each in addresses if each.is_user and self._theirs(session_id, each))

    def _theirs(self, session_id: SessionId, address: Jid) -> Sequence[Suppression]:
        """The earliest first."""
        keys = ((session_id, each) for each in addresses_with(self._transaction, session_id, address))
        found = [row for key in keys if (row := self._rows.get(key)) is not None]
        return sorted(found, key=lambda row: (row.created_at, str(row.address)))
