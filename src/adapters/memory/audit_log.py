"""The audit log in memory."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, override

from adapters.memory.state import IntentRow
from adapters.memory.transaction import Transaction
from application.ports.audit_log import AuditFilter, AuditIntents, AuditLog
from domain.audit import AuditEntry, AuditRecord, ChainEnds, chained
from domain.lease import Owner

_CHAIN: Final = "audit chain"


class MemoryAuditLog(AuditLog):
    """The chain within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._rows = transaction.audit_entries

    @override
    async def append(self, records: Sequence[AuditRecord]) -> Sequence[AuditEntry]:
        if not records:
            return ()
        await self._transaction.lock(_CHAIN)
        ends = await self.ends()
        entries = tuple(chained(ends.head, records))
        for entry in entries:
            self._rows.put(entry.sequence, entry)
        self._put_ends(ChainEnds(removed=ends.removed, head=entries[-1].mark))
        return entries

    @override
    async def list(self, criteria: AuditFilter, *, before: int | None, limit: int) -> Sequence[AuditEntry]:
        found = [
            entry
            for entry in reversed(self._all())
            if (before is None or entry.sequence < before) and _fits(entry.record, criteria)
        ]
        return tuple(found[:limit])

    @override
    async def scan(self, *, after: int, limit: int) -> Sequence[AuditEntry]:
        return tuple([entry for entry in self._all() if entry.sequence > after][:limit])

    @override
    async def ends(self) -> ChainEnds:
        return self._transaction.audit_ends.get(_CHAIN) or ChainEnds()

    @override
    async def prune(self, *, now: datetime, keep: timedelta, limit: int) -> int:
        await self._transaction.lock(_CHAIN)
        removed = 0
        for entry in self._all()[:limit]:
            if entry.record.time >= now - keep:
                break
            self._rows.put(entry.sequence, None)
            self._put_ends(ChainEnds(removed=entry.mark, head=(await self.ends()).head))
            removed += 1
        return removed

    def _all(self) -> Sequence[AuditEntry]:
        return [entry for _, entry in sorted(self._rows.items())]

    def _put_ends(self, ends: ChainEnds) -> None:
        self._transaction.audit_ends.put(_CHAIN, ends)


class MemoryAuditIntents(AuditIntents):
    """What was begun, within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._rows = transaction.audit_intents

    @override
    async def add(self, owner: Owner, record: AuditRecord) -> int:
        number = self._transaction.next_intent()
        await self._transaction.lock((_CHAIN, number))
        self._rows.put(number, IntentRow(owner, record))
        return number

    @override
    async def remove(self, number: int) -> bool:
        await self._transaction.lock((_CHAIN, number))
        if self._rows.get(number) is None:
            return False
        self._rows.put(number, None)
        return True

    @override
    async def take_abandoned(self, owner: Owner, *, before: datetime, limit: int) -> Sequence[AuditRecord]:
        taken: list[AuditRecord] = []
        for number, row in sorted(self._rows.items()):
            is_former = row.owner.node == owner.node and row.owner.life != owner.life
            if not (is_former or row.record.time < before) or not self._transaction.can_lock((_CHAIN, number)):
                continue
            if len(taken) == limit:
                break
            await self.remove(number)
            taken.append(row.record)
        return tuple(taken)


def _fits(record: AuditRecord, criteria: AuditFilter) -> bool:
    return (
        (criteria.since is None or record.time >= criteria.since)
        and (criteria.until is None or record.time < criteria.until)
        and criteria.user_id in {None, record.actor.user_id}
        and criteria.key_id in {None, record.actor.key_id}
        and criteria.operation in {None, record.operation}
        and criteria.session_id in {None, record.session_id}
        and criteria.result in {None, record.result}
    )
