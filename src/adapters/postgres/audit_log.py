"""The audit log in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, override

import asyncpg

from adapters.postgres.transaction import Transaction
from application.ports.audit_log import AuditFilter, AuditIntents, AuditLog
from domain.audit import Actor, AuditEntry, AuditRecord, AuditTransport, ChainEnds, Mark, chained
from domain.ids import ApiKeyId, SessionId, UserId
from domain.lease import Owner

_RECORD: Final = """
time, operation, result, transport, user_id, key_id, actor_name, address, request_id, session_id, targets, count
"""
_ENTRY: Final = f"sequence, {_RECORD}, previous, hash"

_LOCK: Final = "SELECT head, head_hash FROM pombo.audit_chain FOR UPDATE"
_APPEND: Final = f"""
WITH added AS (
    INSERT INTO pombo.audit_entries ({_ENTRY})
    SELECT * FROM unnest(
        $1::bigint[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::text[], $12::text[], $13::bigint[], $14::bytea[], $15::bytea[]
    )
)
UPDATE pombo.audit_chain SET head = $16, head_hash = $17
"""  # noqa: S608 - of constants
_LIST: Final = f"""
SELECT {_ENTRY} FROM pombo.audit_entries WHERE sequence < $1{{conditions}} ORDER BY sequence DESC LIMIT $2
"""  # noqa: S608 - of constants
_SCAN: Final = f"""
SELECT {_ENTRY} FROM pombo.audit_entries WHERE sequence > $1 ORDER BY sequence LIMIT $2
"""  # noqa: S608 - of constants
_ENDS: Final = "SELECT head, head_hash, removed, removed_hash FROM pombo.audit_chain"
_PRUNE: Final = "SELECT pombo.prune_audit($1, $2, $3) AS removed"
_HIGHEST: Final = 2**63 - 1

_INTEND: Final = f"""
INSERT INTO pombo.audit_intents (node, life, {_RECORD})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING number
"""  # noqa: S608 - of constants
_END: Final = "DELETE FROM pombo.audit_intents WHERE number = $1 RETURNING number"
_TAKE: Final = f"""
DELETE FROM pombo.audit_intents WHERE number IN (
    SELECT number FROM pombo.audit_intents WHERE (node = $1 AND life <> $2) OR time < $3
    ORDER BY number LIMIT $4 FOR UPDATE SKIP LOCKED
)
RETURNING number, {_RECORD}
"""  # noqa: S608 - of constants


class PostgresAuditLog(AuditLog):
    """The chain within one transaction. Triggers keep its rows from being changed."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def append(self, records: Sequence[AuditRecord]) -> Sequence[AuditEntry]:
        if not records:
            return ()
        (row,) = await self._transaction.write(_LOCK)
        entries = tuple(chained(Mark(row["head"], row["head_hash"]), records))
        columns = zip(*map(_entry_values, entries), strict=True)
        await self._transaction.write(_APPEND, *map(list, columns), entries[-1].sequence, entries[-1].hash)
        return entries

    @override
    async def list(self, criteria: AuditFilter, *, before: int | None, limit: int) -> Sequence[AuditEntry]:
        arguments: list[object] = [_HIGHEST if before is None else before, limit]
        conditions = ""
        for column, operator, value in (
            ("time", ">=", criteria.since),
            ("time", "<", criteria.until),
            ("user_id", "=", criteria.user_id),
            ("key_id", "=", criteria.key_id),
            ("operation", "=", criteria.operation),
            ("session_id", "=", criteria.session_id),
            ("result", "=", criteria.result),
        ):
            if value is not None:
                arguments.append(value)
                conditions += f" AND {column} {operator} ${len(arguments)}"
        return tuple(map(_entry, await self._transaction.read(_LIST.format(conditions=conditions), *arguments)))

    @override
    async def scan(self, *, after: int, limit: int) -> Sequence[AuditEntry]:
        return tuple(map(_entry, await self._transaction.read(_SCAN, after, limit)))

    @override
    async def ends(self) -> ChainEnds:
        (row,) = await self._transaction.read(_ENDS)
        return ChainEnds(
            removed=Mark(row["removed"], row["removed_hash"]),
            head=Mark(row["head"], row["head_hash"]),
        )

    @override
    async def prune(self, *, now: datetime, keep: timedelta, limit: int) -> int:
        return int((await self._transaction.write(_PRUNE, now, keep, limit))[0]["removed"])


class PostgresAuditIntents(AuditIntents):
    """What was begun, within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def add(self, owner: Owner, record: AuditRecord) -> int:
        rows = await self._transaction.write(_INTEND, owner.node, owner.life, *_record_values(record))
        return int(rows[0]["number"])

    @override
    async def remove(self, number: int) -> bool:
        return bool(await self._transaction.write(_END, number))

    @override
    async def take_abandoned(self, owner: Owner, *, before: datetime, limit: int) -> Sequence[AuditRecord]:
        rows = await self._transaction.write(_TAKE, owner.node, owner.life, before, limit)
        return tuple(map(_record, sorted(rows, key=lambda row: int(row["number"]))))


def _record_values(record: AuditRecord) -> tuple[object, ...]:
    return (
        record.time,
        record.operation,
        record.result,
        record.transport.value,
        record.actor.user_id,
        record.actor.key_id,
        record.actor.name,
        record.address,
        record.request_id,
        record.session_id,
        " ".join(record.targets),
        record.count,
    )


def _entry_values(entry: AuditEntry) -> tuple[object, ...]:
    return (entry.sequence, *_record_values(entry.record), entry.previous, entry.hash)


def _record(row: asyncpg.Record) -> AuditRecord:
    user_id, key_id, session_id = row["user_id"], row["key_id"], row["session_id"]
    return AuditRecord(
        time=row["time"],
        operation=row["operation"],
        result=row["result"],
        transport=AuditTransport(row["transport"]),
        actor=Actor(
            user_id=None if user_id is None else UserId(user_id),
            key_id=None if key_id is None else ApiKeyId(key_id),
            name=row["actor_name"],
        ),
        address=row["address"],
        request_id=row["request_id"],
        session_id=None if session_id is None else SessionId(session_id),
        targets=tuple(row["targets"].split(" ")) if row["targets"] else (),
        count=row["count"],
    )


def _entry(row: asyncpg.Record) -> AuditEntry:
    return AuditEntry(sequence=row["sequence"], record=_record(row), previous=row["previous"], hash=row["hash"])
