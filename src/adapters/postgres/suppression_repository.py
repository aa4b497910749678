"""Opt-outs in PostgreSQL."""

from collections.abc import Collection, Sequence
from typing import Final, override

import asyncpg

from adapters.postgres.stored_json import dump_optional, load
from adapters.postgres.transaction import Transaction
from application.ports.suppression_repository import SuppressionRepository
from domain.ids import MessageId, SessionId
from domain.jid import Jid
from domain.suppression import Suppression, SuppressionSource

_COLUMNS: Final = "address, source, note, message_id, created_at"

# Who adds a person's by two addresses at once adds two, and both are removed together.
_ADD: Final = f"""
INSERT INTO pombo.suppressions (session_id, {_COLUMNS})
SELECT $1, $2, $3, $4, $5, $6
WHERE NOT EXISTS (
    SELECT FROM pombo.suppressions WHERE session_id = $1 AND address = ANY (pombo.addresses_with($1, $2))
)
ON CONFLICT (session_id, address) DO NOTHING
RETURNING address
"""  # noqa: S608 - of constants
_FIND: Final = f"""
SELECT {_COLUMNS} FROM pombo.suppressions
WHERE session_id = $1 AND address = ANY (pombo.addresses_with($1, $2)) ORDER BY created_at, address LIMIT 1
"""  # noqa: S608 - of constants
_REMOVE: Final = f"""
WITH removed AS (
    DELETE FROM pombo.suppressions WHERE session_id = $1 AND address = ANY (pombo.addresses_with($1, $2))
    RETURNING {_COLUMNS}
)
SELECT {_COLUMNS} FROM removed ORDER BY created_at, address LIMIT 1
"""  # noqa: S608 - of constants
_LIST: Final = f"""
SELECT {_COLUMNS} FROM pombo.suppressions WHERE session_id = $1 AND address > $2 ORDER BY address LIMIT $3
"""  # noqa: S608 - of constants

# By the first half alone where nobody's other address is known: each is a look at an index.
_AMONG: Final = """
SELECT given FROM unnest($2::text[]) AS given
WHERE EXISTS (SELECT FROM pombo.suppressions WHERE session_id = $1 AND address = given)
    OR EXISTS (
        SELECT FROM pombo.person_addresses AS this
        JOIN pombo.person_addresses AS other ON other.session_id = this.session_id AND other.person = this.person
        JOIN pombo.suppressions AS kept ON kept.session_id = other.session_id AND kept.address = other.address
        WHERE this.session_id = $1 AND this.address = given
    )
"""


class PostgresSuppressionRepository(SuppressionRepository):
    """Opt-outs within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def add(self, session_id: SessionId, suppression: Suppression) -> bool:
        return bool(
            await self._transaction.write(
                _ADD,
                session_id,
                str(suppression.address),
                suppression.source.value,
                dump_optional(suppression.note),
                suppression.message_id,
                suppression.created_at,
            )
        )

    @override
    async def find(self, session_id: SessionId, address: Jid) -> Suppression | None:
        return _first(await self._transaction.read(_FIND, session_id, str(address)))

    @override
    async def remove(self, session_id: SessionId, address: Jid) -> Suppression | None:
        return _first(await self._transaction.write(_REMOVE, session_id, str(address)))

    @override
    async def list(self, session_id: SessionId, *, after: Jid | None, limit: int) -> Sequence[Suppression]:
        behind = "" if after is None else str(after)
        return tuple(map(_suppression, await self._transaction.read(_LIST, session_id, behind, limit)))

    @override
    async def among(self, session_id: SessionId, addresses: Collection[Jid]) -> frozenset[Jid]:
        people = [str(address) for address in addresses if address.is_user]
        if not people:
            return frozenset()
        rows = await self._transaction.read(_AMONG, session_id, people)
        return frozenset(Jid.parse(row["given"]) for row in rows)


def _first(rows: Sequence[asyncpg.Record]) -> Suppression | None:
    return _suppression(rows[0]) if rows else None


def _suppression(row: asyncpg.Record) -> Suppression:
    return Suppression(
        address=Jid.parse(row["address"]),
        source=SuppressionSource(row["source"]),
        created_at=row["created_at"],
        note=load(row["note"]),
        message_id=None if row["message_id"] is None else MessageId(row["message_id"]),
    )
