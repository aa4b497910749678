"""Leases in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Final, override

import asyncpg

from adapters.postgres.proxy_rows import proxy_from_row
from adapters.postgres.stored_json import load
from adapters.postgres.transaction import Transaction
from application.ports.session_leases import Charge, SessionLeases
from domain.ids import SessionId
from domain.lease import Lease, Owner
from domain.session import AT_REST, Wanted

_CLAIM: Final = "SELECT claimed, at_epoch FROM pombo.claim_leases($1, $2, $3, $4) ORDER BY claimed"

# No key changes: a fenced commit, which keeps the row's key, isn't waited for.
_RENEW: Final = """
UPDATE pombo.session_leases AS lease SET expires_at = clock_timestamp() + $4
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS held (session_id, owner, epoch)
WHERE lease.session_id = held.session_id AND lease.owner = held.owner AND lease.epoch = held.epoch
    AND lease.expires_at > clock_timestamp()
RETURNING lease.session_id
"""
_RELEASE: Final = """
UPDATE pombo.session_leases AS lease SET owner = NULL
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS held (session_id, owner, epoch)
WHERE lease.session_id = held.session_id AND lease.owner = held.owner AND lease.epoch = held.epoch
"""
_CHARGES: Final = """
SELECT id AS session_id, wanted, proxy, epoch, owner, node
FROM pombo.sessions LEFT JOIN pombo.session_leases
    ON session_id = id AND owner IS NOT NULL AND expires_at > clock_timestamp()
WHERE owner IS NOT NULL OR wanted = $1 OR status <> ALL ($2)
ORDER BY id
"""
_FIND: Final = """
SELECT session_id, epoch, owner, node FROM pombo.session_leases
WHERE session_id = $1 AND owner IS NOT NULL AND expires_at > clock_timestamp()
"""
_EPOCHS: Final = "SELECT session_id, epoch FROM pombo.session_leases WHERE session_id = ANY ($1) AND epoch > 0"


class PostgresSessionLeases(SessionLeases):
    """Leases within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def claim(self, session_ids: Collection[SessionId], owner: Owner, *, ttl: timedelta) -> Sequence[Lease]:
        rows = await self._transaction.write(_CLAIM, list(session_ids), owner.life, owner.node, ttl)
        return tuple(Lease(session_id=row["claimed"], owner=owner, epoch=row["at_epoch"]) for row in rows)

    @override
    async def renew(self, leases: Collection[Lease], *, ttl: timedelta) -> Sequence[Lease]:
        rows = await self._transaction.write(_RENEW, *_columns(leases), ttl)
        renewed = {row["session_id"] for row in rows}
        return tuple(lease for lease in leases if lease.session_id in renewed)

    @override
    async def release(self, leases: Collection[Lease]) -> None:
        await self._transaction.write(_RELEASE, *_columns(leases))

    @override
    async def charges(self) -> Sequence[Charge]:
        rows = await self._transaction.read(_CHARGES, Wanted.RUNNING.value, [status.value for status in AT_REST])
        return tuple(
            Charge(
                session_id=SessionId(row["session_id"]),
                wanted=Wanted(row["wanted"]),
                lease=None if row["owner"] is None else _lease(row),
                proxy=proxy_from_row(load(row["proxy"])),
            )
            for row in rows
        )

    @override
    async def find(self, session_id: SessionId) -> Lease | None:
        rows = await self._transaction.read(_FIND, session_id)
        return _lease(rows[0]) if rows else None

    @override
    async def epochs(self, session_ids: Collection[SessionId]) -> Mapping[SessionId, int]:
        rows = await self._transaction.read(_EPOCHS, list(session_ids))
        return {SessionId(row["session_id"]): row["epoch"] for row in rows}


def _columns(leases: Collection[Lease]) -> tuple[list[str], list[str], list[int]]:
    # In one order for all: two who change several rows don't wait for each other in a circle.
    ordered = sorted(leases, key=lambda lease: lease.session_id)
    return (
        [lease.session_id for lease in ordered],
        [lease.owner.life for lease in ordered],
        [lease.epoch for lease in ordered],
    )


def _lease(row: asyncpg.Record) -> Lease:
    return Lease(
        session_id=SessionId(row["session_id"]),
        owner=Owner(node=row["node"], life=row["owner"]),
        epoch=row["epoch"],
    )
